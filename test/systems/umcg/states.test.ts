import { describe, expect, test } from "vitest";
import {
  runPrograms,
  Umcg,
  umcgFlags,
  umcgStates,
  type Operation,
  type Program,
  type UmcgHelperName,
} from "../../../src/index.ts";
import { PAGE } from "../../machine/pool.ts";
import { bedOf, EFAULT, EINVAL, setWord, WORDS, wordAt, type Bed } from "./bed.ts";
import {
  HEAD,
  IDLE_SERVER,
  IDLE_SERVER_POINTER,
  IDLE_WORKERS,
  NEXT_TID,
  pairOf,
  runningPair,
  SERVER,
  WORKER,
} from "./pair.ts";

/** Workers and servers: which words the kernel lets become which (patches v0.6, kernel/sched/umcg.c). */

const { running, idle, blocked } = umcgStates;
const { locked, preempted } = umcgFlags;

const words = (bed: Bed): (bigint | null)[] => [wordAt(bed, WORKER), wordAt(bed, SERVER)];
const states = (...list: number[]): bigint[] => list.map(BigInt);

describe("registration", () => {
  test.each([
    ["a server that runs", running, 0, false, 0],
    ["a server that is idle", idle, 0, false, EINVAL],
    ["a server with a flag", running | locked, 0, false, EINVAL],
    ["a worker that is blocked", blocked, 0, true, 0],
    ["a worker that is idle, as the comment has it", idle, 0, true, EINVAL],
    ["a server with a next task", running, 1, false, EINVAL],
    ["a worker with a next task", blocked, 1, true, EINVAL],
  ])("%s", async (_, word, next, worker, result) => {
    const bed = await bedOf("posted");
    setWord(bed, WORKER, word);
    setWord(bed, WORKER + NEXT_TID, next);
    expect(bed.umcg.register(WORKER, { worker })).toBe(result);
    expect(bed.umcg.unregister()).toBe(result);
  });

  test("only once, never at 0, and where memory is", async () => {
    const { umcg } = await pairOf();
    expect(umcg.register(WORKER, { worker: true })).toBe(EINVAL);
    expect([umcg.unregister(), umcg.unregister()]).toEqual([0, EINVAL]);
    expect(umcg.register(0)).toBe(EINVAL);
    expect(umcg.register(WORDS + 2 * PAGE)).toBe(EFAULT);
  });

  test("a new program is no worker", async () => {
    const { task, umcg } = await pairOf();
    task.exec([], []);
    expect(umcg.unregister()).toBe(EINVAL);
  });
});

describe("a worker sleeps (T1, T2)", () => {
  test("it is BLOCKED, and its server runs", async () => {
    const pair = await runningPair();
    expect(pair.umcg.workerSleeps()).toBe("server runs");
    expect(words(pair)).toEqual(states(blocked, running));
  });

  test("a server that does not wait is left alone", async () => {
    const pair = await runningPair();
    setWord(pair, SERVER, idle | locked);
    expect(pair.umcg.workerSleeps()).toBe("waits");
    expect(words(pair)).toEqual(states(blocked, idle | locked));
  });

  test("its flags stay", async () => {
    const pair = await runningPair();
    const user = 0x0500_0000;
    setWord(pair, WORKER, running | preempted | user);
    expect(pair.umcg.workerSleeps()).toBe("server runs");
    expect(wordAt(pair, WORKER)).toBe(BigInt(blocked | preempted | user));
  });

  test.each([
    ["locked", running | locked],
    ["not running", idle],
  ])("nothing where it is %s", async (_, word) => {
    const pair = await runningPair();
    setWord(pair, WORKER, word);
    expect(pair.umcg.workerSleeps()).toBe("nothing");
    expect(words(pair)).toEqual(states(word, idle));
  });

  test("nothing without a pinned server, and each sleep lets go of it", async () => {
    const fresh = await pairOf();
    setWord(fresh, WORKER, running);
    expect(fresh.umcg.workerSleeps()).toBe("nothing");
    const pair = await runningPair();
    pair.umcg.workerSleeps();
    setWord(pair, WORKER, running);
    expect(pair.umcg.workerSleeps()).toBe("nothing");
  });

  test("an access that fails is the worker's end", async () => {
    const pair = await runningPair();
    pair.task.unmap(WORDS, PAGE);
    expect(pair.umcg.workerSleeps()).toBe("killed");
    expect(pair.umcg.killed).toBe(true);
  });

  test("on arm64 128 lost attempts kill the posted worker, and not the reviewed one", async () => {
    for (const [helper, outcome] of [
      ["posted", "killed"],
      ["reviewed", "server runs"],
    ] as const) {
      const pair = await runningPair(helper, "arm64-pan");
      pair.machine.exports.loseReservations(pair.task.cpu, 128);
      expect(pair.umcg.workerSleeps()).toBe(outcome);
    }
  });
});

