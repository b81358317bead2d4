import { CAPTURE } from "../pcm/runtime";
import { Card, Substream, cardAt, streamOf, substreamAt } from "./card";
import { Message, STATUS_BYTES, messageAt } from "./message";
import { DESIGN_ACK, DESIGN_MMAP } from "./numbers";
import { sendMissing } from "./send";
import { Virtqueue, takeMessage } from "./virtqueue";

/** What happens when the device returns I/O messages (virtsnd_pcm_msg_complete, sound/virtio/virtio_pcm_msg.c). */
export function takeCompletions(queue: Virtqueue): void {
  for (let address = takeMessage(queue); address != 0; address = takeMessage(queue)) {
    complete(cardAt(queue.card), messageAt(address), queue.usedLength);
  }
}

/** The message's status is not looked at: what came back with an error counts as played. */
function complete(card: Card, message: Message, written: u32): void {
  const substream = substreamAt(message.substream);
  advance(substream, message, written);
  substream.xrun = 0;
  substream.queued -= 1;
  if (card.design == DESIGN_ACK) message.length = 0;
  if (!substream.enabled) return;
  noteLatency(substream, message.latency);
  if (substream.work == 0) substream.work = ++card.worksScheduled;
  if (card.design == DESIGN_MMAP) sendMissing(substream);
}

/** The ring's size is taken off once only, however far the device says that it wrote. */
function advance(substream: Substream, message: Message, written: u32): void {
  const captured = substream.direction == CAPTURE && written > STATUS_BYTES;
  substream.hwPtr += captured ? written - STATUS_BYTES : message.length;
  if (substream.hwPtr >= substream.bufferBytes) substream.hwPtr -= substream.bufferBytes;
}

function noteLatency(substream: Substream, bytes: u32): void {
  const stream = streamOf(substream);
  stream.delay = ((bytes as u64) << 3) / stream.frameBits;
}
