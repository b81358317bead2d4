import { describe, expect, it } from "vitest";
import { Machine, type BuildName } from "../../src/index.ts";
import type { ReplayReport } from "../../src/conformance/report.ts";
import {
  VIRTIO_RAM,
  replayVirtio,
  virtioCases,
  virtioKinds,
  virtioLines,
  type VirtioKind,
} from "./goldenVirtioSnd.ts";

/** What was recorded of the drivers of 6.1 and 6.12, replayed: every ring, log entry and pointer. */

const STEPS = 34_884;

function expectPassed({ failures, kinds }: ReplayReport, chosen: readonly VirtioKind[]): void {
  expect(failures).toEqual([]);
  expect(
    Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
  ).toEqual(Object.fromEntries(chosen.map((kind) => [kind, virtioCases[kind]])));
}

describe("all recordings of virtio-snd", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      const machine = await Machine.create({ build, memory: VIRTIO_RAM });
      const report = replayVirtio(machine, virtioKinds.flatMap(virtioLines));
      expectPassed(report, virtioKinds);
      expect(report.steps).toBe(STEPS);
    },
  );
});

/** Kinds in which calls sleep, move data or meet a late device. */
const movingKinds: readonly VirtioKind[] = ["blocking", "control", "mmap", "playback", "wrap"];

describe("on the study build, recordings of calls that move data or sleep", () => {
  it("really left at every seventh yield point", async () => {
    const machine = await Machine.create({ build: "study", memory: VIRTIO_RAM });
    const report = replayVirtio(machine, movingKinds.flatMap(virtioLines), { switchEvery: 7 });
    expectPassed(report, movingKinds);
    expect(machine.core.fibers!.switches).toBeGreaterThan(100);
  });
});
