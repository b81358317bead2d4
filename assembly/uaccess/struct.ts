import { E2BIG, EFAULT } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { userReadAccessEnd } from "./block";
import { accessOk } from "./check";
import { clearUser, copyFromUser, copyToUser } from "./copy";
import { DIRECTION_READ, openForRead } from "./guard";
import { unsafeGetSized } from "./sized";

/** Structures whose size user and kernel may see differently (include/linux/uaccess.h, lib/usercopy.c). */

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

/** copy_struct_from_user: 0, −E2BIG or −EFAULT. `known` is the size of the kernel object behind `target`. */
export function copyStructFromUser(
  cpu: Cpu,
  target: usize,
  known: u32,
  ksize: u32,
  va: u64,
  usize_: u32,
): i32 {
  if (ksize > known) return -E2BIG;
  if (usize_ < ksize) memory.fill(target + usize_, 0, ksize - usize_);
  if (usize_ > ksize) {
    const zeroed = checkZeroedUser(cpu, va + ksize, usize_ - ksize);
    if (zeroed <= 0) return zeroed != 0 ? zeroed : -E2BIG;
  }
  return copyFromUser(cpu, target, va, min(ksize, usize_)) != 0 ? -EFAULT : 0;
}

/**
 * copy_struct_to_user: 0 or −EFAULT. `cpu.value` becomes 1 when the user's structure is shorter and a byte it cannot
 * see is not zero: the documented meaning of `ignored_trailing`, which the code of the version read contradicts.
 */
export function copyStructToUser(cpu: Cpu, va: u64, usize_: u32, source: usize, ksize: u32): i32 {
  cpu.value = 0;
  if (usize_ > ksize && clearUser(cpu, va + ksize, usize_ - ksize) != 0) return -EFAULT;
  let unseen: u64 = 0;
  for (let at = usize_; at < ksize; at++) if (load<u8>(source + at) != 0) unseen = 1;
  if (copyToUser(cpu, va, source, min(ksize, usize_)) != 0) return -EFAULT;
  cpu.value = unseen;
  return 0;
}
