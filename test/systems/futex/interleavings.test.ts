import { describe, expect, test } from "vitest";
import {
  FaultlineError,
  Futex,
  Machine,
  runPrograms,
  type Operation,
  type Program,
  type Snapshot,
  type Task,
} from "../../../src/index.ts";
import { PAGE } from "../../machine/pool.ts";
import { EAGAIN, WORDS } from "./threads.ts";

/**
 * One thread is inside a sleeping call while another one, on another CPU, changes words and wakes. Left at every yield
 * point: all schedules of the form "i steps of the sleeper, j of the other, k of the sleeper, then both to their ends".
 */

const SECOND = WORDS + 64;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const PRIVATE = 128;

interface Bed {
  readonly machine: Machine;
  readonly sleeper: Futex;
  readonly waker: Futex;
  readonly start: Snapshot;
}

async function newBed(): Promise<Bed> {
  const machine = await Machine.create({ build: "study", memory: "1M", cpus: 2, tlbEntries: 64 });
  const first = machine.createTask({ cpu: 0 });
  const sleeper = new Futex(first);
  const waker = new Futex(machine.createTask({ cpu: 1, sharing: first }));
  first.map({ at: WORDS, length: PAGE, populate: true });
  sleeper.waitvOperation([{ address: WORDS, value: 0 }]); // maps the page of arguments
  return { machine, sleeper, waker, start: machine.snapshot() };
}

/** The program's own store: one instruction, so nobody comes in between. */
function storing(task: Task, at: number, value: number): Operation {
  const { machine } = task;
  const call = (): number => {
    machine.words[task.linearOf(at)! >>> 2] = value;
    return 0;
  };
  return { name: "store", call };
}

function waiting({ sleeper }: Bed, bits: number): Operation {
  return sleeper.operation({ address: WORDS, op: FUTEX_WAIT | bits, value: 0 });
}

function waking({ waker }: Bed, bits: number): Operation {
  return waker.operation({ address: WORDS, op: FUTEX_WAKE | bits, value: 1 });
}

function* oneByOne(operations: readonly Operation[]): Program {
  yield* operations;
}

/** What a schedule came to: the sleeper's answer, the other's answers; null where somebody sleeps for ever. */
interface Outcome {
  readonly slept: number | null;
  readonly others: readonly number[];
  /** The sleeper was asleep before the other began. */
  readonly early: boolean;
  readonly fixups: number;
  readonly steps: readonly [number, number];
}

/** How long each may run before the other one does: steps of the sleeper, of the other, of the sleeper. */
type Turns = readonly [number, number, number];

function runTurns(
  bed: Bed,
  sleep: () => Operation,
  others: () => readonly Operation[],
  turns: Turns,
): Outcome {
  const { machine, sleeper, waker } = bed;
  machine.restore(bed.start);
  const programs = [
    { task: sleeper.task, body: oneByOne([sleep()]) },
    { task: waker.task, body: oneByOne(others()) },
  ];
  const steps: [number, number] = [0, 0];
  let early = false;
  const [before, between, after] = turns;
  const choose = (runnable: readonly number[]): number => {
    const wanted =
      steps[0] < before ? 0 : steps[1] < between ? 1 : steps[0] < before + after ? 0 : 1;
    const chosen = runnable.includes(wanted) ? wanted : runnable[0]!;
    if (chosen === 1 && steps[1] === 0) early = sleeper.task.blocked;
    steps[chosen]! += 1;
    return chosen;
  };
  const fixups = machine.counters().fixups;
  const traces = untilTheEnd(() => runPrograms(machine, programs, { choose }));
  return {
    slept: traces?.[0]!.results[0]?.result ?? null,
    others: traces?.[1]!.results.map(({ result }) => result) ?? [],
    early,
    fixups: machine.counters().fixups - fixups,
    steps,
  };
}

/** Null where every program sleeps. */
function untilTheEnd<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof FaultlineError && error.code === "deadlock") return null;
    throw error;
  }
}

