import { cardAt, streamOf, substreamById } from "./card";
import { Chain, beginChain, nextPiece, readableWord } from "./chain";
import { DeviceQueue, SoundDevice, chainOf, journalOf, waitingHead } from "./device";
import { considerInterrupt, removeWaiting, returnEntry } from "./deviceRings";
import {
  JOURNAL_COMPLETE,
  JOURNAL_EXPOSE,
  JournalPiece,
  JournalRecord,
  KEEPS_CONTENTS,
  KEEPS_NOTHING,
  PIECE_DATA,
  PIECE_HEADER,
  PIECE_STATUS,
  PIECE_STRAY,
  addContent,
  addPiece,
  beginRecord,
  recordAt,
} from "./journal";
import { QUEUE_RX, QUEUE_TX, STATUS_OK } from "./numbers";

/** I/O messages at the device: taking, filling, returning, and what the journal tells of them. */

/** Bytes of the status, the last that the device writes. */
export const STATUS_BYTES: u32 = 8;

/** The stream that a message says it is of. */
function streamIdOf(device: SoundDevice, queue: DeviceQueue, head: u32): u32 {
  return readableWord(chainOf(device), queue, head, 0);
}

/** Where the ring of a stream begins, 0 while it has none: then its messages point to memory that is gone. */
function ringOf(device: SoundDevice, streamId: u32): u32 {
  const card = cardAt(device.card);
  if (streamId >= card.substreamCount) return 0;
  const substream = substreamById(card, streamId);
  return substream.stream != 0 ? streamOf(substream).ring : 0;
}

function ringBytesOf(device: SoundDevice, streamId: u32): u32 {
  return streamOf(substreamById(cardAt(device.card), streamId)).dmaBytes;
}

/** Pieces of a message (upper half), and the bytes of those between the first and the last (lower half, at most all ones). */
function countPieces(device: SoundDevice, queue: DeviceQueue, head: u32): u64 {
  const chain = chainOf(device);
  let pieces: u64 = 0;
  let bytes: u64 = 0;
  let last: u64 = 0;
  beginChain(chain, queue, head);
  while (nextPiece(chain)) {
    if (pieces > 1) bytes += last;
    last = chain.length;
    pieces += 1;
  }
  return (pieces << 32) | min(bytes, u32.MAX_VALUE as u64);
}

/** Writes a message down: its pieces by name, and what its data bytes hold now. 0 where nobody wants to know. */
function describe(device: SoundDevice, queue: DeviceQueue, head: u32, kind: u32): u32 {
  const keeps = journalOf(device).keeps;
  if (keeps == KEEPS_NOTHING) return 0;
  const streamId = streamIdOf(device, queue, head);
  const counted = countPieces(device, queue, head);
  const pieces = (counted >> 32) as u32;
  const content = keeps == KEEPS_CONTENTS ? (counted as u32) : 0;
  const grow = (pieces as u64) * offsetof<JournalPiece>() + content;
  const address = beginRecord(journalOf(device), kind, queue.number, head, grow);
  if (address == 0) return 0;
  const record = recordAt(address);
  const strays = namePieces(device, queue, head, record, streamId, pieces);
  const gone = strays || keeps != KEEPS_CONTENTS;
  if (!gone) copyData(device, queue, head, record, pieces);
  if (kind == JOURNAL_EXPOSE) {
    record.first = streamId;
    record.second = chainOf(device).indirect;
    record.third = gone ? 1 : 0;
  } else record.fourth = gone ? 1 : 0;
  return address;
}

/** True where some of the data lies outside of the ring. */
function namePieces(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  record: JournalRecord,
  streamId: u32,
  pieces: u32,
): bool {
  const chain = chainOf(device);
  const ring = ringOf(device, streamId);
  let gone = false;
  beginChain(chain, queue, head);
  for (let index: u32 = 0; nextPiece(chain); index++) {
    let name = PIECE_DATA;
    if (index == 0) name = PIECE_HEADER;
    else if (index + 1 == pieces) name = PIECE_STATUS;
    const stray = name == PIECE_DATA && !liesInRing(device, chain, streamId, ring);
    if (stray) name = PIECE_STRAY;
    gone = gone || stray;
    addPiece(
      record,
      name,
      name == PIECE_DATA ? chain.address - ring : 0,
      chain.length,
      chain.writable,
    );
  }
  return gone;
}

function liesInRing(device: SoundDevice, chain: Chain, streamId: u32, ring: u32): bool {
  if (ring == 0 || chain.address < ring) return false;
  const offset = chain.address - ring;
  const bytes = ringBytesOf(device, streamId);
  return offset <= bytes && chain.length <= bytes - offset;
}

