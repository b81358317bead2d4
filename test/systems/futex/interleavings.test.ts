import { describe, expect, test } from "vitest";
import type { Operation, Task } from "../../../src/index.ts";
import { EAGAIN, WORDS } from "./threads.ts";
import { droppingPage, newBed, runTurns, type Bed, type Outcome, type Turns } from "./turns.ts";

/**
 * One thread is inside a sleeping call while another one, on another CPU, changes words and wakes. Left at every yield
 * point: all schedules of the form "i steps of the sleeper, j of the other, k of the sleeper, then both to their ends".
 */

const SECOND = WORDS + 64;
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const PRIVATE = 128;

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

  // what a store that comes late, as without the waker's barrier, comes to
  test("who wakes first and stores then is found to lose the wake", async () => {
    const bed = await newBed();
    const outcomes = explore(
      bed,
      () => waiting(bed, bits),
      () => [waking(bed, bits), storing(bed.waker.task, WORDS, 1)],
    );
    expect(outcomes.some(({ slept }) => slept === null)).toBe(true);
  });

  test("without the barrier between counting and reading, one is found asleep for good", async () => {
    const bed = await newBed({ countsLate: true });
    const outcomes = explore(
      bed,
      () => waiting(bed, bits),
      () => [storing(bed.waker.task, WORDS, 1), waking(bed, bits)],
    );
    expect(outcomes.some(({ slept }) => slept === null)).toBe(true);
  });

  test("a page that goes between key and access comes back: retry, then sleep", async () => {
    const bed = await newBed();
    const dropping = droppingPage(bed);
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
