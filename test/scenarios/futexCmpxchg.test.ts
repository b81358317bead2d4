import { describe, expect, test } from "vitest";
import {
  archNames,
  compareFutexCmpxchg,
  costProfile,
  runFutexCmpxchg,
  wordPageNames,
} from "../../src/index.ts";

/** The scenario futex-cmpxchg: the exchange, and what the kernel does until it is executed. */

const EAGAIN = 11;
const EFAULT = 14;
const EXCHANGE = "futex_atomic_cmpxchg_inatomic";
const REPAIR = "fault_in_user_writeable";

describe("run", () => {
  test.each(archNames)("on %s a match is stored, in one step", async (arch) => {
    const run = await runFutexCmpxchg({ arch });
    expect(run).toMatchObject({ arch, result: 0, matched: true, word: 9, findings: [] });
    expect(run.steps).toMatchObject([{ call: EXCHANGE, result: 0, seen: 7, word: 9, faults: 0 }]);
    expect(run.cost?.instructions === null).toBe(costProfile(arch).weights === null);
  });

  test("another value than expected is seen, and stays", async () => {
    const run = await runFutexCmpxchg({ value: 0xffff_ffff, expected: 7 });
    expect(run).toMatchObject({ result: 0, matched: false, word: 0xffff_ffff });
    expect(run.steps).toMatchObject([{ call: EXCHANGE, result: 0, seen: 0xffff_ffff }]);
  });

  test("an absent page: fault, repair, and again", async () => {
    const run = await runFutexCmpxchg({ page: "absent" });
    expect(run).toMatchObject({ result: 0, matched: true, word: 9 });
    expect(run.steps).toMatchObject([
      { call: EXCHANGE, result: -EFAULT, seen: null, word: null, guardOpens: 1, faults: 1 },
      { call: REPAIR, result: 0, word: 0, guardOpens: 0 },
      { call: EXCHANGE, result: 0, seen: 0, word: 9, guardOpens: 1, faults: 0 },
    ]);
  });

  test.each(["read-only", "no-access", "unmapped"] as const)(
    "a page that is %s cannot be repaired",
    async (page) => {
      const run = await runFutexCmpxchg({ page });
      expect(run).toMatchObject({ result: -EFAULT, matched: false, cost: null });
      expect(run.steps.map(({ call }) => call)).toEqual([EXCHANGE, REPAIR]);
    },
  );

  test.each([
    ["arm64-pan", 127, [0]],
    ["arm64-pan", 128, [-EAGAIN, 0, 0]],
    ["arm64-ttbr0", 300, [-EAGAIN, 0, -EAGAIN, 0, 0]],
    ["riscv64", 300, [0]],
    ["x86-64", 300, [0]],
  ] as const)("on %s, %i lost reservations", async (arch, lost, results) => {
    const run = await runFutexCmpxchg({ arch, lost });
    expect(run.steps.map(({ result }) => result)).toEqual(results);
    expect(run).toMatchObject({ matched: true, word: 9 });
  });

  test("a page without a content takes no value", async () => {
    const run = runFutexCmpxchg({ page: "absent", value: 1 });
    await expect(run).rejects.toThrow(/value is given for a page that is absent/);
  });
});

test("compare has a row for each page, one under contention, and what one costs", async () => {
  const archs = ["x86-64", "arm64-pan"] as const;
  const { rows, costs } = await compareFutexCmpxchg({ archs });
  const contended = rows.filter(({ lost }) => lost > 0);
  expect(contended.map(({ arch, exchanges }) => [arch, exchanges])).toEqual([
    ["x86-64", 1],
    ["arm64-pan", 2],
  ]);
  for (const arch of archs) {
    const pages = rows.filter((row) => row.arch === arch && row.lost === 0);
    expect(pages.map(({ page }) => page)).toEqual(wordPageNames);
  }
  expect(costs.map(({ arch }) => arch)).toEqual(archs);
  expect(costs.every(({ guardOpens, nsPerCall }) => guardOpens === 1 && nsPerCall > 0)).toBe(true);
});