/** All schedules up to the lengths that the two have when one runs before the other. */
function explore(bed: Bed, sleep: () => Operation, others: () => readonly Operation[]): Outcome[] {
  const run = (...turns: Turns): Outcome => runTurns(bed, sleep, others, turns);
  const longest = Infinity;
  const [sleeps] = run(longest, 0, 0).steps;
  const [, wakes] = run(0, longest, 0).steps;
  const outcomes: Outcome[] = [];
  for (let before = 0; before <= sleeps; before++) {
    for (let between = 1; between <= wakes; between++) {
      for (let after = 0; after <= sleeps - before; after++) {
        outcomes.push(run(before, between, after));
      }
    }
  }
  return outcomes;
}

/** Schedules that exist at all: fewer would mean that nothing was left in the middle. */
const FEWEST = 30;

describe.each([
  ["private", PRIVATE],
  ["shared", 0],
] as const)("a store and a WAKE against a WAIT on a %s word", (_, bits) => {
  test("nobody sleeps with the new value and no wake", async () => {
    const bed = await newBed();
    const outcomes = explore(
      bed,
      () => waiting(bed, bits),
      () => [storing(bed.waker.task, WORDS, 1), waking(bed, bits)],
    );
    expect(outcomes.length).toBeGreaterThan(FEWEST);
    for (const { slept, others } of outcomes) {
      expect([-EAGAIN, 0]).toContain(slept);
      expect(others).toEqual([0, slept === 0 ? 1 : 0]);
    }
    expect(new Set(outcomes.map(({ slept }) => slept)).size).toBe(2);
  });

  test("who wakes first and stores then is found to lose the wake", async () => {
    const bed = await newBed();
    const outcomes = explore(
      bed,
      () => waiting(bed, bits),
      () => [waking(bed, bits), storing(bed.waker.task, WORDS, 1)],
    );
    expect(outcomes.some(({ slept }) => slept === null)).toBe(true);
  });

  test("a page that goes between key and access comes back: retry, then sleep", async () => {
    const bed = await newBed();
    const { machine, waker } = bed;
    const { cpu, handle } = waker.task;
    const advice = machine.constant("MADV_DONTNEED");
    const dropping: Operation = {
      name: "madvise",
      call: () => machine.rawExports.adviseMemory(cpu, handle, WORDS, 0, PAGE, 0, advice),
    };
    const [sleeps] = runTurns(
      bed,
      () => waiting(bed, bits),
      () => [dropping],
      [99, 0, 0],
    ).steps;
    const outcomes = Array.from({ length: sleeps }, (_, before) =>
      runTurns(
        bed,
        () => waiting(bed, bits),
        () => [dropping, waking(bed, bits)],
        [before, dropSteps(bed, dropping), Infinity],
      ),
    );
    expect(outcomes.map(({ slept, others }) => [slept, others])).toEqual(
      outcomes.map(() => [0, [0, 1]]),
    );
    expect(outcomes.some(({ fixups }) => fixups > 0)).toBe(true);
  });
});

/** How many steps the dropping of a page has by itself: the last one finds that the program is at its end. */
function dropSteps(bed: Bed, dropping: Operation): number {
  const wake = (): Operation => waiting(bed, PRIVATE);
  return runTurns(bed, wake, () => [dropping], [0, Infinity, 0]).steps[1] - 1;
}

describe("a waitv whose second word changes", () => {
  test("answers index 0 where the first was woken meanwhile, and is never lost", async () => {
    const bed = await newBed();
    const words = [
      { address: WORDS, value: 0, private: true },
      { address: SECOND, value: 0, private: true },
    ];
    const outcomes = explore(
      bed,
      () => bed.sleeper.waitvOperation(words),
      () => [storing(bed.waker.task, SECOND, 1), waking(bed, PRIVATE)],
    );
    expect(outcomes.length).toBeGreaterThan(FEWEST);
    const woken = outcomes.filter(({ others }) => others[1] === 1);
    expect(new Set(woken.map(({ slept }) => slept))).toEqual(new Set([0]));
    expect(woken.some(({ early }) => !early)).toBe(true);
    const alone = outcomes.filter(({ others }) => others[1] === 0);
    expect(new Set(alone.map(({ slept }) => slept))).toEqual(new Set([-EAGAIN]));
  });
});
