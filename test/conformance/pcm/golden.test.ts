import { describe, it } from "vitest";
import { buildNames, type BuildName } from "../../../src/index.ts";
import { expectDocumented } from "../documented.ts";
import { ownPcmRecordings, pcmRecordings } from "./recordings.ts";

/** What was recorded on a real kernel, replayed on the builds without fibers; goldenStudy.test.ts has the one with. */

describe("all PCM recordings", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      const { report } = await pcmRecordings.expectAllToPass(build);
      expectDocumented("replay test/golden/pcm", report);
    },
  );
});

describe("recordings of our own", () => {
  it.each(buildNames)("on the %s build", async (build) => {
    await ownPcmRecordings.expectAllToPass(build);
  });
});
