import { EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { kfree, kmalloc } from "../machine/slab";
import { Task } from "../mm/task";
import { userReadAccessBegin, userReadAccessEnd } from "./block";
import { accessOk } from "./check";
import { copyFromUserUnchecked, copyToUserUnchecked } from "./copy";
import { DIRECTION_READ } from "./guard";
import { unsafeGetSized } from "./sized";

/** Lists of pieces of user memory (lib/iov_iter.c, 6.18). */

/** UIO_MAXIOV: most pieces a list may have. */
const MOST_SEGMENTS: u64 = 1024;
/** MAX_RW_COUNT: most bytes that one call moves; the largest int, less what is not a whole page. */
export const MAX_RW_COUNT: u32 = 0x7ffff000;

/** struct iovec as the kernel keeps it, whatever a task's word is. */
@unmanaged
export class Segment {
  base: u64;
  length: u64;
}

/** A list in kernel memory and how far its user has come; the elements follow. One object, freed by freeSegments. */
@unmanaged
export class Segments {
  left: u64; // bytes from here to the end
  at: u32; // the current element, and how far into it
  count: u32;
  offset: u64;
}

@inline
export function segmentAt(list: Segments, index: u32): Segment {
  return changetype<Segment>(
    changetype<usize>(list) + offsetof<Segments>() + index * offsetof<Segment>(),
  );
}

@inline
export function freeSegments(list: Segments): void {
  kfree(changetype<usize>(list));
}

/**
 * The task's list at `pointer`, unchecked but for negative lengths. 0 with the list's address in `cpu.value`; −EINVAL,
 * −EFAULT or −ENOMEM. A list of none is not looked at.
 */
export function copySegments(cpu: Cpu, pointer: u64, count: u64): i32 {
  if (count > MOST_SEGMENTS) return -EINVAL;
  const bytes = offsetof<Segments>() + (count as u32) * offsetof<Segment>();
  const address = kmalloc(bytes);
  if (address == 0) return -ENOMEM;
  memory.fill(address, 0, bytes);
  const list = changetype<Segments>(address);
  list.count = count as u32;
  const result = readSegments(cpu, pointer, list);
  cpu.value = address;
  if (result != 0) freeSegments(list);
  return result;
}

/** Element by element: what comes first, an unreadable one or a negative length, decides. */
function readSegments(cpu: Cpu, pointer: u64, list: Segments): i32 {
  const word = changetype<Task>(cpu.task as usize).wordBytes;
  const bytes = 2 * word;
  if (list.count == 0) return 0;
  if (!userReadAccessBegin(cpu, pointer, (list.count as u64) * bytes)) return -EFAULT;
  let result: i32 = 0;
  for (let index: u32 = 0; index < list.count && result == 0; index++) {
    result = readSegment(cpu, pointer + (index as u64) * bytes, word, segmentAt(list, index));
    list.left += segmentAt(list, index).length;
  }
  userReadAccessEnd(cpu);
  return result;
}

function readSegment(cpu: Cpu, va: u64, word: u32, segment: Segment): i32 {
  if (unsafeGetSized(cpu, va + word, word) != 0) return -EFAULT;
  const length = cpu.value;
  if (unsafeGetSized(cpu, va, word) != 0) return -EFAULT;
  if (((length >> ((word << 3) - 1)) & 1) != 0) return -EINVAL;
  segment.base = cpu.value;
  segment.length = length;
  return 0;
}

/**
 * import_iovec: the list of a call that moves data from or to the task's own memory. The count is an int; every piece
 * passes access_ok, the total is capped (a single piece before its check, several after). As copySegments else.
 */
export function importSegments(cpu: Cpu, pointer: u64, count: u32): i32 {
  const result = copySegments(cpu, pointer, count);
  if (result != 0) return result;
  const list = changetype<Segments>(cpu.value as usize);
  const single = list.count == 1;
  if (single) capSegments(list);
  if (!rangesOk(cpu, list)) {
    freeSegments(list);
    return -EFAULT;
  }
  if (!single) capSegments(list);
  return 0;
}

function rangesOk(cpu: Cpu, list: Segments): bool {
  for (let index: u32 = 0; index < list.count; index++) {
    const segment = segmentAt(list, index);
    if (!accessOk(cpu, segment.base, segment.length, DIRECTION_READ)) return false;
  }
  return true;
}

function capSegments(list: Segments): void {
  let room: u64 = MAX_RW_COUNT;
  for (let index: u32 = 0; index < list.count; index++) {
    const segment = segmentAt(list, index);
    segment.length = min<u64>(segment.length, room);
    room -= segment.length;
  }
  list.left = MAX_RW_COUNT - room;
}

/** Moves on by what was copied. */
function advance(list: Segments, bytes: u64): void {
  list.left -= bytes;
  list.offset += bytes;
}

/** The current element with something left; what the list has left is not 0. */
function current(list: Segments): Segment {
  while (list.offset == segmentAt(list, list.at).length) {
    list.at += 1;
    list.offset = 0;
  }
  return segmentAt(list, list.at);
}

/** copy_to_iter: bytes copied, fewer than `length` where the list ends or a piece faults. */
export function copyToSegments(cpu: Cpu, list: Segments, source: usize, length: u32): u32 {
  let done: u32 = 0;
  while (done < length && list.left != 0) {
    const segment = current(list);
    const piece = min<u64>(segment.length - list.offset, length - done) as u32;
    const left = copyToUserUnchecked(cpu, segment.base + list.offset, source + done, piece);
    advance(list, piece - left);
    done += piece - left;
    if (left != 0) break;
  }
  return done;
}

/** copy_from_iter: bytes copied; nothing is zeroed. */
export function copyFromSegments(cpu: Cpu, list: Segments, target: usize, length: u32): u32 {
  let done: u32 = 0;
  while (done < length && list.left != 0) {
    const segment = current(list);
    const piece = min<u64>(segment.length - list.offset, length - done) as u32;
    const left = copyFromUserUnchecked(cpu, target + done, segment.base + list.offset, piece);
    advance(list, piece - left);
    done += piece - left;
    if (left != 0) break;
  }
  return done;
}
