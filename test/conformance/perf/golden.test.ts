import { describe, expect, it } from "vitest";
import { buildNames, type BuildName } from "../../../src/index.ts";
import { expectDocumented } from "../documented.ts";
import { ownPerfRecordings, perfRecordings } from "./recordings.ts";

/** What was recorded of performance events on a real kernel, replayed on every build. */

describe("all recordings of performance events", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      const { report } = await perfRecordings.expectAllToPass(build);
      expectDocumented("replay test/golden/perf-regs", report);
    },
  );

  it.each([
    { switchEvery: 1, least: 10_000 },
    { switchEvery: 7, least: 1_000 },
  ])(
    "on the study build, really left at every yield point: $switchEvery",
    async ({ switchEvery, least }) => {
      const { machine } = await perfRecordings.expectAllToPass("study", { switchEvery });
      expect(machine.core.fibers!.switches).toBeGreaterThan(least);
    },
  );
});

describe("recordings of our own", () => {
  it.each(buildNames)("on the %s build", async (build) => {
    await ownPerfRecordings.expectAllToPass(build);
  });
});
