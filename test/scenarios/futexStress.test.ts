import { describe, expect, it, vi } from "vitest";
import {
  runFutexStress,
  stressLayoutNames,
  stressLayouts,
  stressWorkNames,
} from "../../src/scenarios/futexStress.ts";
import { errnos } from "../../src/base/errno.ts";
import type { Machine } from "../../src/index.ts";
import type { CpuThreads } from "../../src/threads/cpuThreads.ts";
import { coreConstants } from "../../src/core/generated/coreConstants.ts";
import { futexStressText } from "../../src/report/futexStress.ts";
import type { AbandonedWord } from "../../src/scenarios/futexStressDeaths.ts";
import { startIgnorantThreads, startThreads } from "../support/cpuThreads.ts";

/** Real threads on futex words: nothing they did may be missing, and nobody may sleep for ever. */

const common = { workers: 3, kills: 0, start: startThreads } as const;

describe.each(stressLayoutNames)("%s", (layout) => {
  it("loses no operation and no wake, whatever the threads do", async () => {
    const run = await runFutexStress({
      ...common,
      operations: 60_000,
      layouts: [layout],
      works: stressWorkNames,
    });
    expect(run).toMatchObject({ lost: 0, wakesLost: 0, findings: [] });
    expect(run.rows.map(({ work, operations }) => [work, operations])).toEqual([
      ["cmpxchg32", 60_000],
      ["cmpxchg64", 15_000],
      ["mutex", 6_000],
      ["pi", 6_000],
      ["handoff", 600],
      ["robust", 3_000],
    ]);
  });
});

it("threads that die at work leave their lock to others, who finish unless a wake died with them", async () => {
  const operations = 1_200_000;
  const run = await runFutexStress({
    ...common,
    kills: 2,
    operations,
    layouts: stressLayoutNames,
    works: ["robust"],
  });
  expect(run).toMatchObject({ lost: 0, wakesLost: 0, findings: [] });
  const killed = run.rows.filter((row) => row.killed > 0);
  expect(killed.length).toBeGreaterThan(0);
  for (const { abandoned, operations: done } of run.rows) {
    if (abandoned === null) expect(done).toBeGreaterThanOrEqual(operations / 20 / 3);
    else expectWakeOfDead(abandoned);
  }
});

/**
 * One died that had been woken, when another had been faster and knew of no sleepers: the exit finds the lock held and
 * wakes nobody, nor does who leaves it; nor the exit of that one, where it is the second to die.
 */
function expectWakeOfDead({ cpu, address, value }: AbandonedWord): void {
  const words = Object.values(stressLayouts).map(({ word }) => 0x4000_0000 + word);
  expect([1, 2]).toContain(cpu);
  expect(words).toContain(address);
  expect([0, coreConstants.FUTEX_OWNER_DIED]).toContain(value);
}

it.each([
  ["robust", 0, "it is free, but the wake of those who sleep died with it"],
  ["robust", coreConstants.FUTEX_OWNER_DIED, "it is free, but the wake of those who sleep died"],
  ["mutex", 0, "it is free, but the wake of those who sleep died with it"],
  ["mutex", 2, "nobody can take that from the dead"],
  ["handoff", 0, "nobody can take that from the dead"],
] as const)("a %s left as %i is told as what it is", (work, value, told) => {
  const row = {
    layout: "same-line",
    work,
    operations: 0,
    lost: 0,
    wakesLost: 0,
    killed: 1,
  } as const;
  const rows = [{ ...row, abandoned: { cpu: 1, address: 0x4000_0000, value } }];
  const counts = { workers: 3, operations: 0, lost: 0, wakesLost: 0, findings: [] };
  const text = futexStressText({ schemaVersion: 1, scenario: "futex-stress", rows, ...counts });
  expect(text).toContain(told);
});

