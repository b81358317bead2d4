import { describe, expect, it } from "vitest";
import { Machine, type BuildName } from "../../src/index.ts";
import {
  VIRTIO_RAM,
  replayVirtio,
  virtioCases,
  virtioKinds,
  virtioLines,
} from "./goldenVirtioSnd.ts";

/** What was recorded of the drivers of 6.1 and 6.12, replayed: every ring, log entry and pointer. */

const STEPS = 34_884;

describe("all recordings of virtio-snd", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      const machine = await Machine.create({ build, memory: VIRTIO_RAM });
      const { failures, kinds, steps } = replayVirtio(machine, virtioKinds.flatMap(virtioLines));
      expect(failures).toEqual([]);
      expect(
        Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
      ).toEqual(virtioCases);
      expect(steps).toBe(STEPS);
    },
  );
});
