import { describe, expect, test } from "vitest";
import {
  archNames,
  compareFutexWakeOp,
  costProfile,
  runFutexWakeOp,
  wordPlaceNames,
  type FutexWakeOpRow,
  type FutexWakeOpRun,
} from "../../src/index.ts";

/** The scenario futex-wake-op: what the bits say, the way the call goes, and who wakes. */

const EAGAIN = 11;
const EFAULT = 14;
const EINVAL = 22;
const ENOSYS = 38;

/** "call word result", for short. */
function wayOf({ steps }: FutexWakeOpRun): string[] {
  return steps.map(({ call, word, result }) => `${call} ${word ?? "-"} ${result}`);
}

const keys = ["get_futex_key 1 0", "get_futex_key 2 0"];
const operation = (result: number): string => `futex_atomic_op_inuser 2 ${result}`;
const repair = (result: number): string => `fault_in_user_writeable 2 ${result}`;

describe("run", () => {
  test.each(archNames)("on %s nothing is in the way", async (arch) => {
    const run = await runFutexWakeOp({ arch, word: 1 });
    expect(run).toMatchObject({ result: 2, before: 1, after: 2, passed: true, findings: [] });
    expect([run.first.woken, run.second.woken]).toEqual([[1], [3]]);
    expect(wayOf(run)).toEqual([...keys, operation(1), "wake 1 1", "wake 2 1"]);
    expect(run.cost?.instructions === null).toBe(costProfile(arch).weights === null);
  });

  test("the bits are spelled out, with their signs", async () => {
    const run = await runFutexWakeOp({ operation: 0x9280_0fff });
    expect(run.operation).toEqual({
      encoded: 0x9280_0fff,
      shift: true,
      op: 1,
      opName: "add",
      cmp: 2,
      cmpName: "lt",
      oparg: -2048,
      cmparg: -1,
      operand: 1,
    });
    expect(run).toMatchObject({ before: 0, after: 1, passed: false });
  });

  test("counts: at least one each, and the second word's come from its own list", async () => {
    const all = { op: "set", cmp: "eq" } as const;
    const run = await runFutexWakeOp({ operation: all, wake: -1, wake2: 9, sleepers2: 3 });
    expect(run).toMatchObject({ result: 4, first: { woken: [1] }, second: { woken: [3, 4, 5] } });
    const alone = await runFutexWakeOp({ operation: all, sleepers: 0, wake2: 0 });
    expect(alone).toMatchObject({ result: 1, first: { asleep: [] }, second: { woken: [1] } });
  });

  test("a private word that is absent: fault, repair, and again", async () => {
    const run = await runFutexWakeOp({ place2: "absent", private: true });
    expect(wayOf(run)).toEqual([...keys, operation(-EFAULT), repair(0), operation(0), "wake 1 1"]);
    expect(run).toMatchObject({ result: 1, before: 0, after: 1, guardOpens: 2, faults: 1 });
    expect(run.cost).toBeNull();
  });

  test("a shared word that is absent is there once its key is known", async () => {
    const run = await runFutexWakeOp({ place2: "absent" });
    expect(wayOf(run)).toEqual([...keys, operation(0), "wake 1 1"]);
    expect(run.faults).toBe(0);
  });

  test.each(["read-only", "no-access", "unmapped"] as const)(
    "a word that is %s cannot be written: the private one's repair fails, the shared one has no key",
    async (place2) => {
      const own = await runFutexWakeOp({ place2, private: true });
      expect(wayOf(own)).toEqual([...keys, operation(-EFAULT), repair(-EFAULT)]);
      const shared = await runFutexWakeOp({ place2 });
      expect(wayOf(shared)).toEqual(["get_futex_key 1 0", `get_futex_key 2 ${-EFAULT}`]);
      for (const run of [own, shared]) {
        expect(run).toMatchObject({ result: -EFAULT, passed: null });
        expect([...run.first.woken, ...run.second.woken]).toEqual([]);
      }
    },
  );

  test.each([
    ["misaligned", -EINVAL],
    ["kernel", -EFAULT],
  ] as const)("an address that is %s has no key", async (place, result) => {
    const first = await runFutexWakeOp({ place, private: true });
    expect(wayOf(first)).toEqual([`get_futex_key 1 ${result}`]);
    const second = await runFutexWakeOp({ place2: place, private: true });
    expect(wayOf(second)).toEqual(["get_futex_key 1 0", `get_futex_key 2 ${result}`]);
  });

  test.each(["read-only", "no-access", "unmapped"] as const)(
    "the first word may be %s where its key needs no page",
    async (place) => {
      const own = await runFutexWakeOp({ place, private: true });
      expect(own).toMatchObject({ result: 1, after: 1, first: { woken: [1] } });
      const shared = await runFutexWakeOp({ place });
      expect(wayOf(shared)).toEqual([`get_futex_key 1 ${-EFAULT}`]);
      expect(shared.after).toBe(0);
    },
  );

  test("an unknown operation touches nothing, an unknown comparison comes after the change", async () => {
    const run = await runFutexWakeOp({ operation: { op: 5 }, place2: "unmapped", private: true });
    expect(wayOf(run)).toEqual([...keys, operation(-ENOSYS)]);
    const changed = await runFutexWakeOp({ operation: { op: "add", oparg: 3, cmp: 6 }, word: 4 });
    expect(changed).toMatchObject({ result: -ENOSYS, after: 7, guardOpens: 1, passed: null });
    expect(wayOf(changed)).toEqual([...keys, operation(-ENOSYS)]);
  });

  test("arm64 lets others run after 128 losses; shared keys are then looked at again", async () => {
    const lost = { arch: "arm64-pan", lost: 128 } as const;
    const again = [operation(-EAGAIN), "cond_resched - 0"];
    const own = await runFutexWakeOp({ ...lost, private: true });
    expect(wayOf(own)).toEqual([...keys, ...again, operation(0), "wake 1 1"]);
    const shared = await runFutexWakeOp(lost);
    expect(wayOf(shared)).toEqual([...keys, ...again, ...keys, operation(0), "wake 1 1"]);
    const fewer = await runFutexWakeOp({ ...lost, lost: 127 });
    expect(wayOf(fewer)).toEqual([...keys, operation(0), "wake 1 1"]);
  });

  test("a word without a content takes none", async () => {
    const run = runFutexWakeOp({ place2: "unmapped", word: 1 });
    await expect(run).rejects.toThrow(/word is given for a page that is unmapped/);
  });
});