describe("a thread that dies at work", () => {
  const dying = { ...common, kills: 1, operations: 40_000_000, layouts: ["same-line"] } as const;

  it("leaves a word that it only increments to others, whatever it was in the middle of", async () => {
    const works = ["cmpxchg32", "cmpxchg64"] as const;
    const layouts = ["straddling-pages"] as const;
    const run = await runFutexStress({ ...dying, operations: 600_000, layouts, works });
    expect(run).toMatchObject({ lost: 0, wakesLost: 0, findings: [] });
    for (const row of run.rows) expect(row.abandoned).toBeNull();
  });

  it("leaves a PI lock to who waits for it, or makes it known as one of the dead", async () => {
    const operations = 4_000_000;
    const run = await runFutexStress({ ...dying, operations, works: ["pi"] });
    expect(run).toMatchObject({ lost: 0, wakesLost: 0, findings: [] });
    const [row] = run.rows;
    if (row!.abandoned !== null) expect(row!.abandoned).toMatchObject({ cpu: 1 });
    else expect(row!.operations).toBeGreaterThanOrEqual(operations / 10 / 3);
  });

  it("leaves its partner asleep, which is told by whom, and over which word", async () => {
    const run = await runFutexStress({ ...dying, workers: 2, works: ["handoff"] });
    expect(run.rows).toMatchObject([
      { killed: 1, wakesLost: 0, abandoned: { cpu: 1, address: 0x4000_0000 } },
    ]);
    expect(run.findings).toEqual([]);
  });

  it("keeps a plain mutex that it had or the wake that it owed, or lets all others finish", async () => {
    const run = await runFutexStress({ ...dying, operations: 1_000_000, works: ["mutex"] });
    expect(run).toMatchObject({ lost: 0, wakesLost: 0, findings: [] });
    const [row] = run.rows;
    if (row!.abandoned === null) expect(row!.operations).toBeGreaterThanOrEqual(1_000_000 / 10 / 3);
    else {
      expect(row!.abandoned).toMatchObject({ cpu: 1, address: 0x4000_0000 });
      // held with sleepers; or free: it died between its store and its wake, or when it had been woken and before it took it
      expect([2, 0]).toContain(row!.abandoned!.value);
    }
  });
});

describe("a thread that is refused a PI lock with EINVAL", () => {
  const operations = 1200;
  const rounds = operations / 10 / 3;
  const options = { ...common, operations, layouts: ["same-line"], works: ["pi"] } as const;

  /** CPU 3 ends so, instead of with all its rounds. */
  async function start(machine: Machine): Promise<CpuThreads> {
    const crew = await startThreads(machine);
    const last = crew.threads[2]!;
    const take = last.take.bind(last);
    vi.spyOn(last, "take").mockImplementation(() => {
      const result = take();
      return result === rounds ? -errnos.EINVAL : result;
    });
    return crew;
  }

  it("may have come when the owner was dead, and the next one had not said so in the word", async () => {
    const run = await runFutexStress({
      ...options,
      kills: 1,
      start: async (machine) => {
        const crew = await start(machine);
        // killed at once, even where it has done its work by then
        vi.spyOn(crew, "untilAtRest").mockResolvedValueOnce(false);
        vi.spyOn(crew.threads[0]!, "isAtRest", "get").mockReturnValue(false);
        return crew;
      },
    });
    expect(run.rows).toMatchObject([{ killed: 1, lost: 0, wakesLost: 0 }]);
  });

  it("has no such reason where nobody has died", async () => {
    await expect(runFutexStress({ ...options, start })).rejects.toThrow(
      /CPU 3 ended with errno 22/,
    );
  });
});

it("says which thread an error has ended, where others would wait for it", async () => {
  const layouts = ["same-line"] as const;
  for (const kills of [0, 1]) {
    const options = { ...common, start: startIgnorantThreads, layouts, operations: 100, kills };
    await expect(runFutexStress({ ...options, works: ["robust"] })).rejects.toThrow(
      /the thread that is CPU [123] was ended by an error: TypeError/,
    );
  }
});
