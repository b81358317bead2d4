import { describe, expect, it } from "vitest";
import { Machine, type BuildName, type MachineOptions } from "../../src/index.ts";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import { PERF_RAM, perfCases, perfKinds, perfLines, replayPerf } from "./goldenPerfRegs.ts";

/** What was recorded of performance events on a real kernel, replayed on every build. */

const STEPS = 12_852;

async function expectAllToPass(
  build: BuildName,
  emulation: EmulationOptions = {},
): Promise<Machine> {
  const options: MachineOptions = { build, memory: PERF_RAM, kernel: "6.18" };
  const machine = await Machine.create(options);
  const report = replayPerf(machine, perfKinds.flatMap(perfLines), emulation);
  const { failures, kinds, steps } = report;
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(perfCases);
  expect(steps).toBe(STEPS);
  return machine;
}

describe("all recordings of performance events", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      await expectAllToPass(build);
    },
  );

  it.each([
    { switchEvery: 1, least: 10_000 },
    { switchEvery: 7, least: 1_000 },
  ])(
    "on the study build, really left at every yield point: $switchEvery",
    async ({ switchEvery, least }) => {
      const machine = await expectAllToPass("study", { switchEvery });
      expect(machine.core.fibers!.switches).toBeGreaterThan(least);
    },
  );
});
