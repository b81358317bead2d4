import { cardAt, queueOf } from "./card";
import { DeviceQueue, SoundDevice, journalOf } from "./device";
import { forget, lookAgain } from "./guard";
import { JOURNAL_INTERRUPT, noteValues } from "./journal";
import { RING_EVENT_INDEX } from "./numbers";
import { interruptDriver } from "./transport";
import {
  INDEX_MASK,
  NO_SIGNAL,
  availableFlags,
  passesEvent,
  setUsedIndex,
  usedEntry,
  usedEvent,
} from "./vring";

/** The rings as the device has them: what waits with it, and what it gives back. */

/** True where nobody wants to know more of an I/O message than that it is there: it is looked into when it is played. */
@inline
export function isPlain(device: SoundDevice, queue: DeviceQueue): bool {
  return (journalOf(device).keeps | queue.remembered) == 0;
}

@inline
export function keepWaiting(queue: DeviceQueue, head: u32): void {
  const count = queue.waitingCount;
  store<u16>(queue.waiting + (count << 1), head as u16);
  queue.waitingCount = count + 1;
}

/** Takes a waiting message out by its position, oldest first. */
@inline
export function removeWaiting(device: SoundDevice, queue: DeviceQueue, position: u32): u32 {
  lookAgain(device, queue);
  const head = dropWaiting(queue, position);
  forget(queue, head);
  return head;
}

/** Of a plain queue. */
@inline
export function dropWaiting(queue: DeviceQueue, position: u32): u32 {
  const at = queue.waiting + (position << 1);
  const head: u32 = load<u16>(at);
  const count = queue.waitingCount - 1;
  queue.waitingCount = count;
  const left = count - position;
  // a call takes longer than moving the few that there usually are
  for (let index: u32 = 0; index < left; index++) {
    store<u16>(at + (index << 1), load<u16>(at + (index << 1), 2));
  }
  return head;
}

/** Returns an entry: its length is stored before the index moves. */
@inline
export function returnEntry(queue: DeviceQueue, head: u32, length: u32): void {
  const index = queue.returned;
  const entry = usedEntry(queue, index);
  store<u32>(entry, head);
  store<u32>(entry, length, 4);
  const next = (index + 1) & INDEX_MASK;
  queue.returned = next;
  setUsedIndex(queue, next);
}

/** Interrupts the driver if it wants to be. */
export function considerInterrupt(device: SoundDevice, queue: DeviceQueue): void {
  const wanted =
    queue.features & RING_EVENT_INDEX
      ? passesEvent(usedEvent(queue), queue.returned, queue.signalled)
      : (availableFlags(queue) & NO_SIGNAL) == 0;
  if (wanted) {
    raiseInterrupt(device, queue);
    return;
  }
  queue.signalled = queue.returned;
  noteValues(journalOf(device), JOURNAL_INTERRUPT, queue.number, 0, 0);
}

/** Interrupts the driver, whether it wants to be or not. */
export function raiseInterrupt(device: SoundDevice, queue: DeviceQueue): void {
  queue.signalled = queue.returned;
  noteValues(journalOf(device), JOURNAL_INTERRUPT, queue.number, 1, 0);
  interruptDriver(queueOf(cardAt(device.card), queue.number));
}
