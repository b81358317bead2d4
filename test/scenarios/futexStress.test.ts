import { describe, expect, it } from "vitest";
import {
  runFutexStress,
  stressLayoutNames,
  stressWorkNames,
} from "../../src/scenarios/futexStress.ts";
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

it("threads that die at work leave their lock to others, who finish", async () => {
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
  for (const row of run.rows) expect(row.operations).toBeGreaterThanOrEqual(operations / 20 / 3);
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
    const run = await runFutexStress({ ...dying, operations: 400_000, works: ["pi"] });
    expect(run).toMatchObject({ lost: 0, wakesLost: 0, findings: [] });
    const [row] = run.rows;
    if (row!.abandoned !== null) expect(row!.abandoned).toMatchObject({ cpu: 1 });
    else expect(row!.operations).toBeGreaterThanOrEqual(400_000 / 10 / 3);
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

it("says which thread an error has ended, where others would wait for it", async () => {
  const layouts = ["same-line"] as const;
  for (const kills of [0, 1]) {
    const options = { ...common, start: startIgnorantThreads, layouts, operations: 100, kills };
    await expect(runFutexStress({ ...options, works: ["robust"] })).rejects.toThrow(
      /the thread that is CPU [123] was ended by an error: TypeError/,
    );
  }
});
