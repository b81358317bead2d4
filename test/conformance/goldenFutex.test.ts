import { describe, expect, it } from "vitest";
import { Machine, type BuildName, type MachineOptions } from "../../src/index.ts";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import { FUTEX_RAM, futexCases, futexKinds, futexLines, replayFutex } from "./goldenFutex.ts";

/** What was recorded of the futex on a real kernel, replayed on every build. */

const STEPS = 16_789;

async function expectAllToPass(build: BuildName, emulation: EmulationOptions = {}): Promise<void> {
  const options: MachineOptions = { build, memory: FUTEX_RAM, kernel: "6.18" };
  const machine = await Machine.create(options);
  const { failures, kinds, steps } = replayFutex(
    machine,
    futexKinds.flatMap(futexLines),
    emulation,
  );
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(futexCases);
  expect(steps).toBe(STEPS);
}

describe("all recordings of the futex", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])("on the %s build", (build) =>
    expectAllToPass(build),
  );

  it.each([0, 1, 7])("on the study build, really switching at every yield point: %i", (every) =>
    expectAllToPass("study", { switchEvery: every }),
  );
});
