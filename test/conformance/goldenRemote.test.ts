import { describe, expect, it } from "vitest";
import { Machine, type BuildName, type MachineOptions } from "../../src/index.ts";
import type { ReplayReport } from "../../src/conformance/report.ts";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import { REMOTE_RAM, remoteCases, remoteKinds, remoteLines, replayRemote } from "./goldenRemote.ts";

/** What was recorded of remote memory access on a real kernel, replayed on every build. */

const STEPS = 10_850;

async function expectAllToPass(
  build: BuildName,
  emulation: EmulationOptions = {},
): Promise<ReplayReport> {
  const options: MachineOptions = { build, memory: REMOTE_RAM, kernel: "6.18" };
  const machine = await Machine.create(options);
  const report = replayRemote(machine, remoteKinds.flatMap(remoteLines), emulation);
  const { failures, kinds, steps } = report;
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(remoteCases);
  expect(steps).toBe(STEPS);
  return report;
}

describe("all recordings of remote memory access", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      await expectAllToPass(build);
    },
  );

  it.each([
    ["release", "fast-v2"],
    ["release", "fast-v3-sketch"],
    ["threads", "fast-v2"],
    ["profile", "fast-v3-sketch"],
    ["study", "fast-v2"],
  ] as const)("on the %s build by the path %s, without a difference", async (build, remotePath) => {
    const { diverged, remoteBytes } = await expectAllToPass(build, { remotePath });
    expect(diverged).toEqual([]);
    expect(remoteBytes.fast).toBeGreaterThan(4_000_000);
  });

  it.each(["release", "threads", "profile", "study"] satisfies BuildName[])(
    "on the %s build by the path fast-v1, but where two claims say otherwise",
    async (build) => {
      const { diverged, remoteBytes } = await expectAllToPass(build, { remotePath: "fast-v1" });
      const steps = (wanted: string): number =>
        diverged.filter(({ claim }) => claim === wanted).length;
      expect([steps("D1"), steps("D2")]).toEqual([191, 2]);
      expect(remoteBytes.fast).toBeGreaterThan(4_000_000);
    },
  );

  it.each([0, 1, 7])(
    "on the study build, really switching at every yield point: %i",
    async (every) => {
      await expectAllToPass("study", { switchEvery: every });
    },
  );
});
