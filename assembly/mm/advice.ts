import { EACCES, EAGAIN, EINVAL, ENODEV, ENOMEM, EPERM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK } from "../machine/map";
import { modifyArea } from "./areas";
import { pageIndex } from "./backing";
import { isDax, leafEnd, leafStart } from "./dax";
import { MappedFile, fileGet, filePut, isOfDevice } from "./file";
import { installGuards, removeGuards } from "./guardRegion";
import { punchHole } from "./hole";
import { discardPages, isHugetlb } from "./hugetlb";
import { Mm } from "./mm";
import { mmapReadLock, mmapReadUnlock, mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { pageAlign } from "./mmap";
import { populateAdvised } from "./populate";
import { splitPartlyAdvised } from "./splitFolio";
import { Vma, vmaAt } from "./vma";
import {
  VM_DONTCOPY,
  VM_HIGH_SEALED,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_MAYWRITE,
  VM_NOHUGEPAGE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_SPECIAL,
  VM_WIPEONFORK,
  VM_WRITE,
} from "./vmaFlags";
import { findVma } from "./vmaTree";
import { ZAP_PAGES, zapRange } from "./zap";

/** madvise (mm/madvise.c, 6.18): area by area. */

/** Advices (include/uapi/asm-generic/mman-common.h). */
export const MADV_NORMAL: u32 = 0;
export const MADV_RANDOM: u32 = 1;
export const MADV_SEQUENTIAL: u32 = 2;
export const MADV_DONTNEED: u32 = 4;
export const MADV_FREE: u32 = 8;
export const MADV_REMOVE: u32 = 9;
export const MADV_DONTFORK: u32 = 10;
export const MADV_DOFORK: u32 = 11;
export const MADV_HUGEPAGE: u32 = 14;
export const MADV_NOHUGEPAGE: u32 = 15;
export const MADV_WIPEONFORK: u32 = 18;
export const MADV_KEEPONFORK: u32 = 19;
export const MADV_COLD: u32 = 20;
export const MADV_POPULATE_READ: u32 = 22;
export const MADV_POPULATE_WRITE: u32 = 23;
export const MADV_GUARD_INSTALL: u32 = 102;
export const MADV_GUARD_REMOVE: u32 = 103;

/**
 * Gives advice about a range. A hole is skipped and makes the result −ENOMEM; a real error stops at once, and what was
 * done stays. −EINVAL for a start within a page, a length without end, or an unknown advice.
 */
export function adviseRange(cpu: Cpu, mm: Mm, start: u64, length: u64, advice: u32): i32 {
  const rounded = pageAlign(length);
  if (!isAdvice(advice) || (start & PAGE_MASK) != 0) return -EINVAL;
  if ((length != 0 && rounded == 0) || start + rounded < start) return -EINVAL;
  if (length == 0) return 0;
  const writes = changesFlags(advice);
  const refused = writes ? mmapWriteLockKillable(cpu, mm) : readLock(cpu, mm);
  if (refused != 0) return refused;
  const result =
    advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE
      ? populateAdvised(cpu, mm, start, start + rounded, advice == MADV_POPULATE_WRITE ? 1 : 0)
      : adviseAreas(cpu, mm, start, start + rounded, advice);
  if (writes) mmapWriteUnlock(cpu, mm);
  else mmapReadUnlock(cpu, mm);
  return result;
}

function readLock(cpu: Cpu, mm: Mm): i32 {
  return mmapReadLock(cpu, mm) ? 0 : -EINVAL;
}

function isAdvice(advice: u32): bool {
  if (advice >= MADV_GUARD_INSTALL) return advice <= MADV_GUARD_REMOVE;
  const known =
    (1 << MADV_DONTNEED) |
    (1 << MADV_FREE) |
    (1 << MADV_REMOVE) |
    (1 << MADV_COLD) |
    (1 << MADV_POPULATE_READ) |
    (1 << MADV_POPULATE_WRITE);
  return advice < 32 && (((known >>> advice) & 1) != 0 || changesFlags(advice));
}

/** These change areas and nothing else. */
function changesFlags(advice: u32): bool {
  const known =
    (1 << MADV_NORMAL) |
    (1 << MADV_RANDOM) |
    (1 << MADV_SEQUENTIAL) |
    (1 << MADV_DONTFORK) |
    (1 << MADV_DOFORK) |
    (1 << MADV_HUGEPAGE) |
    (1 << MADV_NOHUGEPAGE) |
    (1 << MADV_WIPEONFORK) |
    (1 << MADV_KEEPONFORK);
  return advice < 32 && ((known >>> advice) & 1) != 0;
}

/** By address, not by area: an advice may drop the lock, and the areas be others afterwards. */
function adviseAreas(cpu: Cpu, mm: Mm, start: u64, end: u64, advice: u32): i32 {
  let unmapped: i32 = 0;
  let at = start;
  while (at < end) {
    const address = findVma(mm, at);
    if (address == 0 || vmaAt(address).start >= end) return -ENOMEM;
    const vma = vmaAt(address);
    if (vma.start > at) {
      unmapped = -ENOMEM;
      at = vma.start;
    }
    const stop = min<u64>(vma.end, end);
    const error = adviseArea(cpu, mm, vma, at, stop, advice);
    if (error != 0) return error;
    at = stop;
  }
  return unmapped;
}

function adviseArea(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64, advice: u32): i32 {
  if (discards(advice) && keepsContent(vma)) return -EPERM;
  switch (advice) {
    case MADV_DONTNEED:
      if ((vma.flags & (VM_LOCKED | VM_PFNMAP)) != 0) return -EINVAL;
      if (isHugetlb(vma)) return discardPages(cpu, mm, vma, start, end);
      if (isDax(vma)) return zapRange(cpu, mm, leafStart(vma, start), leafEnd(vma, end), ZAP_PAGES);
      return zapRange(cpu, mm, start, end, ZAP_PAGES);
    case MADV_FREE: // without reclaim nothing is ever freed
      if (vma.file != 0 || (vma.flags & (VM_LOCKED | VM_HUGETLB)) != 0) return -EINVAL;
      splitPartlyAdvised(cpu, mm, start, end);
      return 0;
    case MADV_COLD: // nor aged
      if ((vma.flags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) != 0) return -EINVAL;
      splitPartlyAdvised(cpu, mm, start, end);
      return 0;
    case MADV_REMOVE:
      return removePages(cpu, mm, vma, start, end);
    case MADV_GUARD_INSTALL:
      if ((vma.flags & (VM_SPECIAL | VM_HUGETLB | VM_LOCKED)) != 0) return -EINVAL;
      return installGuards(cpu, mm, vma, start, end);
    case MADV_GUARD_REMOVE:
      if ((vma.flags & (VM_SPECIAL | VM_HUGETLB)) != 0) return -EINVAL;
      return removeGuards(cpu, mm, start, end);
    default:
      return changeArea(mm, vma, start, end, advice);
  }
}

/** Advices that lose content, now or in a child. */
function discards(advice: u32): bool {
  return (
    advice == MADV_DONTNEED ||
    advice == MADV_FREE ||
    advice == MADV_REMOVE ||
    advice == MADV_DONTFORK ||
    advice == MADV_WIPEONFORK ||
    advice == MADV_GUARD_INSTALL
  );
}

/** Sealed memory that nobody can write again could be changed by losing it (can_madv_modify). */
function keepsContent(vma: Vma): bool {
  const sealed = (vma.highFlags & VM_HIGH_SEALED) != 0;
  return sealed && vma.file == 0 && (vma.flags & VM_WRITE) == 0;
}

function changeArea(mm: Mm, vma: Vma, start: u64, end: u64, advice: u32): i32 {
  const cannotWipe = vma.file != 0 || (vma.flags & VM_SHARED) != 0;
  if (advice == MADV_WIPEONFORK && cannotWipe) return -EINVAL;
  if (advice == MADV_DOFORK && (vma.flags & VM_SPECIAL) != 0) return -EINVAL;
  if (advice == MADV_KEEPONFORK && (vma.flags & (VM_IO | VM_PFNMAP)) != 0) return -EINVAL;
  const flags = advisedFlags(vma.flags, advice);
  if (flags == vma.flags) return 0;
  const result = modifyArea(mm, start, end, flags, vma.highFlags);
  return result == -ENOMEM ? -EAGAIN : result; // "temporarily unavailable"
}

function advisedFlags(flags: u32, advice: u32): u32 {
  switch (advice) {
    case MADV_RANDOM:
      return (flags & ~VM_SEQ_READ) | VM_RAND_READ;
    case MADV_SEQUENTIAL:
      return (flags & ~VM_RAND_READ) | VM_SEQ_READ;
    case MADV_DONTFORK:
      return flags | VM_DONTCOPY;
    case MADV_DOFORK:
      return flags & ~VM_DONTCOPY;
    case MADV_HUGEPAGE:
      return (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
    case MADV_NOHUGEPAGE:
      return (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
    case MADV_WIPEONFORK:
      return flags | VM_WIPEONFORK;
    case MADV_KEEPONFORK:
      return flags & ~VM_WIPEONFORK;
    default:
      return flags & ~(VM_RAND_READ | VM_SEQ_READ); // MADV_NORMAL
  }
}

/** MADV_REMOVE: the file's pages go, for everybody. The mmap lock is dropped meanwhile, as the file's own come first. */
function removePages(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64): i32 {
  if ((vma.flags & VM_LOCKED) != 0 || vma.file == 0) return -EINVAL;
  const shared = VM_SHARED | VM_MAYWRITE;
  if ((vma.flags & shared) != shared) return -EACCES;
  const file = changetype<MappedFile>(vma.file as usize);
  if (isOfDevice(file)) return -ENODEV; // nothing punches holes into a device (vfs_fallocate)
  const first = pageIndex(vma, start);
  const last = pageIndex(vma, end);
  fileGet(file);
  mmapReadUnlock(cpu, mm);
  punchHole(cpu, file, first, last);
  filePut(file);
  return readLock(cpu, mm);
}
