import { EACCES, EINVAL, ENOMEM, EPERM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK } from "../machine/map";
import { mayIsolate, modifyArea } from "./areas";
import { accessBits } from "./leaf";
import { Mm, lockTables, unlockTables } from "./mm";
import { mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { pageAlign, withinTask } from "./mmap";
import { populateArea } from "./populate";
import { PTE_PRESENT, PTE_PROTNONE, PTE_RW, ptePresent } from "./pte";
import { shootDown } from "./shootdown";
import { entryAfter, firstEntry, readEntry, scratchWalk, writeEntry } from "./table";
import { Vma, vmaAt } from "./vma";
import {
  MAY_SHIFT,
  VM_ACCESS,
  VM_ACCOUNT,
  VM_HIGH_SEALED,
  VM_HUGETLB,
  VM_LOCKED,
  VM_NORESERVE,
  VM_SHARED,
  VM_WRITE,
} from "./vmaFlags";
import { findVma, vmaContaining } from "./vmaTree";

/** mprotect (mm/mprotect.c, 6.18). */

/**
 * Gives a range the rights `access` (VM_READ | VM_WRITE | VM_EXEC), area by area: 0, −EINVAL for a start within a page,
 * −ENOMEM at a hole, −EACCES for a right the mapping may not have, −EPERM at a sealed area,
 * −EINVAL at one that cannot be cut there. What lies below is changed.
 */
export function protectRange(cpu: Cpu, mm: Mm, start: u64, length: u64, access: u32): i32 {
  const rounded = pageAlign(length);
  if ((start & PAGE_MASK) != 0) return -EINVAL;
  if (length == 0) return 0;
  if (rounded == 0 || !withinTask(start, rounded)) return -ENOMEM;
  const refused = mmapWriteLockKillable(cpu, mm);
  if (refused != 0) return refused;
  const result = protectLocked(cpu, mm, start, start + rounded, access & VM_ACCESS);
  mmapWriteUnlock(cpu, mm);
  return result;
}

function protectLocked(cpu: Cpu, mm: Mm, start: u64, end: u64, access: u32): i32 {
  let result: i32 = 0;
  let at = start;
  while (at < end && result == 0) {
    const address = findVma(mm, at);
    if (address == 0 || vmaAt(address).start > at) {
      result = -ENOMEM;
      break;
    }
    const stop = min<u64>(vmaAt(address).end, end);
    result = protectArea(cpu, mm, vmaAt(address), at, stop, access);
    if (result == 0) at = stop;
  }
  if (at > start) shootDown(cpu, changetype<usize>(mm) as u32, start, at);
  return result;
}

function protectArea(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64, access: u32): i32 {
  if ((access & ~(vma.flags >> MAY_SHIFT)) != 0) return -EACCES;
  if ((vma.highFlags & VM_HIGH_SEALED) != 0) return -EPERM;
  const flags = accounted(vma, (vma.flags & ~VM_ACCESS) | access);
  if (flags == vma.flags) return 0;
  if (!mayIsolate(vma, start, end)) return -EINVAL;
  const wasLockedOnly = (vma.flags & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED;
  const result = modifyArea(mm, start, end, flags, vma.highFlags);
  if (result != 0) return result;
  const changed = vmaAt(vmaContaining(mm, start));
  protectLeaves(cpu, mm, changed, start, end);
  // locked memory takes its faults now, so that none comes later; what cannot be had is left out
  if (wasLockedOnly && (flags & VM_WRITE) != 0) populateArea(cpu, mm, changed, start, end);
  return 0;
}

/** Memory becomes promised with the right to write, and is so no longer where none was ever written. */
function accounted(vma: Vma, flags: u32): u32 {
  const unpromised = VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE;
  if ((flags & VM_WRITE) != 0) {
    return (vma.flags & unpromised) == 0 ? flags | VM_ACCOUNT : flags;
  }
  return vma.file == 0 && vma.anonVma == 0 ? flags & ~VM_ACCOUNT : flags;
}

function protectLeaves(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64): void {
  const walk = scratchWalk(cpu);
  lockTables(cpu, mm);
  let va = firstEntry(mm.root, start, end, walk);
  while (va < end) {
    protectLeaf(vma, walk.entryAddress);
    va = entryAfter(mm.root, va, end, walk);
  }
  unlockTables(mm);
}

/** Rewrites a leaf's permission. Becoming writable is left to the next write fault. */
function protectLeaf(vma: Vma, address: usize): void {
  const entry = readEntry(address);
  if (!ptePresent(entry)) return;
  const kept = entry & ~(PTE_PRESENT | PTE_PROTNONE);
  const writable = (vma.flags & VM_WRITE) != 0 ? kept : kept & ~PTE_RW;
  writeEntry(address, writable | accessBits(vma));
}
