import { loadShared } from "../base/atomics";
import { ownMark } from "../machine/held";
import {
  Apart,
  apartOf,
  handledOf,
  hasEnded,
  pause,
  progressOf,
  publish,
  raisedOf,
  servedOf,
} from "./apart";
import { Card, queueOf } from "./card";
import { QUEUES } from "./numbers";
import { handleAmongOthers } from "./transport";
import { Virtqueue, kickIsDue, lockQueue, notifyDevice, unlockQueue } from "./virtqueue";
import { INDEX_MASK } from "./vring";

/**
 * The driver takes interrupts on a CPU of its own (threads), also while work of its own waits there: for a lock, or for
 * the device's answer. Nobody else takes any.
 */

/** Handles what was raised by now. */
export function takeInterrupts(card: Card): void {
  const apart = apartOf(card);
  for (let number: u32 = 0; number < QUEUES; number++) {
    const raised = loadShared(raisedOf(apart, number));
    if (raised == loadShared(handledOf(apart, number))) continue;
    handleAmongOthers(queueOf(card, number));
    publish(apart, handledOf(apart, number), raised);
  }
}

/** Waits a little for a word to change; on the driver's own CPU interrupts come in meanwhile. */
export function waitAmid(card: Card, word: usize, seen: u32): void {
  if (apartOf(card).driver == ownMark()) takeInterrupts(card);
  if (loadShared(word) == seen) pause(word, seen);
}

/**
 * Kicks the device, and waits until it has looked at the control requests up to now, and the driver at what came of that:
 * as far as all has come when a device that works within the kick returns. The virtual clock stands still meanwhile.
 */
export function kickAndAwait(card: Card, queue: Virtqueue): void {
  lockQueue(queue);
  const isDue = kickIsDue(queue);
  const index = queue.availIndex;
  unlockQueue(queue);
  if (isDue) notifyDevice(queue);
  const apart = apartOf(card);
  awaitServed(card, apart, index);
  for (let number: u32 = 0; number < QUEUES; number++) awaitHandled(card, apart, number);
}

/** Indexes of 16 bits: one is not behind another where it is less than half a turn ahead. */
const HALF_TURN: u32 = (INDEX_MASK + 1) >> 1;

function awaitServed(card: Card, apart: Apart, index: u32): void {
  const progress = progressOf(apart);
  while (!hasEnded(apart)) {
    const seen = loadShared(progress);
    if (((loadShared(servedOf(apart)) - index) & INDEX_MASK) < HALF_TURN) return;
    waitAmid(card, progress, seen);
  }
}

/** What was raised by now, and no more: the device goes on. */
function awaitHandled(card: Card, apart: Apart, number: u32): void {
  const progress = progressOf(apart);
  const raised = loadShared(raisedOf(apart, number));
  while (!hasEnded(apart)) {
    const seen = loadShared(progress);
    if (((loadShared(handledOf(apart, number)) - raised) as i32) >= 0) return;
    waitAmid(card, progress, seen);
  }
}
