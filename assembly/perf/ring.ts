import { kfree, kmalloc, slabAlloc, slabFree } from "../machine/slab";
import { PAGE_SIZE } from "../machine/map";
import { PerfLevel } from "./event";

/**
 * The ring buffer between kernel and reader (kernel/events/ring_buffer.c, 6.18): a control page and 2^n data pages, as
 * the reader has them mapped. Positions only grow (in a ring that is written backwards: only shrink); they are used
 * modulo the size of the data.
 */
@unmanaged
export class Ring {
  control: u32; // ControlPage
  data: u32;
  bytes: u64; // of the data pages; 0 where there is the control page alone
  head: u64;
  mark: u64; // wake-up mark (rb->wakeup)
  watermark: u64; // bytes behind the mark that wake the reader
  lost: u64; // records lost since the last one that was stored
  events: u32; // samples stored since the reader was last woken by their number
  overwrite: u32; // the reader cannot write data_tail: what is old is written over
  paused: u32;
  poll: u32; // what poll() answers next
  users: u32; // events that write to it
}

/** struct perf_event_mmap_page, as far as it says anything without a hardware counter. */
export const CONTROL_VERSION_AT: u32 = 0;
export const CONTROL_COMPAT_VERSION_AT: u32 = 4;
export const CONTROL_DATA_HEAD_AT: u32 = 1024;
export const CONTROL_DATA_TAIL_AT: u32 = 1032;
export const CONTROL_DATA_OFFSET_AT: u32 = 1040;
export const CONTROL_DATA_SIZE_AT: u32 = 1048;
export const CONTROL_AUX_HEAD_AT: u32 = 1056;
export const CONTROL_AUX_SIZE_AT: u32 = 1080;

export const POLLIN: u32 = 1;

/** A ring of `bytes` of data (0, or pages in a power of two); 0 when RAM is full. `watermark` 0: half of it. */
export function createRing(bytes: u32, watermark: u32, overwrite: u32): u32 {
  const address = slabAlloc(offsetof<Ring>());
  if (address == 0) return 0;
  const ring = changetype<Ring>(address);
  ring.control = kmalloc(PAGE_SIZE) as u32;
  if (bytes != 0) ring.data = kmalloc(bytes) as u32;
  if (ring.control == 0 || (bytes != 0 && ring.data == 0)) {
    freeRing(ring);
    return 0;
  }
  ring.bytes = bytes;
  ring.watermark = watermark == 0 ? bytes >> 1 : min(watermark, bytes);
  ring.overwrite = overwrite;
  ring.paused = bytes == 0 ? 1 : 0;
  store<u64>(ring.control + CONTROL_DATA_OFFSET_AT, PAGE_SIZE);
  store<u64>(ring.control + CONTROL_DATA_SIZE_AT, bytes);
  return address as u32;
}

export function freeRing(ring: Ring): void {
  if (ring.control != 0) kfree(ring.control);
  if (ring.data != 0) kfree(ring.data);
  slabFree(changetype<usize>(ring));
}

/** What a reader does that has read everything: data_tail becomes data_head. */
@inline
export function takeAll(ring: Ring): void {
  store<u64>(ring.control + CONTROL_DATA_TAIL_AT, ring.head);
}

/** What ring_buffer_has_space compares with: one byte always stays free; whatever stands in data_tail is taken modulo the size. */
@inline
export function freeBytes(ring: Ring, backward: bool): u64 {
  const tail = load<u64>(ring.control + CONTROL_DATA_TAIL_AT);
  const free = backward ? ring.head - tail - 1 : tail - ring.head - 1;
  return free & (ring.bytes - 1);
}

/** A record that was written straight into a ring ends at `head`: what `reserve` and `publish` do around one. */
@inline
export function takeRoom(ring: Ring, head: u64): void {
  ring.head = head;
  if (head - ring.mark > ring.watermark) {
    ring.mark += ring.watermark;
    ring.poll = POLLIN;
  }
  store<u64>(ring.control + CONTROL_DATA_HEAD_AT, head);
}

/**
 * Takes `bytes` of the ring for a record, which `put…` then write at the level's position. False when they do not fit.
 */
export function reserve(level: PerfLevel, ring: Ring, bytes: u64, backward: bool): bool {
  if (ring.overwrite == 0 && freeBytes(ring, backward) < bytes) return false;
  level.ring = changetype<usize>(ring) as u32;
  level.mark = ring.mark;
  level.at = backward ? ring.head - bytes : ring.head;
  ring.head = backward ? level.at : ring.head + bytes;
  const written = backward ? -ring.head : ring.head;
  if (written - ring.mark > ring.watermark) ring.mark += ring.watermark;
  return true;
}

/** perf_output_end: the reader sees the record, and is woken where the mark moved. */
export function publish(level: PerfLevel): void {
  const ring = ringOf(level);
  store<u64>(ring.control + CONTROL_DATA_HEAD_AT, ring.head);
  if (ring.mark != level.mark) ring.poll = POLLIN;
}

/** Wakes the reader at every n-th sample. */
export function countSample(level: PerfLevel, every: u32): void {
  const ring = ringOf(level);
  ring.events += 1;
  if (ring.events < every) return;
  ring.events -= every;
  ring.mark += 1;
}

@inline
function ringOf(level: PerfLevel): Ring {
  return changetype<Ring>(level.ring as usize);
}

@inline
export function put64(level: PerfLevel, value: u64): void {
  const ring = ringOf(level);
  const offset = (level.at & (ring.bytes - 1)) as u32;
  level.at += 8;
  if (offset + 8 <= (ring.bytes as u32)) store<u64>(ring.data + offset, value);
  else putSplit(ring, offset, value);
}

/** A word over the end of the ring, as records of odd size leave them. */
function putSplit(ring: Ring, offset: u32, value: u64): void {
  for (let byte: u32 = 0; byte < 8; byte++) {
    const at = (offset + byte) & ((ring.bytes as u32) - 1);
    store<u8>(ring.data + at, (value >> (byte << 3)) as u8);
  }
}

/** Two words of 4 bytes. */
@inline
export function putPair(level: PerfLevel, low: u32, high: u32): void {
  put64(level, (low as u64) | ((high as u64) << 32));
}

/** struct perf_event_header: type, misc, and of the size what 16 bits hold. */
@inline
export function putHeader(level: PerfLevel, type: u32, misc: u32, bytes: u32): void {
  putPair(level, type, misc | (bytes << 16));
}

/** Bytes from the next one to the end of the ring. */
@inline
export function roomToEnd(level: PerfLevel): u32 {
  const ring = ringOf(level);
  return (ring.bytes as u32) - ((level.at & (ring.bytes - 1)) as u32);
}

/** Linear address of the next byte. */
@inline
export function nextByte(level: PerfLevel): usize {
  const ring = ringOf(level);
  return ring.data + ((level.at & (ring.bytes - 1)) as u32);
}

export function putBytes(level: PerfLevel, source: usize, bytes: u32): void {
  while (bytes > 0) {
    const piece = min(bytes, roomToEnd(level));
    memory.copy(nextByte(level), source, piece);
    level.at += piece;
    source += piece;
    bytes -= piece;
  }
}

/** perf_output_skip: the ring keeps what stood there. */
@inline
export function skip(level: PerfLevel, bytes: u32): void {
  level.at += bytes;
}
