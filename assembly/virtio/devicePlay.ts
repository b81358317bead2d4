import { header } from "../machine/map";
import { beginChain, nextPiece, trustChain, watchChain } from "./chain";
import { DeviceQueue, SoundDevice, chainOf } from "./device";
import { dropWaiting, removeWaiting, returnEntry } from "./deviceRings";
import { STATUS_BYTES, noteCompletion } from "./deviceStream";
import { STATUS_OK } from "./numbers";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_WRITE,
  Descriptor,
  descriptorAt,
  linkOf,
} from "./vring";

/** Bytes of the header, the first that the device reads. */
const HEADER_BYTES: u32 = 4;

/**
 * Plays the oldest message of a queue: reads its data, all readable bytes behind the header, into the device's own
 * output, as far as that goes, and returns it.
 */
export function playMessage(device: SoundDevice, queue: DeviceQueue): void {
  const head = removeWaiting(device, queue, 0);
  playHead(device, queue, head);
  noteCompletion(device, queue, head, STATUS_OK, 0, STATUS_BYTES);
}

/** The same where nobody wants to know more of it. */
@inline
export function playPlain(device: SoundDevice, queue: DeviceQueue): void {
  playHead(device, queue, dropWaiting(queue, 0));
}

@inline
function playHead(device: SoundDevice, queue: DeviceQueue, head: u32): void {
  let status: u32 = STUDY ? 0 : hitData(device, queue, head);
  if (status == 0) status = readData(device, queue, head);
  if (status != 0) {
    store<u32>(status, STATUS_OK);
    store<u32>(status, 0, 4);
  }
  returnEntry(queue, head, STATUS_BYTES);
}

/** Where the last piece is, if it is a status; else 0. The way through the chain says what is wrong with it. */
export function readData(device: SoundDevice, queue: DeviceQueue, head: u32): u32 {
  const chain = chainOf(device);
  let room = device.outputBytes;
  let skip = HEADER_BYTES;
  let at = device.output;
  let status: u32 = 0;
  watchChain(chain);
  beginChain(chain, queue, head);
  while (nextPiece(chain)) {
    const length = chain.length;
    status = chain.writable && length >= STATUS_BYTES ? chain.address : 0;
    if (chain.writable) continue;
    const skipped = min(skip, length);
    const part = min(length - skipped, room);
    memory.copy(at, chain.address + skipped, part);
    skip -= skipped;
    at += part;
    room -= part;
  }
  trustChain(chain);
  device.played = at - device.output;
  return status;
}

/**
 * The same written out, for a message as every driver makes it: a table of its own, in order, a header of its own, data
 * whose pieces are adjacent, and a status. 0 for any other, of which nothing is told here.
 *
 *   ┌────────┐ ┌──────┐ ┌──────┐     ┌────────┐
 *   │ header │→│ data │→│ data │→ … →│ status │
 *   └────────┘ └──────┘ └──────┘     └────────┘
 */
@inline
function hitData(device: SoundDevice, queue: DeviceQueue, head: u32): u32 {
  const h = header();
  const ram = h.ram;
  const ramBytes = h.ramBytes;
  if (head >= queue.entries) return 0;
  const entry = descriptorAt(queue.table, head);
  if (entry.flags != DESCRIPTOR_INDIRECT) return 0;
  // each read once: what was found to lie in RAM is what is used, whoever stores meanwhile
  const tableAt = entry.address;
  const tableBytes = entry.length;
  if (outside(tableAt, tableBytes, ramBytes)) return 0;
  const table = ram + (tableAt as u32);
  const last = tableBytes / DESCRIPTOR_BYTES - 1;
  if ((last as i32) < 2 || !startsAsUsual(table, ramBytes)) return 0;
  const status = descriptorAt(table, last);
  const statusAt = status.address;
  const statusBytes = status.length;
  if (status.flags != DESCRIPTOR_WRITE || statusBytes < STATUS_BYTES) return 0;
  if (outside(statusAt, statusBytes, ramBytes)) return 0;

  const first = descriptorAt(table, 1);
  if (!goesOn(first, 1)) return 0;
  const start = first.address;
  let bytes: u64 = first.length;
  for (let index: u32 = 2; index < last; index++) {
    const piece = descriptorAt(table, index);
    if (piece.address != start + bytes || !goesOn(piece, index)) return 0;
    bytes += piece.length;
  }
  if (outside(start, bytes, ramBytes)) return 0;
  const part = min(bytes as u32, device.outputBytes);
  if (part != 0) memory.copy(device.output, ram + (start as u32), part);
  device.played = part;
  return ram + (statusAt as u32);
}

/** Its header is a piece of its own, and the next piece is the next. */
@inline
function startsAsUsual(table: u32, ramBytes: u32): bool {
  const first = descriptorAt(table, 0);
  return (
    first.length == HEADER_BYTES &&
    goesOn(first, 0) &&
    !outside(first.address, HEADER_BYTES, ramBytes)
  );
}

/** The device reads it, and the next piece is the next. */
@inline
function goesOn(piece: Descriptor, index: u32): bool {
  return linkOf(piece) == (DESCRIPTOR_NEXT | ((index + 1) << 16));
}

@inline
function outside(address: u64, length: u64, ramBytes: u64): bool {
  return address > ramBytes || length > ramBytes - address;
}
