import { takeCompletions } from "./completion";
import { takeAnswers } from "./control";
import { deviceIsKicked, deviceMayPoll } from "./device";
import { takeEvents } from "./eventQueue";
import { QUEUE_CONTROL, QUEUE_EVENT, RING_EVENT_INDEX } from "./numbers";
import { Virtqueue, disableInterrupts, enableInterrupts, hasUsed } from "./virtqueue";

/** What lies between driver and device: the one tells, the other interrupts. */

export function notifyDevice(queue: Virtqueue): void {
  deviceIsKicked(queue);
}

/** Study: after each store to a ring, so that a device that looks then can be tested. */
@inline
export function letDevicePoll(queue: Virtqueue): void {
  if (STUDY) deviceMayPoll(queue);
}

/** An interrupt that finds nothing is none of this queue's. */
export function interruptDriver(queue: Virtqueue): void {
  if (!hasUsed(queue) || queue.broken) return;
  if (queue.features & RING_EVENT_INDEX) queue.interrupted = 1;
  do {
    disableInterrupts(queue);
    take(queue);
    if (queue.broken) return;
  } while (!enableInterrupts(queue));
}

function take(queue: Virtqueue): void {
  if (queue.number == QUEUE_CONTROL) takeAnswers(queue);
  else if (queue.number == QUEUE_EVENT) takeEvents(queue);
  else takeCompletions(queue);
}
