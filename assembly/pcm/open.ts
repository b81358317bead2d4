import { ENOMEM } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { pageAddress } from "../machine/frame";
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE, header } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";
import { FILE_DEVICE, MappedFile, filePage, filePut, isUsedByOthers, openFile } from "../mm/file";
import { NEVER_UPDATED } from "./clock";
import { DRIVER_OPEN, deviceOf, freeDevice, newDevice } from "./device";
import { driverNote } from "./driver";
import { joinCable } from "./loopback";
import { FILE_OPEN, Stream, addressOf, lockLinks, streamAt, unlockLinks } from "./runtime";

/** Opening a substream, and the memory it owns. */

/** Pages of the file that holds the two records. */
export const STATUS_PAGE: u64 = 0;
export const CONTROL_PAGE: u64 = 1;

/** The lowest number a program gets for a file after its three standard ones. */
const FIRST_DESCRIPTOR: u32 = 3;

/** Room for a hw_params structure between the halves of a negotiation. */
const IMAGE_BYTES: u32 = 1024;

/** Opens a substream of a device; its record's linear address, or 0 when RAM is full. `kind` is of DEVICE_*. */
export function openStream(
  cpu: Cpu,
  direction: u32,
  card: u32,
  id: u32,
  info: u32,
  kind: u32,
  nonblock: u32,
): u32 {
  const address = slabAlloc(offsetof<Stream>());
  if (address == 0) return 0;
  const stream = changetype<Stream>(address);
  if (!allocateRecords(stream, card, id, info, kind)) {
    freeStream(stream);
    return 0;
  }
  const word = profile().wordBytes;
  stream.wordBytes = word;
  stream.mask = word == 8 ? u64.MAX_VALUE : u32.MAX_VALUE;
  stream.signBit = stream.mask ^ (stream.mask >> 1);
  stream.availMinAt = stream.controlPage + word;
  stream.direction = direction;
  stream.nonblock = nonblock;
  stream.hwPtrJiffies = NEVER_UPDATED;
  enlist(stream);
  driverNote(cpu, stream, DRIVER_OPEN);
  return address as u32;
}

function allocateRecords(stream: Stream, card: u32, id: u32, info: u32, kind: u32): bool {
  stream.device = newDevice(card, id, info, kind);
  stream.image = slabAlloc(IMAGE_BYTES) as u32;
  stream.recordFile = openFile(2 * PAGE_SIZE, 0, FILE_DEVICE) as u32;
  if (stream.recordFile != 0) {
    stream.statusPage = recordPage(stream, STATUS_PAGE);
    stream.controlPage = recordPage(stream, CONTROL_PAGE);
  }
  return (
    stream.device != 0 && stream.image != 0 && stream.statusPage != 0 && stream.controlPage != 0
  );
}

function recordPage(stream: Stream, index: u64): u32 {
  const pfn = filePage(changetype<MappedFile>(stream.recordFile as usize), index);
  return pfn == 0 ? 0 : (pageAddress(pfn) as u32);
}

/** Nothing of the stream may be used afterwards. */
export function freeStream(stream: Stream): void {
  if (stream.device != 0) freeDevice(deviceOf(stream));
  if (stream.image != 0) slabFree(stream.image);
  if (stream.recordFile != 0) filePut(changetype<MappedFile>(stream.recordFile as usize));
  slabFree(changetype<usize>(stream));
}

function enlist(stream: Stream): void {
  lockLinks();
  stream.descriptor = freeDescriptor();
  deviceOf(stream).substream = freeSubstream(stream);
  joinCable(stream);
  stream.next = header().streams;
  header().streams = addressOf(stream);
  unlockLinks();
}

function freeDescriptor(): u32 {
  let descriptor = FIRST_DESCRIPTOR;
  while (streamOfDescriptor(descriptor) != 0) descriptor += 1;
  return descriptor;
}

/** The lowest number that no open file of the same device and direction has. */
function freeSubstream(stream: Stream): u32 {
  let number: u32 = 0;
  while (substreamIsOpen(stream, number)) number += 1;
  return number;
}

function substreamIsOpen(stream: Stream, number: u32): bool {
  let at = header().streams;
  while (
    at != 0 &&
    !(isSameDevice(streamAt(at), stream) && deviceOf(streamAt(at)).substream == number)
  ) {
    at = streamAt(at).next;
  }
  return at != 0;
}

function isSameDevice(one: Stream, other: Stream): bool {
  const first = deviceOf(one);
  const second = deviceOf(other);
  return one.direction == other.direction && first.card == second.card && first.id == second.id;
}

/** How many files of the stream's device and direction are open. */
export function openSubstreams(stream: Stream): u32 {
  let count: u32 = 0;
  for (let at = header().streams; at != 0; at = streamAt(at).next) {
    if (isSameDevice(streamAt(at), stream)) count += 1;
  }
  return count;
}

/** The open stream that a program knows by this number; 0 = none. */
export function streamOfDescriptor(descriptor: u32): u32 {
  let at = header().streams;
  while (at != 0 && !isKnownBy(streamAt(at), descriptor)) at = streamAt(at).next;
  return at;
}

/** A number is free again once its file was closed. */
function isKnownBy(stream: Stream, descriptor: u32): bool {
  return stream.life == FILE_OPEN && stream.descriptor == descriptor;
}

/**
 * Zeroed ring memory of `bytes`, in one folio of a file so that programs can map it. −ENOMEM when RAM is full; what
 * was there before is gone either way.
 */
export function allocateRing(stream: Stream, bytes: u32): i32 {
  freeRing(stream);
  const pages = (((bytes as u64) + PAGE_MASK) >> PAGE_SHIFT) as u32;
  const order: u32 = pages <= 1 ? 0 : 32 - clz(pages - 1);
  const address = openFile((pages as u64) << PAGE_SHIFT, order, FILE_DEVICE);
  if (address == 0) return -ENOMEM;
  const file = changetype<MappedFile>(address);
  const pfn = filePage(file, 0);
  if (pfn == 0) {
    filePut(file);
    return -ENOMEM;
  }
  stream.ringFile = address as u32;
  stream.ring = pageAddress(pfn) as u32;
  stream.dmaBytes = bytes;
  return 0;
}

export function freeRing(stream: Stream): void {
  if (stream.ringFile != 0) filePut(changetype<MappedFile>(stream.ringFile as usize));
  stream.ringFile = 0;
  stream.ring = 0;
  stream.dmaBytes = 0;
}

/** True while a program has the ring mapped: then its memory may not go. */
export function ringIsMapped(stream: Stream): bool {
  return stream.ringFile != 0 && isUsedByOthers(changetype<MappedFile>(stream.ringFile as usize));
}
