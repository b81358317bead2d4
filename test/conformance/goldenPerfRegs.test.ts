import { describe, expect, it } from "vitest";
import { Machine, type BuildName, type MachineOptions } from "../../src/index.ts";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import {
  PERF_RAM,
  perfCases,
  perfKinds,
  perfLines,
  replayPerf,
  type PerfKind,
} from "./goldenPerfRegs.ts";

/** What was recorded of performance events on a real kernel, replayed on every build. */

async function expectToPass(
  build: BuildName,
  chosen: readonly PerfKind[],
  emulation: EmulationOptions = {},
): Promise<Machine> {
  const options: MachineOptions = { build, memory: PERF_RAM, kernel: "6.18" };
  const machine = await Machine.create(options);
  const { failures, kinds } = replayPerf(machine, chosen.flatMap(perfLines), emulation);
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(Object.fromEntries(chosen.map((kind) => [kind, perfCases[kind]])));
  return machine;
}

describe("all recordings of performance events", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])("on the %s build", (build) =>
    expectToPass(build, perfKinds),
  );
});

/** Kinds in which samples read user memory by every path. */
const readingKinds: readonly PerfKind[] = ["break", "chain", "elf32", "limit", "stack", "task"];

describe("on the study build, recordings that read user memory", () => {
  it("really left at every seventh yield point", async () => {
    const machine = await expectToPass("study", readingKinds, { switchEvery: 7 });
    expect(machine.core.fibers!.switches).toBeGreaterThan(100);
  });
});
