import { EFAULT, ERANGE } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK, PAGE_SIZE, header } from "../machine/map";
import { objectBytesFrom } from "../machine/slab";
import { Task } from "../mm/task";
import { translateRead } from "./access";
import { accessOk } from "./check";
import { DIRECTION_READ, closeGuard, openForRead } from "./guard";

/**
 * Strings in user memory (lib/strncpy_from_user.c, lib/strnlen_user.c). A fault that lies after the NUL is never seen.
 */

/** A scan ended in a fault; otherwise it answers the bytes before the NUL, or `limit` if there was none. */
const SCAN_FAULT: i64 = -1;

@inline
function roomOnPage(va: u64): u32 {
  return PAGE_SIZE - ((va as u32) & PAGE_MASK);
}

/** Looks for the NUL page by page, copying to `target` on the way unless it is 0. */
function scan(cpu: Cpu, va: u64, limit: u32, target: usize): i64 {
  let at: u32 = 0;
  while (at < limit) {
    const run = min(roomOnPage(va + at), limit - at);
    const address = translateRead(cpu, va + at, 1);
    if (address == 0) return SCAN_FAULT;
    for (let byte: u32 = 0; byte < run; byte++) {
      const value = load<u8>(address + byte);
      if (target != 0) store<u8>(target + at + byte, value);
      if (value != 0) continue;
      if (target != 0) loadLastWord(cpu, va, at + byte, at + run, limit);
      return at + byte;
    }
    at += run;
  }
  return limit;
}

/**
 * strncpy_from_user loads whole words, counted from the string's start and as long as `limit` has room for one
 * (lib/strncpy_from_user.c): the one with the NUL may reach into the next page, which becomes present by it, or not.
 * `end` is where the NUL's page ends.
 */
function loadLastWord(cpu: Cpu, va: u64, nul: u32, end: u32, limit: u32): void {
  const wordBytes = profile().wordBytes;
  const word = nul - (nul % wordBytes);
  if (limit - word < wordBytes || word + wordBytes <= end) return;
  if (((va + end) & PAGE_MASK) == 0) translateRead(cpu, va + end, 1);
}

/** Bytes of user space from `va` on, at most `count`. */
@inline
function reach(cpu: Cpu, va: u64, count: u32): u32 {
  const start = va & cpu.untagMask;
  if (start >= cpu.limit) return 0;
  return min<u64>(cpu.limit - start, count) as u32;
}

function scanGuarded(cpu: Cpu, pointer: u64, count: u32, target: usize): i64 {
  const within = reach(cpu, pointer, count);
  if (within == 0) return SCAN_FAULT;
  if (!accessOk(cpu, pointer, within, DIRECTION_READ)) return SCAN_FAULT;
  const va = pointer & cpu.accessMask;
  openForRead(cpu, va);
  const length = scan(cpu, va, within, target);
  closeGuard(cpu, DIRECTION_READ);
  return length == within && within < count ? SCAN_FAULT : length;
}

/** strncpy_from_user: length without the NUL, `count` if there was none, −EFAULT. */
export function strncpyFromUser(cpu: Cpu, target: usize, va: u64, count: i32): i32 {
  if (count <= 0) return 0;
  const length = scanGuarded(cpu, va, count, target);
  return length == SCAN_FAULT ? -EFAULT : (length as i32);
}

/** strnlen_user: length including the NUL, 0 on a fault, more than `count` if there was no NUL. */
export function strnlenUser(cpu: Cpu, va: u64, count: i32): i32 {
  if (count <= 0) return 0;
  const length = scanGuarded(cpu, va, count, 0);
  return length == SCAN_FAULT ? 0 : (length as i32) + 1;
}

/** strncpy_from_user_nofault: length including the NUL; an empty string gives 0; too long gives `count`, cut off. */
export function strncpyFromUserNofault(cpu: Cpu, target: usize, va: u64, count: i32): i32 {
  if (count <= 0) return 0;
  const length = withFaultsDisabled(cpu, va, count, target);
  if (length == SCAN_FAULT) return -EFAULT;
  if (length == 0) return 0;
  if (length < count) return (length as i32) + 1;
  store<u8>(target + count - 1, 0);
  return count;
}

export function strnlenUserNofault(cpu: Cpu, va: u64, count: i32): i32 {
  if (count <= 0) return 0;
  const length = withFaultsDisabled(cpu, va, count, 0);
  return length == SCAN_FAULT ? 0 : (length as i32) + 1;
}

function withFaultsDisabled(cpu: Cpu, va: u64, count: u32, target: usize): i64 {
  if (cpu.task == 0) return SCAN_FAULT;
  const task = changetype<Task>(cpu.task as usize);
  task.pagefaultDisabled += 1;
  const length = scanGuarded(cpu, va, count, target);
  task.pagefaultDisabled -= 1;
  return length;
}

/**
 * strncpy_from_kernel_nofault: length including the NUL; −ERANGE for an address outside the kernel, −EFAULT (and an
 * empty string) where no kernel object lies.
 */
export function strncpyFromKernelNofault(target: usize, kernelAddress: u64, count: i32): i32 {
  if (count <= 0) return 0;
  if (kernelAddress < profile().kernelBase) return -ERANGE;
  const source = kernelToLinear(kernelAddress);
  for (let at: i32 = 0; at < count; at++) {
    if (objectBytesFrom((source as u32) + at) == 0) {
      store<u8>(target, 0);
      return -EFAULT;
    }
    const value = load<u8>(source + at);
    store<u8>(target + at, value);
    if (value == 0) return at + 1;
  }
  store<u8>(target + count - 1, 0);
  return count;
}

/** The linear address behind a kernel pointer; what is not in RAM becomes an address that no object has. */
export function kernelToLinear(kernelAddress: u64): usize {
  const offset = kernelAddress - profile().kernelBase;
  return offset < header().ramBytes ? ((header().ram + (offset as u32)) as usize) : 0;
}
