// The raw-wasm limit: each work item with nothing around it. No range check, no guard, no
// translation, no fault; just the loads and stores that the work cannot do without, on plain linear
// addresses that the caller chose. Every loop is here, inside wasm, so that no call is timed.
import {
  APPL_PTR,
  AUDIO_NSEC,
  AUDIO_SEC,
  AVAIL_MIN,
  CONTROL,
  HW_PTR,
  SOURCE_SHIFT,
  STATE,
  STATUS,
  STATUS_SIZE,
  STRUCTS,
  STRUCT_SHIFT,
  SUSPENDED_STATE,
  TSTAMP_NSEC,
  TSTAMP_SEC,
} from "../compatLayout";
import { LINE_MASK, LINE_SHIFT, SHIFT_A, SHIFT_B, SHIFT_C } from "../pageOrder";

const U32 = 4;
const U64 = 8;
const V128 = 16;
/** Above this `memory.copy` wins, below it the call into it costs more than the copy. */
const SIMD_MAX: i32 = 512;

@inline
function structAt(user: usize, i: i32): usize {
  return user + ((<usize>(i & (STRUCTS - 1))) << STRUCT_SHIFT);
}

/** W1a and W1b, `n` times: nine stores of a value that changes every time, so none can be dropped. */
export function storeNine(user: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const u = structAt(user, i);
    store<u32>(u, i, STATE);
    store<u32>(u, i, HW_PTR);
    store<u32>(u, i, TSTAMP_SEC);
    store<u32>(u, i, TSTAMP_NSEC);
    store<u32>(u, i, SUSPENDED_STATE);
    store<u32>(u, i, AUDIO_SEC);
    store<u32>(u, i, AUDIO_NSEC);
    store<u32>(u, i, APPL_PTR);
    store<u32>(u, i, AVAIL_MIN);
  }
  return load<u32>(user, AVAIL_MIN);
}

/** As `storeNine`, with each value loaded from a record first, which every emulator has to do. */
export function moveNine(user: usize, source: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const u = structAt(user, i);
    const s = source + ((<usize>(i & (STRUCTS - 1))) << SOURCE_SHIFT);
    store<u32>(u, load<u32>(s), STATE);
    store<u32>(u, load<u32>(s, U32), HW_PTR);
    store<u32>(u, load<u32>(s, 2 * U32), TSTAMP_SEC);
    store<u32>(u, load<u32>(s, 3 * U32), TSTAMP_NSEC);
    store<u32>(u, load<u32>(s, 4 * U32), SUSPENDED_STATE);
    store<u32>(u, load<u32>(s, 5 * U32), AUDIO_SEC);
    store<u32>(u, load<u32>(s, 6 * U32), AUDIO_NSEC);
    store<u32>(u, load<u32>(s, 7 * U32), APPL_PTR);
    store<u32>(u, load<u32>(s, 8 * U32), AVAIL_MIN);
  }
  return load<u32>(user, AVAIL_MIN);
}

/** Zeroes both images (holes must not leak), then the nine stores. The control image comes second. */
@inline
function fillImages(bounce: usize, value: u32): void {
  const zero = i64x2.splat(0);
  v128.store(bounce, zero);
  v128.store(bounce, zero, V128);
  store<u64>(bounce, 0, STATUS_SIZE);
  store<u32>(bounce, value, STATE - STATUS);
  store<u32>(bounce, value, HW_PTR - STATUS);
  store<u32>(bounce, value, TSTAMP_SEC - STATUS);
  store<u32>(bounce, value, TSTAMP_NSEC - STATUS);
  store<u32>(bounce, value, SUSPENDED_STATE - STATUS);
  store<u32>(bounce, value, AUDIO_SEC - STATUS);
  store<u32>(bounce, value, AUDIO_NSEC - STATUS);
  store<u32>(bounce, value, STATUS_SIZE + APPL_PTR - CONTROL);
  store<u32>(bounce, value, STATUS_SIZE + AVAIL_MIN - CONTROL);
}

/** W1c, `n` times: both images in the bounce buffer, then one copy of 32 bytes and one of 8. */
export function bounceNine(user: usize, bounce: usize, n: i32): i32 {
  for (let i = 0; i < n; i++) {
    const u = structAt(user, i);
    fillImages(bounce, i);
    v128.store(u, v128.load(bounce), STATUS);
    v128.store(u, v128.load(bounce, V128), STATUS + V128);
    store<u64>(u, load<u64>(bounce, STATUS_SIZE), CONTROL);
  }
  return load<u32>(user, AVAIL_MIN);
}

@inline
function copySmall(to: usize, from: usize, length: i32): void {
  const end = from + <usize>length;
  while (from + 4 * V128 <= end) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, V128), V128);
    v128.store(to, v128.load(from, 2 * V128), 2 * V128);
    v128.store(to, v128.load(from, 3 * V128), 3 * V128);
    from += 4 * V128;
    to += 4 * V128;
  }
  while (from + V128 <= end) {
    v128.store(to, v128.load(from));
    from += V128;
    to += V128;
  }
  if (from + U64 <= end) {
    store<u64>(to, load<u64>(from));
    from += U64;
    to += U64;
  }
  while (from < end) {
    store<u8>(to, load<u8>(from));
    from++;
    to++;
  }
}

/** W2 and W3, `n` times: `length` bytes from one linear address to another. */
export function copyBytes(to: usize, from: usize, length: i32, n: i32): i32 {
  if (length <= SIMD_MAX) {
    for (let i = 0; i < n; i++) copySmall(to, from, length);
  } else {
    for (let i = 0; i < n; i++) memory.copy(to, from, length);
  }
  return load<u8>(to);
}

/**
 * W5, `n` reads of random pages: one load from a flat table of linear addresses stands for the whole
 * translation, then the data. Returns the sum of what was read.
 */
export function readPages(table: usize, pageMask: u32, seed: u32, n: i32): u32 {
  let x = seed;
  let sum: u32 = 0;
  for (let i = 0; i < n; i++) {
    x ^= x << SHIFT_A;
    x ^= x >> SHIFT_B;
    x ^= x << SHIFT_C;
    const page = x & pageMask;
    const frame = load<u32>(table + ((<usize>page) << 2));
    sum += load<u32>(<usize>frame + <usize>((page << LINE_SHIFT) & LINE_MASK));
  }
  return sum;
}

/**
 * The samples of S1, `n` times: `length` bytes into a ring of `size` bytes (a power of two), one behind the other, in two
 * pieces where they go over its end. Returns where the next would begin.
 */
export function copyToRing(ring: usize, size: u32, from: usize, length: i32, n: i32): u32 {
  let head: u32 = 0;
  for (let i = 0; i < n; i++) {
    const at = head & (size - 1);
    const room = (size - at) as i32;
    if (length > room) {
      memory.copy(ring + at, from, room);
      memory.copy(ring, from + room, length - room);
    } else if (length <= SIMD_MAX) copySmall(ring + at, from, length);
    else memory.copy(ring + at, from, length);
    head += length;
  }
  return head;
}
