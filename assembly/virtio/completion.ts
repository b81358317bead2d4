import { Card, Substream, cardAt, streamOf, substreamAt } from "./card";
import { TakeReturned, designOf } from "./design";
import { Message, messageAt } from "./message";
import { Virtqueue, takeMessage } from "./virtqueue";
import { scheduleWork } from "./works";

/** What happens when the device returns I/O messages (virtsnd_pcm_msg_complete, sound/virtio/virtio_pcm_msg.c). */
export function takeCompletions(queue: Virtqueue): void {
  for (let address = takeMessage(queue); address != 0; address = takeMessage(queue)) {
    complete(cardAt(queue.card), messageAt(address), queue.usedLength);
  }
}

/** The message's status is not looked at: what came back with an error counts as played. */
function complete(card: Card, message: Message, written: u32): void {
  const substream = substreamAt(message.substream);
  // a message that is exposed again begins with none
  const latency = message.latency;
  substream.xrun = 0;
  substream.queued -= 1;
  message.out = 0;
  changetype<TakeReturned>(designOf(card).returned as usize)(substream, message, written);
  if (!substream.enabled) return;
  noteLatency(substream, latency);
  scheduleWork(substream);
}

@inline
export function noteLatency(substream: Substream, bytes: u32): void {
  const stream = streamOf(substream);
  // a division takes as long as all of the rest, and the usual answer needs none
  stream.delay = bytes == 0 ? 0 : ((bytes as u64) << 3) / stream.frameBits;
}
