import { Cpu } from "../machine/cpu";
import { EVENT_BYTES, EVENT_SLOTS, header } from "../machine/map";

/** Kinds of event in the study build's ring; the host's table names them. */
export const EVENT_RANGE_CHECK: u32 = 1; // detail: size; flag: checkFlag
export const EVENT_GUARD_OPEN: u32 = 2; // detail: direction; flag: origin
export const EVENT_GUARD_CLOSE: u32 = 3; // likewise
export const EVENT_LOAD: u32 = 4; // detail: bytes; flag: origin
export const EVENT_STORE: u32 = 5;
export const EVENT_COPY_FROM: u32 = 6; // detail: bytes; flag: copyFlag
export const EVENT_COPY_TO: u32 = 7;
export const EVENT_WALK: u32 = 8;
export const EVENT_FAULT: u32 = 9; // detail: access
export const EVENT_FIXUP: u32 = 10;
export const EVENT_POINTER_UPDATE: u32 = 11;
export const EVENT_SHOOTDOWN: u32 = 12; // detail: CPU asked
export const EVENT_ACKNOWLEDGE: u32 = 13;
export const EVENT_MMAP_LOCK: u32 = 14; // detail: 1 read, 2 write, 0 released
export const EVENT_FUNCTION: u32 = 15; // a kernel function that uses the accessors was entered
export const EVENT_BLOCK: u32 = 16; // detail: direction
export const EVENT_CLEAR: u32 = 17; // detail: bytes
export const EVENT_REMOTE_MOVE: u32 = 18; // of another address space: detail: bytes; flag: MOVED_*
export const EVENT_KERNEL_LOAD: u32 = 19; // of a word of the kernel's own: address: linear; detail: bytes
export const EVENT_KERNEL_STORE: u32 = 20; // likewise

/** Under which lock bytes of another address space were had: its area's own, or the mmap lock. */
export const MOVED_FAST: u32 = 0;
export const MOVED_SLOWLY: u32 = 1;

/** Which kind of primitive an event belongs to. */
export const ORIGIN_SINGLE: u32 = 1; // get_user, put_user
export const ORIGIN_BLOCK: u32 = 2; // user_access_begin and what stands in the block
export const ORIGIN_COPY: u32 = 3;

/** A range check's flag: origin above direction. */
export const CHECK_ORIGIN_SHIFT: u32 = 4;
export const CHECK_DIRECTION_MASK: u32 = (1 << CHECK_ORIGIN_SHIFT) - 1;

@inline
export function checkFlag(origin: u32, direction: u32): u32 {
  return (origin << CHECK_ORIGIN_SHIFT) | direction;
}

/** A copy's flag: both addresses modulo a cache line, the kernel's above the user's. */
export const COPY_KERNEL_SHIFT: u32 = 8;
export const COPY_LINE_MASK: u32 = 63;

@inline
export function copyFlag(kernel: usize, va: u64): u32 {
  return (((kernel as u32) & COPY_LINE_MASK) << COPY_KERNEL_SHIFT) | ((va as u32) & COPY_LINE_MASK);
}

/** Says which primitive the next events come from. */
@inline
export function setOrigin(cpu: Cpu, origin: u32): void {
  if (STUDY) cpu.origin = origin;
}

/**
 *   0       4      8        12     16       24       28       32
 *   ┌──────┬──────┬────────┬──────┬────────┬────────┬────────┐
 *   │kind  │cpu   │detail  │flag  │va      │sequence│task    │
 *   └──────┴──────┴────────┴──────┴────────┴────────┴────────┘
 */
@unmanaged
export class Event {
  kind: u32;
  cpu: u32;
  detail: u32;
  flag: u32;
  va: u64;
  sequence: u32;
  task: u32;
}

@inline
export function emit(cpu: Cpu, kind: u32, va: u64, detail: u32, flag: u32 = 0): void {
  if (STUDY) record(cpu, kind, va, detail, flag);
}

function record(cpu: Cpu, kind: u32, va: u64, detail: u32, flag: u32): void {
  if (offsetof<Event>() != EVENT_BYTES) ERROR("EVENT_BYTES is not an event's size");
  const h = header();
  const event = changetype<Event>(h.events + (h.eventCount % EVENT_SLOTS) * EVENT_BYTES);
  event.kind = kind;
  event.cpu = cpu.index;
  event.detail = detail;
  event.flag = flag;
  event.va = va;
  event.sequence = h.eventCount;
  event.task = cpu.task;
  h.eventCount += 1;
}
