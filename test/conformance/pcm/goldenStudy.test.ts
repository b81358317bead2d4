import { describe, expect, it } from "vitest";
import { pcmRecordings } from "./recordings.ts";

/** The recordings on the study build: every call is a fiber, which every k-th yield point really leaves. */

describe("all PCM recordings on the study build", () => {
  it.each([
    { switchEvery: 1, least: 100_000 },
    { switchEvery: 7, least: 10_000 },
  ])("left at yield points, every $switchEvery of them", async ({ switchEvery, least }) => {
    const { machine } = await pcmRecordings.expectAllToPass("study", { switchEvery });
    expect(machine.core.fibers!.switches).toBeGreaterThan(least);
  });

  it("never left, if so asked", async () => {
    const machine = await pcmRecordings.createMachine({ build: "study" });
    const lines = pcmRecordings.lines("sync_ptr_wrap");
    const { failures } = pcmRecordings.replay(machine, lines, { switchEvery: 0 });
    expect([failures, machine.core.fibers!.switches]).toEqual([[], 0]);
  });
});
