import { EFAULT, EINTR } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { folioPut } from "../machine/frames";
import { pageIndex } from "./backing";
import { ACCESS_WRITE, handleMmFault } from "./fault";
import {
  FILE_DISK,
  FILE_DISK_READ_ONLY,
  MappedFile,
  fileGet,
  filePage,
  filePages,
  filePut,
  getCachedPage,
} from "./file";
import { keyDenies } from "./keys";
import { Mm } from "./mm";
import { mmapReadLock, mmapReadLockKillable, mmapReadUnlock } from "./mmapLock";
import { faultErrno } from "./populate";
import { step } from "./shootdown";
import { scratchWalk, walkTo } from "./table";
import { fatalSignalPending } from "./task";
import { Vma, vmaAt } from "./vma";
import { VM_READ, VM_WRITE } from "./vmaFlags";
import { vmaContaining } from "./vmaTree";

/**
 * fixup_user_fault (mm/gup.c, 6.18): makes a page present as an access of its program would, for kernel code that met a
 * fault where it could not take it. No stack grows and no right is overridden. The mmap lock is held for reading, also
 * afterwards: 0, −EFAULT, −ENOMEM or −EINTR.
 *
 * `unlocked` is 0, or the place of a word: then a fatal signal is −EINTR, and a page that a disk has to be asked for
 * lets others in meanwhile, which the word says by 1, and the area is looked up anew (VM_FAULT_RETRY).
 */
export function fixupUserFault(cpu: Cpu, mm: Mm, address: u64, access: u32, unlocked: usize): i32 {
  const va = address & mm.untagMask;
  let area = permittedArea(cpu, mm, va, access);
  if (area == 0) return -EFAULT;
  if (unlocked != 0 && fatalSignalPending(cpu)) return -EINTR;
  if (unlocked != 0 && waitsForDisk(cpu, mm, vmaAt(area), va)) {
    if (!readIn(cpu, mm, vmaAt(area), va)) return -EFAULT;
    store<u32>(unlocked, 1);
    area = permittedArea(cpu, mm, va, access);
  }
  if (area == 0) return -EFAULT;
  if (unlocked != 0 && fatalSignalPending(cpu)) return -EINTR;
  const result = handleMmFault(cpu, mm, vmaAt(area), va, access);
  return result == 0 ? 0 : faultErrno(result);
}

/** vma_permits_fault: 0 where there is no area, or not the right itself; a task's own keys count in its own memory. */
function permittedArea(cpu: Cpu, mm: Mm, va: u64, access: u32): usize {
  const area = vmaContaining(mm, va);
  if (area == 0) return 0;
  const own = cpu.mm == (changetype<usize>(mm) as u32);
  if (own && keyDenies(cpu, vmaAt(area).pkey, access)) return 0;
  return (vmaAt(area).flags & (access == ACCESS_WRITE ? VM_WRITE : VM_READ)) != 0 ? area : 0;
}

function waitsForDisk(cpu: Cpu, mm: Mm, vma: Vma, va: u64): bool {
  if (vma.file == 0 || walkTo(mm.root, va, scratchWalk(cpu)) != 0) return false;
  const file = changetype<MappedFile>(vma.file as usize);
  if (file.kind != FILE_DISK && file.kind != FILE_DISK_READ_ONLY) return false;
  const index = pageIndex(vma, va);
  if (index >= filePages(file)) return false;
  const cached = getCachedPage(file, index);
  if (cached != 0) folioPut(cached);
  return cached == 0;
}

/** False where the lock could not be had again. A page that finds no RAM is left to the fault that follows. */
function readIn(cpu: Cpu, mm: Mm, vma: Vma, va: u64): bool {
  const file = changetype<MappedFile>(vma.file as usize);
  const index = pageIndex(vma, va);
  fileGet(file);
  mmapReadUnlock(cpu, mm);
  step(cpu); // the disk takes its time
  filePage(file, index);
  filePut(file);
  return mmapReadLock(cpu, mm);
}

/**
 * fault_in_user_writeable, where the reviewers want it (mm/gup.c): the kernel code of the CPU's task makes a page of its
 * own writable. 0, −EFAULT or −ENOMEM.
 */
export function faultInUserWriteable(cpu: Cpu, va: u64): i32 {
  return faultInUser(cpu, va, ACCESS_WRITE);
}

/** The same for an access of either kind. */
export function faultInUser(cpu: Cpu, va: u64, access: u32): i32 {
  if (cpu.mm == 0 || !mmapReadLock(cpu, ownMm(cpu))) return -EFAULT;
  return fixUnderLock(cpu, va, access);
}

/** With a lock that a fatal signal ends the wait for: also −EINTR. */
export function faultInUserKillable(cpu: Cpu, va: u64, access: u32): i32 {
  if (cpu.mm == 0) return -EFAULT;
  if (mmapReadLockKillable(cpu, ownMm(cpu))) return fixUnderLock(cpu, va, access);
  return fatalSignalPending(cpu) ? -EINTR : -EFAULT;
}

@inline
function ownMm(cpu: Cpu): Mm {
  return changetype<Mm>(cpu.mm as usize);
}

function fixUnderLock(cpu: Cpu, va: u64, access: u32): i32 {
  const result = fixupUserFault(cpu, ownMm(cpu), va, access, 0);
  mmapReadUnlock(cpu, ownMm(cpu));
  return result;
}