describe("compare", () => {
  const archs = ["x86-64", "arm64-pan"] as const;

  /** futex(2)'s table, in whole numbers that have no sign to lose. */
  const made: Readonly<Record<string, (old: bigint, operand: bigint) => bigint>> = {
    set: (_, operand) => operand,
    add: (old, operand) => old + operand,
    or: (old, operand) => old | operand,
    andn: (old, operand) => old & ~operand,
    xor: (old, operand) => old ^ operand,
  };

  test("every operation makes of the word what the manual says", async () => {
    const { operations } = await compareFutexWakeOp({ archs, opargs: [0x7ff, 0x800, -3] });
    const known = operations.filter(({ operation: { opName } }) => opName !== null);
    expect(known).toHaveLength(archs.length * Object.keys(made).length * 6);
    for (const {
      operation: { opName, oparg, shift },
      before,
      after,
    } of known) {
      const operand = shift ? 1n << BigInt.asUintN(5, BigInt(oparg)) : BigInt(oparg);
      const word = BigInt.asUintN(32, made[opName!]!(BigInt(before!), operand));
      expect([opName, oparg, shift, BigInt(after!)]).toEqual([opName, oparg, shift, word]);
    }
    const unknown = operations.filter(({ operation: { opName } }) => opName === null);
    expect(new Set(unknown.map(({ result }) => result))).toEqual(new Set([-ENOSYS]));
  });

  test("who the comparisons wake: both words taken as signed", async () => {
    const words = [5, 0x8000_0000, 0xffff_fffe];
    const { comparisons } = await compareFutexWakeOp({ archs: ["none"], words, cmparg: 0xffe });
    const known = comparisons.filter(({ operation: { cmpName } }) => cmpName !== null);
    expect(known.map(({ passed }) => passed)).toEqual(known.map(({ woken2 }) => woken2 > 0));
    const wokenBy = (name: string): number[] =>
      known
        .filter(({ operation: { cmpName } }) => cmpName === name)
        .map(({ woken2 }: FutexWakeOpRow) => woken2);
    expect(
      Object.fromEntries(["eq", "ne", "lt", "le", "gt", "ge"].map((n) => [n, wokenBy(n)])),
    ).toEqual({
      eq: [0, 0, 1],
      ne: [1, 1, 0],
      lt: [0, 1, 0],
      le: [0, 1, 1],
      gt: [1, 0, 0],
      ge: [1, 0, 1],
    });
  });

  test("every place of both words, and what one call costs", async () => {
    const { places, costs } = await compareFutexWakeOp({ archs, opargs: [], words: [] });
    expect(places).toHaveLength(archs.length * 2 * 2 * wordPlaceNames.length);
    expect(costs.map(({ arch, triesContended }) => [arch, triesContended])).toEqual([
      ["x86-64", 1],
      ["arm64-pan", 2],
    ]);
    expect(costs.every(({ guardOpens, nsPerCall }) => guardOpens === 1 && nsPerCall > 0)).toBe(
      true,
    );
  });
});
