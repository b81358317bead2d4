import { describe, expect, it } from "vitest";
import { Machine } from "../../src/index.ts";
import {
  RECORDED_KERNEL,
  REPLAY_RAM,
  goldenCases,
  goldenKinds,
  linesOf,
  replayLines,
} from "./golden.ts";

/** The recordings on the study build: every call is a fiber, which every k-th yield point really leaves. */

async function replayed(
  switchEvery: number,
  kinds = goldenKinds,
): Promise<{ passed: object; failures: readonly object[]; switches: number }> {
  const machine = await Machine.create({
    build: "study",
    memory: REPLAY_RAM,
    kernel: RECORDED_KERNEL,
  });
  const report = replayLines(machine, linesOf(kinds), { switchEvery });
  const passed = Object.fromEntries(
    Object.entries(report.kinds).map(([kind, count]) => [kind, count.passed]),
  );
  return { passed, failures: report.failures, switches: machine.core.fibers!.switches };
}

describe("all PCM recordings on the study build", () => {
  it.each([
    { switchEvery: 1, least: 100_000 },
    { switchEvery: 7, least: 10_000 },
  ])("left at yield points, every $switchEvery of them", async ({ switchEvery, least }) => {
    const { passed, failures, switches } = await replayed(switchEvery);
    expect(failures).toEqual([]);
    expect(passed).toEqual(goldenCases);
    expect(switches).toBeGreaterThan(least);
  });

  it("never left, if so asked", async () => {
    const { failures, switches } = await replayed(0, ["sync_ptr_wrap"]);
    expect([failures, switches]).toEqual([[], 0]);
  });
});
