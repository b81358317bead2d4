import { describe, it } from "vitest";
import { buildNames, type BuildName } from "../../../src/index.ts";
import { expectDocumented } from "../documented.ts";
import { ownFutexRecordings, futexRecordings } from "./recordings.ts";

/** What was recorded of the futex on a real kernel, replayed on every build. */

describe("all recordings of the futex", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      const { report } = await futexRecordings.expectAllToPass(build);
      expectDocumented("replay test/golden/futex", report);
    },
  );

  it.each([0, 1, 7])(
    "on the study build, really switching at every yield point: %i",
    async (switchEvery) => {
      await futexRecordings.expectAllToPass("study", { switchEvery });
    },
  );
});

describe("recordings of our own", () => {
  it.each(buildNames)("on the %s build", async (build) => {
    await ownFutexRecordings.expectAllToPass(build);
  });
});
