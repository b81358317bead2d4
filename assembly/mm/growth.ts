import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from "../machine/map";
import { prepareAnonVma } from "./anon";
import { Mm } from "./mm";
import {
  mmapReadUnlock,
  mmapWriteDowngrade,
  mmapWriteLockKillable,
  mmapWriteUnlock,
} from "./mmapLock";
import { vmaAt } from "./vma";
import { VM_ACCESS, VM_GROWSDOWN } from "./vmaFlags";
import { findVma, vmaBelow } from "./vmaTree";
import { vmaStartWrite } from "./vmaWriteLock";

/** Stack growth (expand_stack and expand_downwards, mm/mmap.c and mm/vma.c, 6.18). */

/** Below it nothing is mapped (vm.mmap_min_addr). */
export const MMAP_MIN_ADDRESS: u64 = 65536;
/** What stays free between a stack and accessible memory below it (stack_guard_gap). */
export const STACK_GUARD_GAP: u64 = 256 * PAGE_SIZE;

/**
 * Lets the area above `va` grow down to it, if it is a stack and the caller's limit has room. The mmap lock is held for
 * reading, and dropped meanwhile. Answers the area with the lock held again, or 0 with no lock held.
 */
export function expandStack(cpu: Cpu, mm: Mm, va: u64, stackLimit: u64): usize {
  mmapReadUnlock(cpu, mm);
  if (mmapWriteLockKillable(cpu, mm) != 0) return 0;
  const grown = va < profile().taskLimit ? growTo(mm, va & ~(PAGE_MASK as u64), stackLimit) : 0;
  if (grown != 0) mmapWriteDowngrade(cpu, mm);
  else mmapWriteUnlock(cpu, mm);
  return grown;
}

/** Rights are not looked at: the access is judged afterwards. */
function growTo(mm: Mm, start: u64, stackLimit: u64): usize {
  const address = findVma(mm, start);
  if (address == 0) return 0;
  const vma = vmaAt(address);
  if (vma.start <= start) return address; // somebody else was faster
  if ((vma.flags & VM_GROWSDOWN) == 0 || start < MMAP_MIN_ADDRESS) return 0;
  const pages = (vma.start - start) >> PAGE_SHIFT;
  if (!gapStays(mm, start) || pages > vma.pgoff || vma.end - start > stackLimit) return 0;
  vmaStartWrite(mm, vma);
  prepareAnonVma(mm, vma);
  vma.pgoff -= pages;
  vma.start = start;
  return address;
}

/** Another stack, and what nobody can touch, may stand as close as they like. */
function gapStays(mm: Mm, start: u64): bool {
  const below = vmaBelow(mm, start);
  if (below == 0) return true;
  const flags = vmaAt(below).flags;
  if ((flags & VM_GROWSDOWN) != 0 || (flags & VM_ACCESS) == 0) return true;
  return start - vmaAt(below).end >= STACK_GUARD_GAP;
}
