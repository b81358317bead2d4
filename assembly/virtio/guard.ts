import {
  FINDING_VIRTIO_REUSE,
  FINDING_VIRTIO_STORE,
  FINDING_VIRTIO_UNFINISHED,
  recordFinding,
} from "../machine/findings";
import { header } from "../machine/map";
import { Chain, beginChain, nextPiece } from "./chain";
import { DeviceQueue, SoundDevice, chainOf, waitingHead } from "./device";
import { allocateBytes, freeBytes } from "./memory";

/**
 * A device that does not trust its driver (OASIS virtio 1.2, section 2.7.13): it remembers how each message was when it
 * took it, and looks again whenever it looks at its rings and when it returns the message. What has changed meanwhile
 * is a finding, once. A card has it only where it was asked for.
 *
 *   record   ┌───────┬────────────────────────────┬────────────────────────────┬ …
 *            │ bytes │ piece │ its bytes, if read │ piece │ its bytes, if read │
 *            └───────┴────────────────────────────┴────────────────────────────┴ …
 */
@unmanaged
class Remembered {
  address: u32; // linear
  length: u32;
  writable: u32;
}

const RECORD_BYTES: u32 = 4;
const PIECE_BYTES: u32 = offsetof<Remembered>();

/** Nothing changed; a descriptor did; bytes that the device reads did. */
const SAME: u32 = 0;

@inline
function slotOf(queue: DeviceQueue, head: u32): u32 {
  return queue.remembered + (head << 2);
}

/** Of the piece at hand, in a record. */
@inline
function bytesOf(chain: Chain): u32 {
  return PIECE_BYTES + (chain.writable ? 0 : chain.length);
}

/** Remembers a message that the device takes. The queue's list of what waits does not have it yet. */
export function remember(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  if (queue.remembered == 0) return;
  if (isOut(device, queue, head)) recordFinding(FINDING_VIRTIO_REUSE, 0, 0, head, queue.number);
  renew(device, queue, head);
}

function renew(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  forget(queue, head);
  const chain = chainOf(device);
  let total: u64 = RECORD_BYTES;
  beginChain(chain, queue, head);
  while (nextPiece(chain)) total += bytesOf(chain);
  // pieces may overlap, and be more than all of RAM
  const bytes = total as u32;
  const record = total > header().ramBytes ? 0 : allocateBytes(bytes);
  if (record == 0) return;
  store<u32>(slotOf(queue, head), record);
  store<u32>(record, bytes);
  let at = record + RECORD_BYTES;
  beginChain(chain, queue, head);
  // the table may lie where the record now does, and say something else than before
  const end: u32 = record + bytes;
  while (nextPiece(chain) && bytesOf(chain) <= end - at) at = writePiece(chain, at);
}

function writePiece(chain: Chain, at: u32): u32 {
  const piece = changetype<Remembered>(at as usize);
  piece.address = chain.address;
  piece.length = chain.length;
  piece.writable = chain.writable;
  if (!chain.writable) memory.copy(at + PIECE_BYTES, chain.address, chain.length);
  return at + bytesOf(chain);
}

/** A message that the device has not any more. */
@inline
export function forget(queue: DeviceQueue, head: u32): void {
  if (queue.remembered != 0) forgetRecord(queue, head);
}

function forgetRecord(queue: DeviceQueue, head: u32): void {
  const record = load<u32>(slotOf(queue, head));
  if (record != 0) freeBytes(record, load<u32>(record));
  store<u32>(slotOf(queue, head), 0);
}

export function forgetAll(queue: DeviceQueue): void {
  for (let head: u32 = 0; head < queue.entries; head++) forget(queue, head);
}

/** Looks at all that the device has. */
@inline
export function lookAgain(device: SoundDevice, queue: DeviceQueue): void {
  if (queue.remembered != 0) compareAll(device, queue);
}

function compareAll(device: SoundDevice, queue: DeviceQueue): void {
  for (let index: u32 = 0; index < queue.waitingCount; index++) {
    compare(device, queue, waitingHead(queue, index));
  }
}

function compare(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  const record = load<u32>(slotOf(queue, head));
  if (record == 0) return;
  const kind = difference(chainOf(device), queue, head, record);
  if (kind == SAME) return;
  recordFinding(kind, 0, 0, head, queue.number);
  renew(device, queue, head);
}

function difference(chain: Chain, queue: DeviceQueue, head: u32, record: u32): u32 {
  const end = record + load<u32>(record);
  let at = record + RECORD_BYTES;
  beginChain(chain, queue, head);
  while (nextPiece(chain)) {
    if (at == end || !isSamePiece(chain, at)) return FINDING_VIRTIO_UNFINISHED;
    const read = chain.writable ? 0 : chain.length;
    if (memory.compare(at + PIECE_BYTES, chain.address, read) != 0) return FINDING_VIRTIO_STORE;
    at += bytesOf(chain);
  }
  return at == end ? SAME : FINDING_VIRTIO_UNFINISHED;
}

function isSamePiece(chain: Chain, at: u32): bool {
  const piece = changetype<Remembered>(at as usize);
  return (
    piece.address == chain.address &&
    piece.length == chain.length &&
    piece.writable == chain.writable
  );
}

/** Whether a message, or memory that the device writes for it, is of one that did not come back. */
function isOut(device: SoundDevice, queue: DeviceQueue, head: u32): bool {
  const chain = chainOf(device);
  for (let index: u32 = 0; index < queue.waitingCount; index++) {
    const other = waitingHead(queue, index);
    if (other == head) return true;
    const record = load<u32>(slotOf(queue, other));
    if (record != 0 && writesInto(chain, queue, head, record)) return true;
  }
  return false;
}

function writesInto(chain: Chain, queue: DeviceQueue, head: u32, record: u32): bool {
  beginChain(chain, queue, head);
  while (nextPiece(chain)) {
    if (chain.writable && overlaps(record, chain.address, chain.length)) return true;
  }
  return false;
}

function overlaps(record: u32, address: u32, length: u32): bool {
  const end = record + load<u32>(record);
  for (let at = record + RECORD_BYTES; at < end;) {
    const piece = changetype<Remembered>(at as usize);
    const apart = address >= piece.address + piece.length || piece.address >= address + length;
    if (piece.writable && !apart) return true;
    at += PIECE_BYTES + (piece.writable ? 0 : piece.length);
  }
  return false;
}
