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
