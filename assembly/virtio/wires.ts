import { takeCompletions } from "./completion";
import { takeAnswers } from "./control";
import { deviceIsKicked, deviceMayPoll } from "./deviceLook";
import { takeEvents } from "./eventQueue";
import { QUEUE_CONTROL, QUEUE_EVENT } from "./numbers";
import { QueueEnd, Virtqueue } from "./virtqueue";

/** Ties the ends of a queue together: neither side knows the other's code, they meet in their rings. */
export function tie(queue: Virtqueue): void {
  queue.kicked = addressOf(deviceIsKicked);
  queue.polled = addressOf(deviceMayPoll);
  queue.callback = addressOf(takerOf(queue));
}

@inline
function addressOf(end: QueueEnd): u32 {
  return changetype<usize>(end) as u32;
}

function takerOf(queue: Virtqueue): QueueEnd {
  if (queue.number == QUEUE_CONTROL) return takeAnswers;
  return queue.number == QUEUE_EVENT ? takeEvents : takeCompletions;
}
