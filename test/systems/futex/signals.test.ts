import { describe, expect, test } from "vitest";
import {
  buildNames,
  futexBlocked,
  type Futex,
  type Operation,
  type SignalHandler,
} from "../../../src/index.ts";
import {
  EAGAIN,
  EINVAL,
  ETIMEDOUT,
  HOLE,
  WAITERS,
  WORDS,
  awake,
  newThreads,
  type Threads,
} from "./threads.ts";
import { newBed, runTurns, type Bed, type Turns } from "./turns.ts";

/** Signals that end a sleep in a futex call: what the program sees, by what it has for them. */

const SECOND = WORDS + 64;
const THIRD = WORDS + 128;
const EINTR = 4;
const LIMIT = 1000n;

/** A task whose number stands in the third word holds that lock. */
interface Sleeper extends Threads {
  readonly sleeper: Futex;
  readonly other: Futex;
}

async function newSleeper(build: (typeof buildNames)[number] = "release"): Promise<Sleeper> {
  const threads = await newThreads(3, { build });
  const [sleeper, other, owner] = threads.futexes;
  threads.store(THIRD, owner!.task.id);
  return { ...threads, sleeper, other: other! };
}

const again = futexBlocked;

/** Every call that sleeps, and its answers by the handler: none, one, one with SA_RESTART. */
// prettier-ignore
const calls: readonly (readonly [string, (f: Futex) => number, readonly [number, number, number]])[] = [
  ["WAIT", (f) => f.wait(WORDS, 0), [again, -EINTR, again]],
  ["WAIT_BITSET", (f) => f.waitBitset(WORDS, 0, { bitset: 3 }), [again, -EINTR, again]],
  ["WAIT with a limit", (f) => f.wait(WORDS, 0, { timeout: LIMIT }), [again, -EINTR, -EINTR]],
  ["WAIT_BITSET with a limit", (f) => f.waitBitset(WORDS, 0, { timeout: LIMIT }), [again, -EINTR, -EINTR]],
  ["futex_wait", (f) => f.futexWait(WORDS, 0), [again, -EINTR, again]],
  ["futex_wait with a limit", (f) => f.futexWait(WORDS, 0, { timeout: LIMIT }), [again, -EINTR, again]],
  ["futex_waitv", (f) => f.waitv(vector), [again, -EINTR, again]],
  ["futex_waitv with a limit", (f) => f.waitv(vector, { timeout: LIMIT }), [again, -EINTR, again]],
  ["LOCK_PI", (f) => f.lockPi(THIRD), [again, again, again]],
  ["LOCK_PI with a limit", (f) => f.lockPi(THIRD, { timeout: f.now("realtime") + LIMIT }), [again, again, again]],
  ["LOCK_PI2 with a limit", (f) => f.lockPi2(THIRD, { timeout: LIMIT }), [again, again, again]],
  ["WAIT_REQUEUE_PI", (f) => f.waitRequeuePi(WORDS, SECOND, 0), [again, again, again]],
  ["WAIT_REQUEUE_PI with a limit", (f) => f.waitRequeuePi(WORDS, SECOND, 0, { timeout: LIMIT }), [again, again, again]],
];
const vector = [
  { address: SECOND, value: 0 },
  { address: WORDS, value: 0 },
];
const handlers: readonly SignalHandler[] = ["none", "interrupts", "restarts"];
const cases = calls.flatMap(([name, call, answers]) =>
  handlers.map((handler, index) => [name, handler, call, answers[index]!] as const),
);

describe.each(buildNames)("%s", (build) => {
  test.each(cases)("%s, handler %s", async (_, handler, call, answer) => {
    const { sleeper, machine } = await newSleeper(build);
    expect(call(sleeper)).toBe(futexBlocked);
    expect(sleeper.task.canResume).toBe(false);
    sleeper.task.signal({ handler });
    expect(sleeper.task.canResume).toBe(true);
    expect(sleeper.finish()).toBe(answer);
    expect([sleeper.task.blocked, sleeper.task.canResume]).toEqual([answer === again, false]);
    expect(machine.findings()).toEqual([]);
  });
});

