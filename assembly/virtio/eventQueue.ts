import { allocateBytes } from "./memory";
import { Card, cardAt, queueOf, substreamById } from "./card";
import { NOTICE_XRUN, QUEUE_EVENT } from "./numbers";
import { PIECE_BYTES, closePieces, layPiece } from "./piece";
import { Virtqueue, addMessage, kick, takeMessage } from "./virtqueue";

/**
 * The event queue (sound/virtio/virtio_card.c): as many buffers as it has entries, each put back as soon as it came.
 *
 *   buffer   0      4        8          24
 *           ┌──────┬────────┬──────────┐
 *           │ code │ data   │ its piece│
 *           └──────┴────────┴──────────┘
 */
const EVENT_BYTES: u32 = 8;
const BUFFER_BYTES: u32 = EVENT_BYTES + PIECE_BYTES;

/** Fills the queue, without telling the device; false when RAM is full. */
export function fillEventQueue(card: Card): bool {
  const queue = queueOf(card, QUEUE_EVENT);
  card.eventBytes = queue.entries * BUFFER_BYTES;
  card.eventBuffers = allocateBytes(card.eventBytes);
  if (card.eventBuffers == 0) return false;
  for (let index: u32 = 0; index < queue.entries; index++) {
    offerBuffer(queue, card.eventBuffers + index * BUFFER_BYTES);
  }
  return true;
}

function offerBuffer(queue: Virtqueue, buffer: u32): void {
  const pieces = buffer + EVENT_BYTES;
  layPiece(pieces, 0, buffer, EVENT_BYTES);
  addMessage(queue, pieces, 0, 1, closePieces(pieces, 0, 1), buffer);
}

export function takeEvents(queue: Virtqueue): void {
  for (let buffer = takeMessage(queue); buffer != 0; buffer = takeMessage(queue)) {
    heed(cardAt(queue.card), load<u32>(buffer), load<u32>(buffer, 4));
    offerBuffer(queue, buffer);
    kick(queue);
  }
}

/** Of all events only the report of an xrun has an effect, and only while the stream runs. */
function heed(card: Card, code: u32, streamId: u32): void {
  if (code != NOTICE_XRUN || streamId >= card.substreamCount) return;
  const substream = substreamById(card, streamId);
  if (substream.enabled) substream.xrun = 1;
}
