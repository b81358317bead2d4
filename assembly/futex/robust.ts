import { EINVAL } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { Task } from "../mm/task";
import { getSized, putSized } from "../uaccess/sized";
import { compareExchangeLocked } from "./atomic";
import { taskOn } from "./call";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS, FLAG_SIZE_U32, MATCH_ANY } from "./flags";
import { beforeRetry, mayRetry } from "./lockPi";
import { futexWake } from "./wake";

/**
 * Robust lists: locks that a thread leaves to others when it ends (exit_robust_list, kernel/futex/core.c, 6.18).
 *
 *   head  ┌──────┬────────┬─────────┐        offset: from a node to its lock's word; signed
 *         │ next │ offset │ pending │        bit 0 of a pointer to a node: the lock is a PI futex
 *         └──────┴────────┴─────────┘
 */
const PI_BIT: u64 = 1;
const HEAD_WORDS: u32 = 3;
/** ROBUST_LIST_LIMIT: a list that goes round in circles has an end here. */
export const LONGEST_LIST: u32 = 2048;

/** Bytes of a pointer in the program's own list. */
function widthOf(task: Task): u32 {
  return min<u32>(task.wordBytes, profile().wordBytes);
}

/** A 32-bit program on a 64-bit kernel has a list of its own kind. */
@inline
function isCompat(width: u32): bool {
  return width < profile().wordBytes;
}

/** set_robust_list, for the CPU's task: 0 or −EINVAL. The pointer itself is not looked at. */
export function setRobustList(cpu: Cpu, head: u64, length: u64): i32 {
  const task = taskOn(cpu);
  const width = widthOf(task);
  if (length != HEAD_WORDS * width) return -EINVAL;
  if (isCompat(width)) task.robustList32 = head as u32;
  else task.robustList = head;
  return 0;
}

/** get_robust_list of `task`: stores the length, then the head: 0 or −EFAULT. */
export function getRobustList(cpu: Cpu, task: Task, headAt: u64, lengthAt: u64): i32 {
  const width = widthOf(taskOn(cpu));
  const head: u64 = isCompat(width) ? task.robustList32 : task.robustList;
  const result = putSized(cpu, lengthAt, HEAD_WORDS * width, width);
  return result != 0 ? result : putSized(cpu, headAt, head, width);
}

/** Both lists of the CPU's task, which ends. */
export function exitRobustLists(cpu: Cpu): void {
  const task = taskOn(cpu);
  const width = profile().wordBytes;
  if (task.robustList != 0) walkList(cpu, task.robustList, width);
  if (task.robustList32 != 0) walkList(cpu, task.robustList32, 4);
  task.robustList = 0;
  task.robustList32 = 0;
}

/** A word of the list, in `cpu.value`; false after a fault. */
function readPointer(cpu: Cpu, va: u64, width: u32): bool {
  return getSized(cpu, va, width) == 0;
}

@inline
function signExtended(value: u64, width: u32): u64 {
  return width == 8 ? value : (value as i32 as i64 as u64);
}

/** An address of the program's own width. */
@inline
function wrapped(va: u64, width: u32): u64 {
  return width == 8 ? va : va & u32.MAX_VALUE;
}

/** exit_robust_list: whatever cannot be read, or whose lock cannot be dealt with, ends it. */
function walkList(cpu: Cpu, head: u64, width: u32): void {
  if (!readPointer(cpu, head, width)) return;
  let entry = cpu.value;
  if (!readPointer(cpu, wrapped(head + width, width), width)) return;
  const offset = signExtended(cpu.value, width);
  if (!readPointer(cpu, wrapped(head + 2 * width, width), width)) return;
  const pending = cpu.value;
  for (let done: u32 = 0; (entry & ~PI_BIT) != head && done < LONGEST_LIST; done++) {
    const readable = readPointer(cpu, entry & ~PI_BIT, width);
    const next = cpu.value;
    const skipped = (entry & ~PI_BIT) == (pending & ~PI_BIT);
    if (!skipped && !settleLock(cpu, entry, offset, width, false)) return;
    if (!readable) return;
    entry = next;
  }
  if ((pending & ~PI_BIT) != 0) settleLock(cpu, pending, offset, width, true);
}

/** handle_futex_death, for the lock of a node: false for one that cannot be dealt with. */
function settleLock(cpu: Cpu, node: u64, offset: u64, width: u32, pending: bool): bool {
  const va = wrapped((node & ~PI_BIT) + offset, width);
  if ((va & 3) != 0) return false;
  return (node & PI_BIT) != 0 ? leaveDead(cpu, va, true) : leaveOrWake(cpu, va, pending);
}

/** A lock that was just being let go has nobody in it, but perhaps somebody who waits for it. */
function leaveOrWake(cpu: Cpu, va: u64, pending: bool): bool {
  if (!pending) return leaveDead(cpu, va, false);
  if (getSized(cpu, va, 4) != 0) return false;
  if (((cpu.value as u32) & FUTEX_TID_MASK) != 0) return leaveDead(cpu, va, false);
  wakeOne(cpu, va);
  return true;
}

/** Marks a word that names the task as left by a dead owner; of a PI futex the kernel wakes the heir elsewhere. */
function leaveDead(cpu: Cpu, va: u64, pi: bool): bool {
  while (true) {
    if (getSized(cpu, va, 4) != 0) return false;
    const word = cpu.value as u32;
    if ((word & FUTEX_TID_MASK) != taskOn(cpu).id) return true;
    const seen = compareExchangeLocked(cpu, va, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
    if (seen == (word as i64)) {
      if (!pi && (word & FUTEX_WAITERS) != 0) wakeOne(cpu, va);
      return true;
    }
    const result = min<i64>(seen, 0) as i32;
    if (mayRetry(result) && beforeRetry(cpu, va, result) != 0) return false;
  }
}

/** The kernel does not know how the program waits: it wakes as for a shared futex, and forgives every error. */
export function wakeOne(cpu: Cpu, va: u64): void {
  futexWake(cpu, va, FLAG_SIZE_U32, 1, MATCH_ANY);
}
