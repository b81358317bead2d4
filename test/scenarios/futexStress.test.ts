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

it("says which thread an error has ended, where others would wait for it", async () => {
  const layouts = ["same-line"] as const;
  for (const kills of [0, 1]) {
    const options = { ...common, start: startIgnorantThreads, layouts, operations: 100, kills };
    await expect(runFutexStress({ ...options, works: ["robust"] })).rejects.toThrow(
      /the thread that is CPU [123] was ended by an error: TypeError/,
    );
  }
});