describe("a call that is made again", () => {
  test.each(calls)("%s keeps its end, and is found by who wakes", async (name, call) => {
    const { sleeper, other, machine, wordAt } = await newSleeper();
    machine.advanceClock(5n);
    const began = machine.nanoseconds;
    call(sleeper);
    machine.advanceClock(LIMIT / 2n);
    sleeper.task.signal({ handler: "none" });
    expect(sleeper.finish()).toBe(futexBlocked);
    if (name.includes("limit")) {
      machine.advanceToNextTimeout();
      const relative = name === "WAIT with a limit" || name === "LOCK_PI with a limit";
      expect(machine.nanoseconds).toBe(relative ? began + LIMIT : LIMIT);
      expect(sleeper.finish()).toBe(-ETIMEDOUT);
      return;
    }
    if (name === "LOCK_PI") expect(wordAt(THIRD) & WAITERS).not.toBe(0);
    else if (name === "WAIT_REQUEUE_PI") {
      expect(other.cmpRequeuePi(WORDS, SECOND, 0)).toBe(1);
      expect([sleeper.finish(), sleeper.unlockPi(SECOND)]).toEqual([0, 0]);
    } else {
      expect(other.wake(WORDS, 9)).toBe(1);
      expect(sleeper.finish()).toBe(name === "futex_waitv" ? 1 : 0);
    }
  });

  test.each(calls.filter(([name]) => !name.startsWith("LOCK")))(
    "%s looks at the word again",
    async (_, call) => {
      const { sleeper, store } = await newSleeper();
      call(sleeper);
      store(WORDS, 1);
      sleeper.task.signal({ handler: "none" });
      expect(sleeper.finish()).toBe(-EAGAIN);
    },
  );

  test("LOCK_PI gets what was unlocked in between, with another owner's word unlike before", async () => {
    const { sleeper, futexes, wordAt } = await newSleeper();
    const owner = futexes[2]!;
    sleeper.lockPi(THIRD);
    sleeper.task.signal();
    expect(sleeper.finish()).toBe(futexBlocked);
    expect(owner.unlockPi(THIRD)).toBe(0);
    expect([sleeper.finish(), wordAt(THIRD)]).toEqual([0, sleeper.task.id + WAITERS]);
    expect(sleeper.unlockPi(THIRD)).toBe(0);
  });

  test("what it points to is read again, but for the end that a WAIT has", async () => {
    const { sleeper, store, machine } = await newSleeper();
    const at = WORDS + 1024;
    const write = (nanoseconds: number): void => {
      [0, 0, nanoseconds, 0].forEach((word, index) => store(at + 4 * index, word));
    };
    write(500);
    sleeper.wait(WORDS, 0, { timeout: { at } });
    write(2_000_000_000);
    sleeper.task.signal({ handler: "none" });
    expect(sleeper.finish()).toBe(futexBlocked);
    machine.advanceClock(500n);
    expect(sleeper.finish()).toBe(-ETIMEDOUT);
    write(900);
    sleeper.futexWait(WORDS, 0, { timeout: { at } });
    write(2_000_000_000);
    sleeper.task.signal({ handler: "none" });
    expect(sleeper.finish()).toBe(-EINVAL);
    write(900);
    sleeper.lockPi2(THIRD, { timeout: { at } });
    write(700);
    sleeper.task.signal();
    expect(sleeper.finish()).toBe(futexBlocked);
    machine.advanceClock(200n);
    expect(sleeper.finish()).toBe(-ETIMEDOUT);
  });

  test("the list of a waitv too: what the program has stored there meanwhile counts", async () => {
    const { sleeper, other } = await newSleeper();
    const list = 0x0a00_0000 + 64;
    sleeper.waitv([{ address: WORDS, value: 0 }]);
    sleeper.task.uaccess.putUser(list + 8, 8, BigInt(SECOND));
    sleeper.task.signal({ handler: "restarts" });
    expect(sleeper.finish()).toBe(futexBlocked);
    expect([other.wake(WORDS, 9), other.wake(SECOND, 9)]).toEqual([0, 1]);
    expect(sleeper.finish()).toBe(0);
  });
});

describe("what counts more than a signal", () => {
  test.each(calls.filter(([name]) => !/PI/.test(name)))("a wake: %s", async (name, call) => {
    const { sleeper, other } = await newSleeper();
    call(sleeper);
    sleeper.task.signal();
    expect(other.wake(WORDS, 1)).toBe(1);
    expect(sleeper.finish()).toBe(name.startsWith("futex_waitv") ? 1 : 0);
  });

  test.each(calls.filter(([name]) => name.includes("limit")))("the end: %s", async (_, call) => {
    const { sleeper, machine } = await newSleeper();
    call(sleeper);
    sleeper.task.signal();
    machine.advanceClock(LIMIT);
    expect(sleeper.finish()).toBe(-ETIMEDOUT);
  });

  test("a lock that was handed over", async () => {
    const { sleeper, futexes } = await newSleeper();
    sleeper.lockPi(THIRD);
    sleeper.task.signal();
    expect(futexes[2]!.unlockPi(THIRD)).toBe(0);
    expect(sleeper.finish()).toBe(0);
  });

  test("a lock that one was given in a requeue; the wait for one there is a word that differs", async () => {
    const { sleeper, other, futexes } = await newSleeper();
    for (const futex of [sleeper, other]) futex.waitRequeuePi(WORDS, SECOND, 0);
    for (const futex of [sleeper, other]) futex.task.signal({ handler: "restarts" });
    expect(futexes[2]!.cmpRequeuePi(WORDS, SECOND, 0, { requeue: 9 })).toBe(2);
    expect([sleeper.finish(), other.finish()]).toEqual([0, -EAGAIN]);
    expect([sleeper.unlockPi(SECOND), sleeper.trylockPi(SECOND)]).toEqual([0, 0]);
  });
});

