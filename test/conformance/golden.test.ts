import { describe, expect, it } from "vitest";
import { Machine, type BuildName } from "../../src/index.ts";
import {
  RECORDED_KERNEL,
  REPLAY_RAM,
  goldenCases,
  goldenKinds,
  linesOf,
  replayLines,
} from "./golden.ts";

/** What was recorded on a real kernel, replayed on the builds without fibers; golden.study.test.ts has the one with. */

const STEPS = 91_434;

describe("all PCM recordings", () => {
  it.each(["release", "threads", "profile"] satisfies BuildName[])(
    "on the %s build",
    async (build) => {
      const machine = await Machine.create({ build, memory: REPLAY_RAM, kernel: RECORDED_KERNEL });
      const { failures, kinds, steps } = replayLines(machine, linesOf(goldenKinds));
      expect(failures).toEqual([]);
      expect(
        Object.fromEntries(Object.entries(kinds).map(([kind, { passed }]) => [kind, passed])),
      ).toEqual(goldenCases);
      expect(steps).toBe(STEPS);
    },
  );
});
