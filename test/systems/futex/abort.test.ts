import { expect, test } from "vitest";
import { futexBlocked } from "../../../src/index.ts";
import { end, newThreads, PRIVATE, WORDS } from "./threads.ts";

/** A task that ends in the middle of a call, as one does whose thread died there. */

test("between taking itself off its queue and its answer: the others on the word sleep on, and can be woken", async () => {
  const { machine, futexes } = await newThreads(4);
  const [waker, dying, ...others] = futexes;
  for (const futex of [dying!, ...others]) expect(futex.wait(WORDS, 0, PRIVATE)).toBe(futexBlocked);
  const call = machine.words[(dying!.task.handle + machine.constant("TASK_FUTEX_CALL")) >>> 2]!;
  const place = (call + machine.constant("CALL_BUCKET")) >>> 2;
  const bucket = machine.words[place]!;
  expect(waker.wake(WORDS, 1, PRIVATE)).toBe(1);
  // who takes itself off leaves the bucket's name there
  machine.words[place] = bucket;
  end(dying!.task);
  expect(waker.wake(WORDS, 2, PRIVATE)).toBe(2);
  expect(others.map((futex) => futex.finish())).toEqual([0, 0]);
  expect(machine.findings()).toEqual([]);
});

test("between giving back a PI lock's state and its answer: the word is nobody's, and others get it", async () => {
  const { machine, futexes, wordAt } = await newThreads(3);
  const [owner, dying, other] = futexes;
  const constant = machine.constant.bind(machine);
  const word = (at: number): number => machine.words[at >>> 2]!;
  const clear = (at: number): void => void (machine.words[at >>> 2] = 0);
  expect(owner.lockPi(WORDS, PRIVATE)).toBe(0);
  expect(dying!.lockPi(WORDS, PRIVATE)).toBe(futexBlocked);
  const { handle } = dying!.task;
  const call = word(handle + constant("TASK_FUTEX_CALL"));
  const waiter = word(handle + constant("TASK_RT_WAITER"));
  // its time is up: it leaves the mutex's queue, then the owner's unlock takes it off the word's, and it leaves the state
  clear(word(waiter + constant("RT_WAITER_MUTEX")) + constant("RT_MUTEX_TOP"));
  clear(waiter + constant("RT_WAITER_MUTEX"));
  clear(handle + constant("TASK_RT_WAITER"));
  expect(owner.unlockPi(WORDS, PRIVATE)).toBe(0);
  clear(call + constant("CALL_PI_STATE"));
  expect(word(call + constant("CALL_BUCKET"))).not.toBe(0);
  end(dying!.task);
  expect(wordAt(WORDS)).toBe(0);
  expect([other!.lockPi(WORDS, PRIVATE), other!.unlockPi(WORDS, PRIVATE)]).toEqual([0, 0]);
  expect(machine.findings()).toEqual([]);
});