describe("which signals", () => {
  test("one that came before a call was handled before it, and ends no sleep", async () => {
    const { sleeper } = await newSleeper();
    sleeper.task.signal();
    expect(sleeper.wait(WORDS, 0)).toBe(futexBlocked);
    expect([sleeper.task.canResume, sleeper.finish()]).toEqual([false, futexBlocked]);
  });

  test("of several the first that has a handler", async () => {
    const { sleeper } = await newSleeper();
    const seen = (...sent: readonly SignalHandler[]): number => {
      if (!sleeper.task.blocked) sleeper.wait(WORDS, 0);
      for (const handler of sent) sleeper.task.signal({ handler });
      return sleeper.finish();
    };
    expect(seen("none", "restarts", "interrupts")).toBe(futexBlocked);
    expect(seen("none", "interrupts", "restarts")).toBe(-EINTR);
    expect(seen("none", "none")).toBe(futexBlocked);
  });

  test.each(calls)("a fatal one ends all: %s", async (_, call) => {
    const { sleeper, other, machine, futexes } = await newSleeper();
    call(sleeper);
    sleeper.task.signal({ handler: "restarts" });
    sleeper.task.kill();
    expect(sleeper.task.canResume).toBe(true);
    const answer = sleeper.finish();
    expect(answer).toBe(-EINTR);
    sleeper.task.exit();
    expect([other.wake(WORDS, 9), other.wake(SECOND, 9), futexes[2]!.unlockPi(THIRD)]).toEqual([
      0, 0, 0,
    ]);
    expect(machine.findings()).toEqual([]);
  });

  test("a killed task sleeps no more, but is told what is wrong before", async () => {
    const { sleeper } = await newSleeper();
    sleeper.task.kill();
    expect([sleeper.wait(WORDS, 0), sleeper.lockPi(THIRD)]).toEqual([-EINTR, -EINTR]);
    expect([sleeper.wait(WORDS, 1), sleeper.wait(WORDS + 1, 0)]).toEqual([-EAGAIN, -EINVAL]);
    expect(sleeper.wait(HOLE, 0)).toBe(-14);
  });

  test("it lends no priority any more, who has left the queue of a lock", async () => {
    const { sleeper, futexes } = await newSleeper();
    sleeper.setPriority(7);
    sleeper.lockPi(THIRD);
    expect(futexes[2]!.priority).toBe(7);
    sleeper.task.kill();
    sleeper.finish();
    expect(futexes[2]!.priority).toBe(0);
  });
});

describe("a signal at any yield point of a call", () => {
  const signalling = ({ sleeper }: Bed, handler: SignalHandler): Operation => {
    const call = (): number => {
      sleeper.task.signal({ handler });
      return 0;
    };
    return { name: "kill", call };
  };
  const PRIVATE = 128;
  /** More than a wait has up to its sleep. */
  const MOST_STEPS = 24;
  const waiting = ({ sleeper }: Bed): Operation =>
    sleeper.operation({ address: WORDS, op: PRIVATE, value: 0 });
  const waking = ({ waker }: Bed): Operation =>
    waker.operation({ address: WORDS, op: 1 | PRIVATE, value: 1 });

  test("it interrupts the wait, or was handled before it: never lost once the task is queued", async () => {
    const bed = await newBed();
    const [length] = runTurns(
      bed,
      () => waiting(bed),
      () => [],
      [Infinity, 0, 0],
    ).steps;
    const outcomes = Array.from({ length: length + 1 }, (_, before) =>
      runTurns(
        bed,
        () => waiting(bed),
        () => [signalling(bed, "interrupts")],
        [before, 9, 9],
      ),
    );
    const slept = outcomes.map((outcome) => outcome.slept);
    const first = slept.indexOf(-EINTR);
    expect(first).toBeGreaterThan(0);
    expect(slept.slice(0, first)).toEqual(Array<null>(first).fill(null));
    expect(slept.slice(first)).toEqual(Array<number>(slept.length - first).fill(-EINTR));
  });

  test("of a wait that is made again a wake is never lost", async () => {
    const bed = await newBed();
    let woken = 0;
    const others = (): Operation[] => {
      const wake = waking(bed);
      const call = (): number => (woken = wake.call());
      return [signalling(bed, "restarts"), { ...wake, call }];
    };
    const run = (...turns: Turns): string => {
      const { slept } = runTurns(bed, () => waiting(bed), others, turns);
      return `${slept} ${woken}`;
    };
    const answers = new Set<string>();
    for (let before = 0; before <= MOST_STEPS; before++) {
      for (let after = 0; after <= 2 * MOST_STEPS; after++) answers.add(run(before, 1, after));
    }
    expect([...answers].sort()).toEqual(["0 1", "null 0"]);
  });
});

test("several sleepers, one signal: the others sleep on", async () => {
  const { futexes } = await newThreads(3);
  for (const futex of futexes) futex.wait(WORDS, 0);
  futexes[1]!.task.signal();
  expect(awake(futexes)).toEqual([1]);
  expect(futexes[1]!.finish()).toBe(-EINTR);
  expect(futexes[0].task.blocked && futexes[2]!.task.blocked).toBe(true);
});
