import { describe, it } from "vitest";
import type { BuildName } from "../../../src/index.ts";
import { expectDocumented } from "../documented.ts";
import { pcmRecordings } from "./recordings.ts";

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