describe("a worker's sleep races its program", () => {
  /** Every place at which another CPU may write the word while the worker goes to sleep. */
  async function race(helper: UmcgHelperName, written: number) {
    const outcomes: { result: number; word: number; killed: boolean; attempts: number }[] = [];
    for (let turn = 0; turn < 40; turn++) {
      const pair = await runningPair(helper);
      const { machine, task, umcg, server } = pair;
      const program = new Umcg(server.task, { helper: "enabled" });
      const change = { expected: running, replacement: written };
      const write = program.compareExchangeOperation(WORKER, change);
      function* once(operation: Operation): Program {
        yield operation;
      }
      const before = machine.counters(task.cpu).userStores;
      let steps = 0;
      const [worker] = runPrograms(
        machine,
        [
          { task, body: once(umcg.workerSleepsOperation()) },
          { task: server.task, body: once(write) },
        ],
        {
          choose: (runnable) => {
            steps += 1;
            return steps > turn && runnable.includes(1) ? 1 : runnable[0]!;
          },
        },
      );
      outcomes.push({
        result: worker!.results[0]!.result,
        word: Number(wordAt(pair, WORKER)),
        killed: umcg.killed,
        attempts: machine.counters(task.cpu).userStores - before,
      });
      expect(machine.findings()).toEqual([]);
    }
    return outcomes;
  }

  test.each(["posted", "reviewed"] as const)("a preemption is one retry: %s", async (helper) => {
    const outcomes = await race(helper, running | preempted);
    expect(outcomes.some(({ killed }) => killed)).toBe(false);
    // worker and server are one exchange each; between reading and exchanging, the worker's takes two
    expect(new Set(outcomes.map(({ attempts }) => attempts))).toEqual(new Set([2, 3]));
    const retried = outcomes.filter(({ attempts }) => attempts === 3);
    expect(new Set(retried.map(({ word }) => word))).toEqual(new Set([blocked | preempted]));
  });

  test.each([running | 0x0100_0000, idle, running | preempted | 0x0100_0000])(
    "any other write is its end: %i",
    async (written) => {
      const outcomes = await race("posted", written);
      const killed = outcomes.filter((outcome) => outcome.killed);
      expect(killed.length).toBeGreaterThan(0);
      expect(new Set(killed.map(({ word }) => word))).toEqual(new Set([written]));
    },
  );
});

