import { describe, expect, it } from "vitest";
import { buildNames, type BuildName } from "../../../src/index.ts";
import { expectDocumented } from "../documented.ts";
import { ownVirtioRecordings, virtioRecordings } from "./recordings.ts";

/** What was recorded of the drivers of 6.1 and 6.12, replayed on every build: every ring, log entry and pointer. */

describe("all recordings of virtio-snd", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      const { report } = await virtioRecordings.expectAllToPass(build);
      expectDocumented("replay test/golden/virtio-snd", report);
    },
  );

  it("on the study build, really left at every seventh yield point", async () => {
    const { machine } = await virtioRecordings.expectAllToPass("study", { switchEvery: 7 });
    expect(machine.core.fibers!.switches).toBeGreaterThan(10_000);
  });
});

describe("recordings of our own", () => {
  it.each(buildNames)("on the %s build", async (build) => {
    await ownVirtioRecordings.expectAllToPass(build);
  });
});
