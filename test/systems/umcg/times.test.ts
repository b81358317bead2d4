import { beforeEach, describe, expect, test } from "vitest";
import {
  futexBlocked,
  Umcg,
  umcgStateOf,
  umcgStates,
  umcgStateWord,
  UsageError,
  type UmcgStateWord,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";
import { bedOf, EINVAL, ETIMEDOUT, setWord, WORDS, wordAt, type Bed } from "./bed.ts";
import { HEAD, IDLE_SERVER, SERVER, WORKER } from "./pair.ts";

/** State words with times: v0.7's struct umcg_task, and what the kernel does to it (include/uapi/linux/umcg.h). */

const NEXT_TID = 8;
const IDLE_WORKERS = 16;
const IDLE_SERVER_POINTER = 24;
const { running, idle, blocked } = umcgStates;
/** A unit of the time, in nanoseconds. */
const UNIT = 16n;
const START = 1000n;
const LAST = (1n << 46n) - 1n;

interface TimedPair extends Bed {
  readonly server: Umcg;
}

let pair: TimedPair;

const word = (state: number, said: Omit<UmcgStateWord, "state"> = {}): bigint =>
  umcgStateWord("v0.7", { state, ...said });
const put = (at: number, value: bigint): void => setWord(pair, at, value, 8);
const stands = (at: number): bigint => wordAt(pair, at, 8)!;
const said = (at: number): Required<UmcgStateWord> => umcgStateOf("v0.7", stands(at));
const wait = (units: bigint): void => pair.machine.advanceClock(units * UNIT);

/** A registered server, and a worker in state BLOCKED; the clock stands at START. */
beforeEach(async () => {
  const bed = await bedOf("moved");
  const { machine, task } = bed;
  const umcg = new Umcg(task, { version: "v0.7" });
  const server = new Umcg(machine.createTask({ cpu: 1, sharing: task }), { version: "v0.7" });
  pair = { ...bed, umcg, server };
  wait(START);
  put(SERVER, word(running));
  put(WORKER, word(blocked));
  put(WORKER + IDLE_WORKERS, BigInt(HEAD));
  put(WORKER + IDLE_SERVER_POINTER, BigInt(IDLE_SERVER));
  expect([server.register(SERVER), umcg.register(WORKER, { worker: true })]).toEqual([0, 0]);
});

/** The worker runs with its pages pinned, and its server waits. */
function run(): void {
  put(WORKER, word(running));
  setWord(pair, WORKER + NEXT_TID, pair.server.task.id);
  expect(pair.umcg.workerReturns()).toBe("goes on");
  put(SERVER, word(idle, { time: START }));
}

describe("registration", () => {
  test.each([
    ["whenever the word was changed", running, { time: 77n }, 0],
    ["not with a flag", running, { locked: true }, EINVAL],
    ["not with bits of the program's", running, { user: 1 }, EINVAL],
    ["not idle", idle, {}, EINVAL],
  ] as const)("of a server, %s", (_, state, more, result) => {
    pair.server.unregister();
    put(SERVER, word(state, more));
    expect(pair.server.register(SERVER)).toBe(result);
  });

  test("next_tid stands behind the longer word", () => {
    pair.umcg.unregister();
    setWord(pair, WORKER + NEXT_TID, 1);
    expect(pair.umcg.register(WORKER, { worker: true })).toBe(EINVAL);
  });

  test("its own helper is v0.7's, which has words of 64 bits; no other is let through", async () => {
    expect(pair.umcg.helper).toBe("moved");
    const { task } = pair;
    const version = "v0.7" as const;
    expect(() => new Umcg(task, { version, helper: "futex" })).toThrow(UsageError);
    const narrow = await machineOf({ arch: "powerpc-8xx", build: "study", cpus: 1 });
    expect(() => new Umcg(narrow.createTask(), { version })).toThrow("is 64 on powerpc-8xx");
  });
});

describe("each transition of the kernel's leaves the time of its change", () => {
  test("a worker sleeps, and its server runs (T1, T2)", () => {
    run();
    put(WORKER, word(running, { preempted: true, user: 21 }));
    wait(5n);
    expect(pair.umcg.workerSleeps()).toBe("server runs");
    const time = START + 5n;
    expect(stands(WORKER)).toBe(word(blocked, { preempted: true, user: 21, time }));
    expect(stands(SERVER)).toBe(word(running, { time }));
  });

  test("a server that is not IDLE alone is left as it is (T2)", () => {
    run();
    put(SERVER, word(idle, { locked: true, time: 3n }));
    expect(pair.umcg.workerSleeps()).toBe("waits");
    expect(stands(SERVER)).toBe(word(idle, { locked: true, time: 3n }));
  });

  test("a worker comes back, into the list, and an idle server runs (T3)", () => {
    put(SERVER, word(idle));
    setWord(pair, IDLE_SERVER, pair.server.task.id);
    expect(pair.umcg.workerReturns()).toBe("server runs");
    expect([stands(WORKER), stands(SERVER)]).toEqual([
      word(idle, { time: START }),
      word(running, { time: START }),
    ]);
    expect(stands(HEAD)).toBe(BigInt(WORKER + IDLE_WORKERS));
  });

  test("a program runs the worker (T4), whose LOCKED the kernel took back before (T5)", () => {
    put(WORKER, word(idle, { locked: true }));
    expect(pair.umcg.wait()).toBe(futexBlocked);
    expect(stands(WORKER)).toBe(word(idle, { time: START }));
    put(WORKER, word(running, { time: START + 1n }));
    put(SERVER, word(idle));
    setWord(pair, SERVER + NEXT_TID, pair.task.id);
    expect([pair.server.wait(), pair.umcg.finish()]).toEqual([futexBlocked, 0]);
  });

  test("a preempted worker gives way to its server (T6, T7)", () => {
    run();
    const preempt = {
      expected: stands(WORKER),
      replacement: word(running, { preempted: true, time: START }),
      bits: 64,
    } as const;
    expect(pair.server.compareExchange(WORKER, preempt).result).toBe(0);
    expect(pair.umcg.workerReturns()).toBe("server runs");
    // both words were changed at START, so each has another time than that
    expect(stands(WORKER)).toBe(word(idle, { preempted: true, time: START + 1n }));
    expect(stands(SERVER)).toBe(word(running, { time: START + 1n }));
  });

  test("an idle worker times out (T8)", () => {
    put(WORKER, word(idle));
    expect(pair.umcg.workerTimesOut()).toBe(ETIMEDOUT);
    expect(stands(WORKER)).toBe(word(blocked, { time: START }));
    expect(pair.umcg.workerTimesOut()).toBe(0);
  });

  test("what a hook may not sleep for is its end", () => {
    run();
    pair.task.unmap(WORDS, 4096);
    expect([pair.umcg.workerSleeps(), pair.umcg.killed]).toEqual(["killed", true]);
  });
});

describe("times against ABA", () => {
  /** BLOCKED → IDLE → BLOCKED, and how long each change comes after the one before. */
  function thereAndBack(units: bigint): { before: bigint; after: bigint } {
    put(WORKER, word(blocked, { time: START }));
    const before = stands(WORKER);
    wait(units);
    pair.umcg.workerReturns();
    wait(units);
    expect(pair.umcg.workerTimesOut()).toBe(ETIMEDOUT);
    return { before, after: stands(WORKER) };
  }

  test("the same state twice is not the same word: who knows the old one does not match", () => {
    const { before, after } = thereAndBack(1n);
    const state = (seen: bigint): number => umcgStateOf("v0.7", seen).state;
    expect([state(before), state(after)]).toEqual([blocked, blocked]);
    expect(umcgStateOf("v0.7", after).time).toBe(START + 2n);
    const late = { expected: before, replacement: word(running), bits: 64 } as const;
    expect(pair.server.compareExchange(WORKER, late)).toEqual({ result: -11, old: after });
  });

  test("in v0.6 it matches", async () => {
    const bed = await bedOf("moved");
    setWord(bed, WORKER, blocked);
    setWord(bed, WORKER + 8, HEAD, 8);
    setWord(bed, WORKER + 16, IDLE_SERVER, 8);
    expect(bed.umcg.register(WORKER, { worker: true })).toBe(0);
    bed.umcg.workerReturns();
    expect(bed.umcg.workerTimesOut()).toBe(ETIMEDOUT);
    const late = { expected: blocked, replacement: running };
    expect(bed.umcg.compareExchange(WORKER, late).result).toBe(0);
  });

  test("the rule looks one change back: two changes in the same 16 ns bring the word back", () => {
    const { before, after } = thereAndBack(0n);
    expect(after).toBe(before);
  });

  test("time is cut to 46 bits, and one more than the last is 0", () => {
    wait(LAST - START);
    put(WORKER, word(idle, { time: LAST }));
    pair.umcg.workerTimesOut();
    expect(said(WORKER)).toMatchObject({ state: blocked, time: 0n });
    wait(3n);
    pair.umcg.workerReturns();
    expect(said(WORKER)).toMatchObject({ state: idle, time: 2n });
  });
});

describe("a state word in parts", () => {
  test.each([
    ["v0.6", { state: 3, locked: true, preempted: false, user: 255, time: 0n }, 0xff00_0103n],
    ["v0.6", { state: 255, locked: false, preempted: true, user: 0, time: 0n }, 0x2ffn],
    ["v0.7", { state: 2, locked: true, preempted: true, user: 31, time: 0n }, 0x3e0c2n],
    ["v0.7", { state: 63, locked: false, preempted: false, user: 1, time: 1n }, 0x4203fn],
    ["v0.7", { state: 0, locked: false, preempted: false, user: 0, time: LAST }, LAST << 18n],
  ] as const)("%s: %o", (version, parts, whole) => {
    expect(umcgStateWord(version, parts)).toBe(whole);
    expect(umcgStateOf(version, whole)).toEqual(parts);
  });

  test("what does not fit is refused", () => {
    expect(() => umcgStateWord("v0.6", { state: 1, time: 1 })).toThrow("v0.6 keeps 0 bits of it");
    expect(() => umcgStateWord("v0.7", { state: 64 })).toThrow(UsageError);
    expect(() => umcgStateWord("v0.7", { state: 1, user: 32 })).toThrow(UsageError);
    expect(() => umcgStateOf("v0.6", 2n ** 32n)).toThrow("does not fit the 32 bits of v0.6");
  });
});
