import { Substream } from "./card";
import { exposeMessage, ioQueue, messageOf } from "./message";
import { FEATURE_MSG_POLLING } from "./numbers";
import { Virtqueue, kick } from "./virtqueue";

/**
 * Exposing messages, as each design does it (virtsnd_pcm_msg_send, sound/virtio/virtio_pcm_msg.c). The queue lock and
 * the stream lock are held.
 */

export function kickUnlessPolling(substream: Substream, queue: Virtqueue): void {
  if ((substream.features & FEATURE_MSG_POLLING) == 0) kick(queue);
}

/** Until 6.6: all that are missing, in ring order. What was exposed before an error stays so. */
export function sendMissing(substream: Substream): i32 {
  return sendInOrder(substream, substream.messageCount - substream.queued);
}

/** The next one in ring order. There must be one that is not out. */
export function sendNext(substream: Substream): i32 {
  return sendInOrder(substream, 1);
}

function sendInOrder(substream: Substream, count: u32): i32 {
  const queue = ioQueue(substream);
  let index = (substream.lastQueued + 1) as u32;
  for (let left = count; left != 0; left--) {
    if (index >= substream.messageCount) index -= substream.messageCount;
    const message = messageOf(substream, index);
    message.length = substream.periodBytes;
    const failed = exposeMessage(substream, queue, message);
    if (failed != 0) return failed;
    substream.lastQueued = index;
    index += 1;
  }
  kickUnlessPolling(substream, queue);
  return 0;
}

/** From 6.7 on: bytes of the ring became final; a message is exposed when its last byte did. `bytes` is not 0. */
export function sendBytes(substream: Substream, offset: u32, bytes: u32): i32 {
  const queue = ioQueue(substream);
  const period = substream.periodBytes;
  let index = offset / period;
  let into = offset - index * period;
  let exposed = false;
  for (; bytes != 0; index++) {
    const message = messageOf(substream, index);
    const part = min(period - into, bytes);
    message.length += part;
    if (message.length == period) {
      const failed = exposeMessage(substream, queue, message);
      if (failed != 0) return failed;
      exposed = true;
    }
    into = 0;
    bytes -= part;
  }
  if (exposed) kickUnlessPolling(substream, queue);
  return 0;
}
