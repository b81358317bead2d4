import { cardAt } from "./card";
import { isApart, raiseLine } from "./apart";
import { RING_EVENT_INDEX } from "./numbers";
import {
  QueueEnd,
  Virtqueue,
  disableInterrupts,
  enableInterrupts,
  hasUsed,
  lockQueue,
  unlockQueue,
} from "./virtqueue";

/** An interrupt at the driver's end: it is handled at once, or on the CPU that the driver has for that. */
export function interruptDriver(queue: Virtqueue): void {
  if (isApart(cardAt(queue.card))) raiseLine(queue);
  else handleInterrupt(queue);
}

/** The same where other CPUs use the queue meanwhile. */
export function handleAmongOthers(queue: Virtqueue): void {
  lockQueue(queue);
  handleInterrupt(queue);
  unlockQueue(queue);
}

/** One that finds nothing is none of this queue's. */
function handleInterrupt(queue: Virtqueue): void {
  if (!hasUsed(queue) || queue.broken) return;
  if (queue.features & RING_EVENT_INDEX) queue.interrupted = 1;
  do {
    disableInterrupts(queue);
    changetype<QueueEnd>(queue.callback as usize)(queue);
    if (queue.broken) return;
  } while (!enableInterrupts(queue));
}
