import { describe, expect, it } from "vitest";
import { Machine, type BuildName } from "../../src/index.ts";
import type { EmulationOptions } from "../../src/conformance/systems.ts";
import {
  VIRTIO_RAM,
  replayVirtio,
  virtioCases,
  virtioKinds,
  virtioLines,
} from "./goldenVirtioSnd.ts";

/** What was recorded of the drivers of 6.1 and 6.12, replayed on every build: every ring, log entry and pointer. */

const STEPS = 34_884;

async function expectAllToPass(
  build: BuildName,
  emulation: EmulationOptions = {},
): Promise<Machine> {
  const machine = await Machine.create({ build, memory: VIRTIO_RAM });
  const report = replayVirtio(machine, virtioKinds.flatMap(virtioLines), emulation);
  const { failures, kinds, steps } = report;
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(virtioCases);
  expect(steps).toBe(STEPS);
  return machine;
}

describe("all recordings of virtio-snd", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      await expectAllToPass(build);
    },
  );

  it("on the study build, really left at every seventh yield point", async () => {
    const machine = await expectAllToPass("study", { switchEvery: 7 });
    expect(machine.core.fibers!.switches).toBeGreaterThan(10_000);
  });
});
