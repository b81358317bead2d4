import { describe, expect, it } from "vitest";
import { buildNames, type BuildName } from "../../../src/index.ts";
import { expectDocumented } from "../documented.ts";
import { ownRemoteRecordings, remoteRecordings } from "./recordings.ts";

/** What was recorded of remote memory access on a real kernel, replayed on every build. */

describe("all recordings of remote memory access", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      await remoteRecordings.expectAllToPass(build);
    },
  );

  it.each([
    ["release", "fast-v2"],
    ["release", "fast-v3-sketch"],
    ["threads", "fast-v2"],
    ["profile", "fast-v3-sketch"],
    ["study", "fast-v2"],
  ] as const)("on the %s build by the path %s, without a difference", async (build, remotePath) => {
    const { report } = await remoteRecordings.expectAllToPass(build, { remotePath });
    const { diverged, remoteBytes } = report;
    expect(diverged).toEqual([]);
    expect(remoteBytes.fast).toBeGreaterThan(4_000_000);
  });

  it.each(["release", "threads", "profile", "study"] satisfies BuildName[])(
    "on the %s build by the path fast-v1, but where two claims say otherwise",
    async (build) => {
      const { report } = await remoteRecordings.expectAllToPass(build, { remotePath: "fast-v1" });
      const { diverged, remoteBytes } = report;
      const steps = (wanted: string): number =>
        diverged.filter(({ claim }) => claim === wanted).length;
      expect([steps("D1"), steps("D2")]).toEqual([191, 2]);
      expect(new Set(diverged.map(({ id }) => id)).size).toBe(181);
      expectDocumented("replay test/golden/remote-vm --path fast-v1", report);
      expect(remoteBytes.fast).toBeGreaterThan(4_000_000);
    },
  );

  it.each([0, 1, 7])(
    "on the study build, really switching at every yield point: %i",
    async (switchEvery) => {
      await remoteRecordings.expectAllToPass("study", { switchEvery });
    },
  );
});

describe("recordings of our own", () => {
  it.each(buildNames)("on the %s build", async (build) => {
    await ownRemoteRecordings.expectAllToPass(build);
  });

  it.each(["fast-v2", "fast-v3-sketch"] as const)("by the path %s", async (remotePath) => {
    const { report } = await ownRemoteRecordings.expectAllToPass("release", { remotePath });
    expect(report.diverged).toEqual([]);
  });

  it("by the path fast-v1, which differs where D1 and D2 say", async () => {
    const { report } = await ownRemoteRecordings.expectAllToPass("release", {
      remotePath: "fast-v1",
    });
    expect(new Set(report.diverged.map(({ claim }) => claim))).toEqual(new Set(["D1", "D2"]));
  });
});
