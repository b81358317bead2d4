import { RING_EVENT_INDEX } from "./numbers";
import { QueueEnd, Virtqueue, disableInterrupts, enableInterrupts, hasUsed } from "./virtqueue";

/** An interrupt at the driver's end. One that finds nothing is none of this queue's. */
export function interruptDriver(queue: Virtqueue): void {
  if (!hasUsed(queue) || queue.broken) return;
  if (queue.features & RING_EVENT_INDEX) queue.interrupted = 1;
  do {
    disableInterrupts(queue);
    changetype<QueueEnd>(queue.callback as usize)(queue);
    if (queue.broken) return;
  } while (!enableInterrupts(queue));
}
