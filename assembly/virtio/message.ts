import { ENOMEM } from "../base/errno";
import { PAGE_MASK, PAGE_SIZE } from "../machine/map";
import { CAPTURE } from "../pcm/runtime";
import { Card, Substream, cardAt, queueOf } from "./card";
import { allocateBytes, freeBytes } from "./memory";
import { QUEUE_RX, QUEUE_TX } from "./numbers";
import { PIECE_BYTES, closePieces, layPiece } from "./piece";
import { Virtqueue, addMessage } from "./virtqueue";

/**
 * An I/O message: struct virtio_pcm_msg (sound/virtio/virtio_pcm_msg.c), bound to the ring bytes of one period. What
 * the device is given is a header, the period's bytes in as many pieces as the device's view of memory has, and a
 * status that it writes:
 *
 *   ┌───────────┐ ┌──────────────┬ … ┬──────────────┐ ┌─────────────────┐
 *   │ stream id │ │ ring bytes i · P … (i + 1) · P  │ │ status, latency │
 *   └───────────┘ └──────────────┴ … ┴──────────────┘ └─────────────────┘
 */
@unmanaged
export class Message {
  substream: u32;
  streamId: u32; // ┐ the header
  status: u32; //    ┐ the status
  latency: u32; //   ┘
  /**
   * Of its data. Until 6.6 always the period's; from 6.7 on bytes gathered, where the period's size means exposed; in
   * the corrected design what it was exposed with.
   */
  length: u32;
  out: u32; // it is with the device
  index: u32;
  bytes: u32; // of this record
  pieceCount: u32;
  readable: u32; // pieces that the device reads
  writable: u32; // bytes that it writes
}

const HEADER_BYTES: u32 = 4;
export const STATUS_BYTES: u32 = 8;

@inline
export function messageAt(address: u32): Message {
  return changetype<Message>(address as usize);
}

@inline
export function tokenOf(message: Message): u32 {
  return changetype<usize>(message) as u32;
}

@inline
export function piecesOf(message: Message): usize {
  return changetype<usize>(message) + offsetof<Message>();
}

@inline
export function messageOf(substream: Substream, index: u32): Message {
  return messageAt(load<u32>(substream.messages + (index << 2)));
}

/** The queue of a stream's I/O messages. */
@inline
export function ioQueue(substream: Substream): Virtqueue {
  const card = cardAt(substream.card);
  return queueOf(card, substream.direction == CAPTURE ? QUEUE_RX : QUEUE_TX);
}

/** First place after `from` where the ring's memory does not go on for the device. */
function nextCut(substream: Substream, from: u32): u32 {
  if (substream.cuts == 0) return (from & ~PAGE_MASK) + PAGE_SIZE;
  for (let index: u32 = 0; index < substream.cutCount; index++) {
    const cut = load<u32>(substream.cuts + (index << 2));
    if (cut > from) return cut;
  }
  return u32.MAX_VALUE;
}

function countPieces(substream: Substream, start: u32, end: u32): u32 {
  let count: u32 = 0;
  for (let at = start; at < end; at = min(nextCut(substream, at), end)) count += 1;
  return count;
}

/** One message a period, over a ring at `ring`; 0 or −ENOMEM. Earlier ones must be gone. */
export function buildMessages(substream: Substream, ring: u32, periods: u32, bytes: u32): i32 {
  substream.messages = allocateBytes(periods << 2);
  if (substream.messages == 0) return -ENOMEM;
  substream.messageCount = periods;
  substream.periodBytes = bytes;
  substream.foundPlace = 0;
  substream.foundIndex = 0;
  for (let index: u32 = 0; index < periods; index++) {
    const message = newMessage(substream, ring, index, bytes);
    if (message == 0) return -ENOMEM;
    store<u32>(substream.messages + (index << 2), message);
  }
  return 0;
}

function newMessage(substream: Substream, ring: u32, index: u32, bytes: u32): u32 {
  const start = index * bytes;
  const pieceCount = countPieces(substream, start, start + bytes) + 2;
  const size = (offsetof<Message>() as u32) + pieceCount * PIECE_BYTES;
  const address = allocateBytes(size);
  if (address == 0) return 0;
  const message = messageAt(address);
  message.substream = changetype<usize>(substream) as u32;
  message.streamId = substream.id;
  message.index = index;
  message.bytes = size;
  layPieces(substream, message, ring, bytes);
  return address;
}

/** Its pieces, over the first `bytes` of its period. */
export function layPieces(substream: Substream, message: Message, ring: u32, bytes: u32): void {
  const record = tokenOf(message);
  const start = message.index * substream.periodBytes;
  const end = start + bytes;
  let piece: u32 = 1;
  const pieces = piecesOf(message);
  layPiece(pieces, 0, record + offsetof<Message>("streamId"), HEADER_BYTES);
  for (let at = start; at < end; piece++) {
    const next = min(nextCut(substream, at), end);
    layPiece(pieces, piece, ring + at, next - at);
    at = next;
  }
  layPiece(pieces, piece, record + offsetof<Message>("status"), STATUS_BYTES);
  message.pieceCount = piece + 1;
  message.readable = substream.direction == CAPTURE ? 1 : piece;
  message.writable = closePieces(pieces, message.readable, message.pieceCount);
}

/** Nothing of them may be with the device. */
export function freeMessages(substream: Substream): void {
  if (substream.messages == 0) return;
  for (let index: u32 = 0; index < substream.messageCount; index++) {
    const address = load<u32>(substream.messages + (index << 2));
    if (address != 0) freeBytes(address, messageAt(address).bytes);
  }
  freeBytes(substream.messages, substream.messageCount << 2);
  substream.messages = 0;
  substream.messageCount = 0;
}

/** Gives a message to the device: 0, or why the queue does not take it. The queue lock is held. */
export function exposeMessage(substream: Substream, queue: Virtqueue, message: Message): i32 {
  message.status = 0;
  message.latency = 0;
  const failed = addMessage(
    queue,
    piecesOf(message),
    message.readable,
    message.pieceCount,
    message.writable,
    tokenOf(message),
  );
  if (failed != 0) return failed;
  message.out = 1;
  substream.queued += 1;
  return 0;
}

/** A message came back. The ring's size is taken off once only, however far the device says that it wrote. */
@inline
export function advanceHwPtr(substream: Substream, message: Message, written: u32): void {
  const captured = substream.direction == CAPTURE && written > STATUS_BYTES;
  const ring = substream.bufferBytes;
  const next = substream.hwPtr + (captured ? written - STATUS_BYTES : message.length);
  substream.hwPtr = next >= ring ? next - ring : next;
}

/** Memory that a card's streams hold besides. */
export function freeSubstreams(card: Card): void {
  for (let id: u32 = 0; id < card.substreamCount; id++) {
    const address = load<u32>(card.substreams + (id << 2));
    const substream = changetype<Substream>(address as usize);
    freeMessages(substream);
    freeBytes(substream.cuts, substream.cutCount << 2);
    freeBytes(address, offsetof<Substream>());
  }
  freeBytes(card.substreams, max<u32>(card.substreamCount, 1) << 2);
}
