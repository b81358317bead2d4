import { describe, expect, test } from "vitest";
import {
  Futex,
  futexBlocked,
  runPrograms,
  UsageError,
  umcgFlags,
  umcgStates,
  type Operation,
  type Program,
} from "../../../src/index.ts";
import { EFAULT, EINTR, EINVAL, ETIMEDOUT, setWord, WORDS, wordAt } from "./bed.ts";
import { NEXT_TID, pairOf, runningPair, SERVER, WORKER, type Pair } from "./pair.ts";

/** umcg_wait: who sleeps in it, and what ends that (kernel/sched/umcg.c, v0.6). */

const { running, idle, blocked } = umcgStates;
const { locked } = umcgFlags;
const LIMIT = 1000n;

const until = ({ umcg }: Pair): bigint => new Futex(umcg.task).now("realtime") + LIMIT;

describe("who sleeps", () => {
  test("a worker whose LOCKED is taken back (T5)", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle | locked);
    expect(pair.umcg.wait()).toBe(futexBlocked);
    expect(wordAt(pair, WORKER)).toBe(BigInt(idle));
    expect([pair.umcg.task.canResume, pair.umcg.finish()]).toEqual([false, futexBlocked]);
  });

  test("a server, whose word is left alone", async () => {
    const pair = await pairOf();
    setWord(pair, SERVER, idle | locked);
    expect(pair.server.wait()).toBe(futexBlocked);
    expect(wordAt(pair, SERVER)).toBe(BigInt(idle | locked));
  });

  test("not one that runs already", async () => {
    const pair = await pairOf();
    expect([pair.server.wait(), pair.server.task.blocked]).toEqual([0, false]);
  });

  test("the next task must exist, the caller be registered, and its word be there", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle);
    setWord(pair, WORKER + NEXT_TID, 9999);
    expect(pair.umcg.wait()).toBe(-3);
    pair.task.unmap(WORDS, 4096);
    expect(pair.umcg.wait()).toBe(EFAULT);
    pair.umcg.unregister();
    expect(pair.umcg.wait()).toBe(EINVAL);
  });

  test("no other call, and only who sleeps here finishes here", async () => {
    const pair = await pairOf();
    expect(() => pair.umcg.finish()).toThrow(UsageError);
    setWord(pair, WORKER, idle);
    pair.umcg.wait();
    const futex = new Futex(pair.umcg.task);
    const others = [
      () => pair.umcg.wait(),
      () => pair.umcg.register(WORKER),
      () => pair.umcg.unregister(),
      () => futex.wake(WORDS),
      () => futex.finish(),
    ];
    for (const call of others) expect(call).toThrow(UsageError);
    pair.umcg.task.exit();
    expect(pair.machine.findings()).toEqual([]);
  });
});

describe("what ends it", () => {
  test("a program that runs the worker and names it as the next (T4)", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle);
    pair.umcg.wait();
    setWord(pair, WORKER, running);
    expect(pair.umcg.task.canResume).toBe(false);
    setWord(pair, SERVER, idle);
    setWord(pair, SERVER + NEXT_TID, pair.umcg.task.id);
    expect(pair.server.wait()).toBe(futexBlocked);
    expect([pair.umcg.task.canResume, pair.umcg.finish()]).toEqual([true, 0]);
  });

  test("a wake whose word does not say RUNNING ends nothing", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle);
    pair.umcg.wait();
    setWord(pair, SERVER + NEXT_TID, pair.umcg.task.id);
    expect(pair.server.wait()).toBe(0);
    expect([pair.umcg.finish(), pair.umcg.task.canResume]).toEqual([futexBlocked, false]);
  });

  test("a worker that goes to sleep in the kernel: its server runs (T1, T2)", async () => {
    const pair = await runningPair();
    expect(pair.server.wait()).toBe(futexBlocked);
    expect(pair.umcg.workerSleeps()).toBe("server runs");
    expect([pair.server.task.canResume, pair.server.finish()]).toEqual([true, 0]);
  });

  test("its time: a server is told so, and an idle worker blocked first (T8)", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle);
    setWord(pair, SERVER, idle);
    expect(pair.umcg.wait({ until: until(pair) })).toBe(futexBlocked);
    expect(pair.server.wait({ until: until(pair) })).toBe(futexBlocked);
    pair.machine.advanceClock(LIMIT - 1n);
    expect(pair.umcg.finish()).toBe(futexBlocked);
    pair.machine.advanceClock(1n);
    expect([pair.umcg.finish(), pair.server.finish()]).toEqual([ETIMEDOUT, ETIMEDOUT]);
    expect([wordAt(pair, WORKER), wordAt(pair, SERVER)]).toEqual([BigInt(blocked), BigInt(idle)]);
    setWord(pair, WORKER, idle);
    expect(pair.umcg.wait({ until: 1 })).toBe(ETIMEDOUT);
  });

  test("a worker that was made to run in time was not late", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle);
    pair.umcg.wait({ until: until(pair) });
    setWord(pair, WORKER, running);
    pair.machine.advanceClock(LIMIT);
    expect(pair.umcg.finish()).toBe(0);
    expect(pair.umcg.workerTimesOut()).toBe(0);
  });

  test("a fatal signal; any other is flushed", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle);
    pair.umcg.wait();
    pair.umcg.task.signal();
    expect([pair.umcg.task.canResume, pair.umcg.finish()]).toEqual([true, futexBlocked]);
    expect(pair.umcg.finish()).toBe(futexBlocked);
    pair.umcg.task.kill();
    expect(pair.umcg.finish()).toBe(EINTR);
  });

  test("a word that is gone", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, idle);
    pair.umcg.wait();
    pair.task.unmap(WORDS, 4096);
    pair.umcg.task.signal();
    expect(pair.umcg.finish()).toBe(EFAULT);
  });
});

test("at every yield point a server falls asleep or sees that it runs: no wake is lost", async () => {
  for (let turn = 0; turn < 40; turn++) {
    const pair = await runningPair();
    const { machine, task, umcg, server } = pair;
    function* once(operation: Operation): Program {
      yield operation;
    }
    let steps = 0;
    const [waited] = runPrograms(
      machine,
      [
        { task: server.task, body: once(server.waitOperation()) },
        { task, body: once(umcg.workerSleepsOperation()) },
      ],
      { choose: (able) => (++steps > turn && able.includes(1) ? 1 : able[0]!) },
    );
    expect(waited!.results.map(({ result }) => result)).toEqual([0]);
  }
});
