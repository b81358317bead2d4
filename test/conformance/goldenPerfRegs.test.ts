import { describe, expect, it } from "vitest";
import { Machine, type BuildName, type MachineOptions } from "../../src/index.ts";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import { PERF_RAM, perfCases, perfKinds, perfLines, replayPerf } from "./goldenPerfRegs.ts";

/** What was recorded of performance events on a real kernel, replayed on every build. */

async function expectAllToPass(build: BuildName, emulation: EmulationOptions = {}): Promise<void> {
  const options: MachineOptions = { build, memory: PERF_RAM, kernel: "6.18" };
  const machine = await Machine.create(options);
  const { failures, kinds } = replayPerf(machine, perfKinds.flatMap(perfLines), emulation);
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(perfCases);
}

describe("all recordings of performance events", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])("on the %s build", (build) =>
    expectAllToPass(build),
  );

  it.each([0, 1, 7])("on the study build, really switching at every yield point: %i", (every) =>
    expectAllToPass("study", { switchEvery: every }),
  );
});
