import { Cpu } from "../machine/cpu";
import { Card } from "./card";
import { DeviceQueue, SoundDevice, chainOf, deviceQueue, journalOf, soundDeviceOf } from "./device";
import { lookAtQueues, takeNew } from "./deviceLook";
import { playMessage } from "./devicePlay";
import { considerInterrupt, removeWaiting, returnEntry } from "./deviceRings";
import { Completion, returnMessage } from "./deviceStream";
import { JOURNAL_EVENT, beginRecord, recordAt } from "./journal";
import { QUEUE_EVENT, QUEUE_TX } from "./numbers";
import { beginChain, nextPiece } from "./chain";
import { runWorks } from "./works";

/** What the device is told to do from outside. */

/** How a device interrupts that returns several messages. */
export const INTERRUPT_ONCE: u32 = 0; // after all of them
export const INTERRUPT_EACH: u32 = 1; // after each
export const INTERRUPT_SETTLED: u32 = 2; // after each, and the notification work runs in between
export const INTERRUPT_NEVER: u32 = 3;

/** Answer where nothing waits. */
export const NOTHING_WAITS: i32 = -2;

/**
 * Returns up to `count` messages, each time the one at position `first` of those that wait. The device looks at its
 * rings after each, so what the driver exposed meanwhile may be returned as well. How many were, or NOTHING_WAITS.
 */
export function completeMessages(
  cpu: Cpu,
  card: Card,
  number: u32,
  count: u32,
  first: u32,
  interrupts: u32,
  how: Completion,
): i32 {
  const device = soundDeviceOf(card);
  const queue = deviceQueue(device, number);
  let done: u32 = 0;
  while (done < count && queue.waitingCount > first) {
    returnMessage(device, queue, first, how);
    done += 1;
    if (interrupts == INTERRUPT_EACH || interrupts == INTERRUPT_SETTLED) {
      considerInterrupt(device, queue);
    }
    if (interrupts == INTERRUPT_SETTLED) runWorks(cpu, card);
    lookAtQueues(device);
  }
  if (done == 0) return NOTHING_WAITS;
  if (interrupts == INTERRUPT_ONCE) considerInterrupt(device, queue);
  runWorks(cpu, card);
  return done;
}

/**
 * The device plays up to `count` messages, the oldest first: reads each one's data, returns it and interrupts, the
 * notification runs, and it looks at the ring again. How many it did play.
 */
export function playMessages(cpu: Cpu, card: Card, count: u32): u32 {
  const device = soundDeviceOf(card);
  const queue = deviceQueue(device, QUEUE_TX);
  let done: u32 = 0;
  for (; done < count && queue.waitingCount != 0; done++) {
    playMessage(device, queue);
    considerInterrupt(device, queue);
    runWorks(cpu, card);
    takeNew(device, queue);
  }
  return done;
}

/** Returns one event buffer; 0 or NOTHING_WAITS. */
export function sendEvent(card: Card, code: u32, data: u32): i32 {
  const device = soundDeviceOf(card);
  const queue = deviceQueue(device, QUEUE_EVENT);
  if (queue.waitingCount == 0) return NOTHING_WAITS;
  const head = removeWaiting(device, queue, 0);
  const length = writeEvent(device, queue, head, code, data);
  returnEntry(queue, head, length);
  const address = beginRecord(journalOf(device), JOURNAL_EVENT, queue.number, head, 0);
  if (address != 0) {
    recordAt(address).first = code;
    recordAt(address).second = data;
  }
  considerInterrupt(device, queue);
  return 0;
}

function writeEvent(device: SoundDevice, queue: DeviceQueue, head: u32, code: u32, data: u32): u32 {
  const chain = chainOf(device);
  beginChain(chain, queue, head);
  if (!nextPiece(chain) || !chain.writable || chain.length < 8) return 0;
  store<u32>(chain.address, code);
  store<u32>(chain.address, data, 4);
  return 8;
}