function copyData(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  record: JournalRecord,
  pieces: u32,
): void {
  const chain = chainOf(device);
  beginChain(chain, queue, head);
  for (let index: u32 = 0; nextPiece(chain); index++) {
    if (index != 0 && index + 1 != pieces) addContent(record, chain.address, chain.length);
  }
}

export function exposureRecord(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  describe(device, queue, head, JOURNAL_EXPOSE);
}

/** The k-th exposed rx message, from 1, is filled with 0x80 + k mod 64. */
export function fillEagerly(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  device.exposedRx += 1;
  fillData(device, queue, head, u32.MAX_VALUE, 0, 0x80 + (device.exposedRx & 63));
}

/** Fills up to `limit` data bytes out of `source`, or with `value` where there is none. */
export function fillData(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  limit: u32,
  source: u32,
  value: u32,
): void {
  const chain = chainOf(device);
  const streamId = streamIdOf(device, queue, head);
  const ring = ringOf(device, streamId);
  let filled: u32 = 0;
  beginChain(chain, queue, head);
  while (nextPiece(chain) && filled < limit) {
    if (!chain.writable || !liesInRing(device, chain, streamId, ring)) continue;
    const part = min(chain.length, limit - filled);
    if (source != 0) memory.copy(chain.address, source + filled, part);
    else memory.fill(chain.address, value as u8, part);
    filled += part;
  }
}

/** The last piece is the status. */
function writeStatus(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  status: u32,
  latency: u32,
): void {
  const chain = chainOf(device);
  beginChain(chain, queue, head);
  let address: u32 = 0;
  while (nextPiece(chain)) {
    address = chain.writable && chain.length >= STATUS_BYTES ? chain.address : 0;
  }
  if (address == 0) return;
  store<u32>(address, status);
  store<u32>(address, latency, 4);
}

/** How messages are returned. */
@unmanaged
export class Completion {
  status: u32;
  latency: u32;
  captured: u32; // rx: bytes written; all ones = as many as fit
  usedLength: u32; // all ones = the true one
}

/** Data bytes of a message. */
function dataBytes(device: SoundDevice, queue: DeviceQueue, head: u32): u32 {
  return countPieces(device, queue, head) as u32;
}

/** Returns the message at a position of the waiting ones. */
export function returnMessage(
  device: SoundDevice,
  queue: DeviceQueue,
  position: u32,
  how: Completion,
): void {
  const head = removeWaiting(device, queue, position);
  let length = STATUS_BYTES;
  if (queue.number == QUEUE_RX) {
    const captured = min(how.captured, dataBytes(device, queue, head));
    const given = min(captured, device.sourceBytes);
    if (given != 0) fillData(device, queue, head, given, device.source, 0);
    length += captured;
  }
  writeStatus(device, queue, head, how.status, how.latency);
  if (how.usedLength != u32.MAX_VALUE) length = how.usedLength;
  returnEntry(queue, head, length);
  noteCompletion(device, queue, head, how.status, how.latency, length);
}

@inline
export function noteCompletion(
  device: SoundDevice,
  queue: DeviceQueue,
  head: u32,
  status: u32,
  latency: u32,
  length: u32,
): void {
  if (journalOf(device).keeps == KEEPS_NOTHING) return;
  const address = describe(device, queue, head, JOURNAL_COMPLETE);
  if (address == 0) return;
  const record = recordAt(address);
  record.first = status;
  record.second = latency;
  record.third = length;
}

/**
 * RELEASE: returns what waits of a stream, without data, in queue order. `keep`: so many messages stay in the queue
 * (−1: all).
 */
export function releaseMessages(
  device: SoundDevice,
  queue: DeviceQueue,
  streamId: u32,
  keep: i32,
): void {
  if (keep < 0) return;
  let released = false;
  let position: u32 = 0;
  while (position < queue.waitingCount && queue.waitingCount > (keep as u32)) {
    const head = waitingHead(queue, position);
    if (streamIdOf(device, queue, head) != streamId) {
      position += 1;
      continue;
    }
    returnReleased(device, queue, position);
    released = true;
  }
  if (released) considerInterrupt(device, queue);
}

function returnReleased(device: SoundDevice, queue: DeviceQueue, position: u32): void {
  const head = removeWaiting(device, queue, position);
  writeStatus(device, queue, head, STATUS_OK, device.releaseLatency);
  returnEntry(queue, head, STATUS_BYTES);
  noteCompletion(device, queue, head, STATUS_OK, device.releaseLatency, STATUS_BYTES);
}

export function streamQueueNumber(direction: u32): u32 {
  return direction != 0 ? QUEUE_RX : QUEUE_TX;
}