describe("a worker comes back (T3)", () => {
  test("it is IDLE and in the list, and an idle server runs", async () => {
    const pair = await pairOf();
    setWord(pair, SERVER, idle);
    setWord(pair, IDLE_SERVER, pair.server.task.id);
    setWord(pair, HEAD, 0x1234, 8);
    expect(pair.umcg.workerReturns()).toBe("server runs");
    expect(words(pair)).toEqual(states(idle, running));
    expect(wordAt(pair, HEAD, 8)).toBe(BigInt(WORKER + IDLE_WORKERS));
    expect(wordAt(pair, WORKER + IDLE_WORKERS, 8)).toBe(0x1234n);
    expect(wordAt(pair, IDLE_SERVER)).toBe(0n);
  });

  test("without an idle server it waits", async () => {
    const pair = await pairOf();
    expect(pair.umcg.workerReturns()).toBe("waits");
    expect(words(pair)).toEqual(states(idle, running));
  });

  test("a reader of the list may see the pending mark in between", async () => {
    const pair = await pairOf();
    const { machine, task, umcg, server } = pair;
    const seen = new Set<bigint | null>();
    function* worker(): Program {
      yield umcg.workerReturnsOperation();
    }
    function* reader(): Program {
      for (let look = 0; look < 60; look++) {
        seen.add(wordAt(pair, WORKER + IDLE_WORKERS, 8));
        const head = wordAt(pair, HEAD, 8);
        if (head !== 0n) seen.add(head);
        yield { name: "look", call: () => machine.rawExports.umcgGetUser(1, HEAD, 0, 8, 0) };
      }
    }
    runPrograms(machine, [
      { task, body: worker() },
      { task: server.task, body: reader() },
    ]);
    expect(seen).toContain(1n);
    expect(seen).toContain(BigInt(WORKER + IDLE_WORKERS));
    expect(wordAt(pair, WORKER + IDLE_WORKERS, 8)).toBe(0n);
  });

  test("a list whose head's page is absent: as posted, the value of the fault ends up in the node", async () => {
    const far = WORDS + PAGE;
    for (const [helper, node] of [
      ["posted", 0xffff_ffff_ffff_fff2n],
      ["reviewed", 0n],
    ] as const) {
      const pair = await pairOf(helper);
      pair.task.advise(far, PAGE, "dontneed");
      setWord(pair, WORKER + IDLE_WORKERS, far, 8);
      expect(pair.umcg.workerReturns()).toBe("waits");
      expect(wordAt(pair, WORKER + IDLE_WORKERS, 8)).toBe(node);
    }
  });

  test.each([
    ["no list", IDLE_WORKERS],
    ["no place for an idle server", IDLE_SERVER_POINTER],
  ])("%s is its end", async (_, field) => {
    const pair = await pairOf();
    setWord(pair, WORKER + field, 0, 8);
    expect(pair.umcg.workerReturns()).toBe("killed");
  });

  test("one that its server runs goes on (T4); locked ones wait or go on as their state says", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER + NEXT_TID, pair.server.task.id);
    for (const [word, outcome] of [
      [running, "goes on"],
      [running | locked, "waits"],
      [idle, "waits"],
      [idle | locked, "goes on"],
    ] as const) {
      setWord(pair, WORKER, word);
      expect(pair.umcg.workerReturns()).toBe(outcome);
      expect(wordAt(pair, WORKER)).toBe(BigInt(word));
    }
  });

  test("one whose server is nobody is at its end", async () => {
    const pair = await pairOf();
    setWord(pair, WORKER, running);
    setWord(pair, WORKER + NEXT_TID, 9999);
    expect(pair.umcg.workerReturns()).toBe("killed");
  });
});

describe("a worker is preempted (T6, T7)", () => {
  test("its server runs first, then it is IDLE with the flag, and in the list", async () => {
    const pair = await runningPair();
    const user = new Umcg(pair.server.task, { helper: "enabled" });
    const preempt = { expected: running, replacement: running | preempted };
    expect(user.compareExchange(WORKER, preempt)).toEqual({ result: 0, old: BigInt(running) });
    expect(pair.umcg.workerReturns()).toBe("server runs");
    expect(words(pair)).toEqual(states(idle | preempted, running));
    expect(wordAt(pair, HEAD, 8)).toBe(BigInt(WORKER + IDLE_WORKERS));
  });

  test.each([
    ["a server that runs already", running, true],
    ["no server", idle, false],
  ])("with %s it is at its end", async (_, serverWord, hasServer) => {
    const pair = await runningPair();
    setWord(pair, WORKER, running | preempted);
    setWord(pair, SERVER, serverWord);
    if (!hasServer) setWord(pair, WORKER + NEXT_TID, 0);
    expect(pair.umcg.workerReturns()).toBe("killed");
    expect(wordAt(pair, WORKER)).toBe(BigInt(running | preempted));
  });
});
