import { E2BIG, EFAULT } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { objectBytesFrom } from "../machine/slab";
import { userReadAccessEnd } from "./block";
import { accessOk } from "./check";
import { clearUser, copyFromUser, copyToUser } from "./copy";
import { DIRECTION_READ, openForRead } from "./guard";
import { objectTooSmall } from "./object";
import { unsafeGetSized } from "./sized";

/** Structures whose size user and kernel may see differently (include/linux/uaccess.h, lib/usercopy.c). */

/** Readings of copy_struct_to_user's `ignored_trailing`. */
export const TRAILING_DOCUMENTED: u32 = 0;
export const TRAILING_LITERAL: u32 = 1;

/** The bits of the word at `va` that belong to [start, end). */
function wordMask(va: u64, word: u32, start: u64, end: u64): u64 {
  let mask: u64 = word == 8 ? u64.MAX_VALUE : u32.MAX_VALUE;
  if (va < start) mask = (mask >> ((start - va) << 3)) << ((start - va) << 3);
  if (va + word > end) mask &= ((1 as u64) << ((end - va) << 3)) - 1;
  return mask;
}

/**
 * check_zeroed_user: 1 all zero, 0 not, −EFAULT. Reads whole words and stops at the first that is not zero, so that a
 * fault further on is never seen.
 */
export function checkZeroedUser(cpu: Cpu, from: u64, size: u32): i32 {
  if (size == 0) return 1;
  const word = profile().wordBytes;
  const aligned = from & ~((word - 1) as u64);
  if (!accessOk(cpu, aligned, (size as u64) + (from - aligned), DIRECTION_READ)) return -EFAULT;
  if (cpu.blockOpens) openForRead(cpu, aligned);
  const result = scanZero(cpu, aligned, from, from + size, word);
  userReadAccessEnd(cpu);
  return result;
}

function scanZero(cpu: Cpu, aligned: u64, from: u64, end: u64, word: u32): i32 {
  for (let at = aligned; at < end; at += word) {
    if (unsafeGetSized(cpu, at, word) != 0) return -EFAULT;
    if ((cpu.value & wordMask(at, word, from, end)) != 0) return 0;
  }
  return 1;
}

/** copy_struct_from_user: 0, −E2BIG or −EFAULT. A kernel object smaller than `ksize` is the kernel's mistake. */
export function copyStructFromUser(cpu: Cpu, target: usize, ksize: u32, va: u64, usize_: u32): i32 {
  if (objectTooSmall(cpu, target as u32, ksize)) return -E2BIG;
  if (usize_ < ksize) memory.fill(target + usize_, 0, ksize - usize_);
  if (usize_ > ksize) {
    const zeroed = checkZeroedUser(cpu, va + ksize, usize_ - ksize);
    if (zeroed <= 0) return zeroed != 0 ? zeroed : -E2BIG;
  }
  return copyFromUser(cpu, target, va, min(ksize, usize_)) != 0 ? -EFAULT : 0;
}

/**
 * copy_struct_to_user: 0, −E2BIG or −EFAULT. `cpu.value` becomes `ignored_trailing`, in one of two readings: as its
 * description has it, or as the code of v6.13 to v7.1 computes it.
 */
export function copyStructToUser(
  cpu: Cpu,
  va: u64,
  usize_: u32,
  source: usize,
  ksize: u32,
  trailing: u32,
): i32 {
  cpu.value = 0;
  if (objectTooSmall(cpu, source as u32, ksize)) return -E2BIG;
  if (usize_ > ksize && clearUser(cpu, va + ksize, usize_ - ksize) != 0) return -EFAULT;
  const ignored =
    trailing == TRAILING_LITERAL
      ? ignoredByCode(cpu, usize_, source, ksize)
      : hasNonZero(source, usize_, ksize);
  if (copyToUser(cpu, va, source, min(ksize, usize_)) != 0) return -EFAULT;
  cpu.value = ignored ? 1 : 0;
  return 0;
}

/** True for a byte that is not zero in [from, to) of an object. */
function hasNonZero(object: usize, from: u32, to: u32): bool {
  for (let at = from; at < to; at++) if (load<u8>(object + at) != 0) return true;
  return false;
}

/**
 * The comparison stands the wrong way round: a user whose structure is longer gets what lies in kernel memory behind
 * the kernel's own. What lies behind the object is not read: a sanitizer's report in the kernel, a finding here.
 */
function ignoredByCode(cpu: Cpu, usize_: u32, source: usize, ksize: u32): bool {
  if (usize_ <= ksize) return false;
  objectTooSmall(cpu, source as u32, usize_);
  return hasNonZero(source, ksize, min(usize_, objectBytesFrom(source as u32)));
}
