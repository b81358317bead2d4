import { profile } from "../arch/profile";
import {
  FOLIO_DIRTY,
  FOLIO_EXCLUSIVE,
  FRAME_ANON,
  FRAME_ZERO,
  folioOf,
  frameOf,
  pageAddress,
} from "../machine/frame";
import { allocFrames, folioPut } from "../machine/frames";
import { PAGE_SHIFT, PAGE_SIZE, header } from "../machine/map";
import { Cpu } from "../machine/cpu";
import { prepareAnonVma } from "./anon";
import { pageIndex } from "./backing";
import { isDax, isWhole } from "./dax";
import { faultAround, faultsAround, unwrittenBits } from "./faultAround";
import { MappedFile, filePages, getCachedPage, getFilePage, isRaw } from "./file";
import { expandStack } from "./growth";
import { hugeZero, isTransparentHuge, leafLevel, splitLeaf } from "./huge";
import { isHugetlb, newPrivatePage, takeExclusive } from "./hugetlb";
import { dropFolio, isExclusive, leafPages, mapLeaf, unmapLeaf } from "./leaf";
import { Mm, lockTables, unlockTables } from "./mm";
import { mmapReadLock, mmapReadUnlock } from "./mmapLock";
import { PTE_DIRTY, PTE_PRESENT, PTE_RW, PTE_SPECIAL, pteFrame, ptePresent } from "./pte";
import { shootDown } from "./shootdown";
import { Walk, levelShift, makeEntry, readEntry, scratchWalk, walkTo, writeEntry } from "./table";
import { stackLimitOf } from "./task";
import { Vma, vmaAt } from "./vma";
import {
  VM_ACCESS,
  VM_GROWSDOWN,
  VM_MAYSHARE,
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_WRITE,
} from "./vmaFlags";
import { findVma } from "./vmaTree";

/** Page faults: finding the area, checking the permission, making the page present (mm/memory.c, 6.18). */

export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 1;
/**
 * A debugger's write (FOLL_FORCE): whatever the protection, and never into what others share unless the mapping does.
 */
export const ACCESS_FORCE: u32 = 2;
/** A page that others have too is to be read for long: the process gets its own first (FAULT_FLAG_UNSHARE). */
export const ACCESS_UNSHARE: u32 = 3;

/**
 * Results, with the kernel's numbers (enum vm_fault_reason in include/linux/mm_types.h); 0 = handled, repeat the
 * instruction.
 */
export const VM_FAULT_OOM: u32 = 0x1;
export const VM_FAULT_SIGBUS: u32 = 0x2;
export const VM_FAULT_SIGSEGV: u32 = 0x40;
/** Ours: the mmap lock could not be waited for in this build. */
export const VM_FAULT_NO_WAIT: u32 = 0x80000000;

/**
 * Repairs a fault of the CPU's own address space. Takes the mmap lock for reading; may sleep. It may come amid an access
 * of another address space, whose tallies it is no part of.
 */
export function repairFault(cpu: Cpu, va: u64, access: u32): u32 {
  const reads = cpu.mmapReadLocks;
  const writes = cpu.mmapWriteLocks;
  const tables = cpu.tableLocks;
  const result = faultIn(cpu, changetype<Mm>(cpu.mm as usize), va, access, stackLimitOf(cpu.task));
  cpu.mmapReadLocks = reads;
  cpu.mmapWriteLocks = writes;
  cpu.tableLocks = tables;
  return result;
}

/**
 * Makes one page of an address space present, as an access of its program would; a stack may grow to it as far as
 * `stackLimit` allows.
 */
export function faultIn(cpu: Cpu, mm: Mm, va: u64, access: u32, stackLimit: u64): u32 {
  if (!mmapReadLock(cpu, mm)) return VM_FAULT_NO_WAIT;
  const address = areaFor(cpu, mm, va, access, stackLimit);
  if (address == 0) return VM_FAULT_SIGSEGV;
  const vma = vmaAt(address);
  const result = permits(vma, access) ? handleMmFault(cpu, mm, vma, va, access) : VM_FAULT_SIGSEGV;
  mmapReadUnlock(cpu, mm);
  return result;
}

/** lock_mm_and_find_vma: the area of `va`, or 0 with the mmap lock dropped. */
function areaFor(cpu: Cpu, mm: Mm, va: u64, access: u32, stackLimit: u64): usize {
  const address = va < profile().tableLimit ? findVma(mm, va) : 0;
  if (address != 0) {
    const vma = vmaAt(address);
    if (vma.start <= va) return address;
    const grows = (vma.flags & VM_GROWSDOWN) != 0 && access != ACCESS_FORCE;
    if (grows) return expandStack(cpu, mm, va, stackLimit);
  }
  mmapReadUnlock(cpu, mm);
  return 0;
}

/** The owner's rights: without protection keys, hardware reads whatever it may write or execute. */
function permits(vma: Vma, access: u32): bool {
  if (access == ACCESS_FORCE) return true;
  return (vma.flags & (access == ACCESS_WRITE ? VM_WRITE : VM_ACCESS)) != 0;
}

/**
 * handle_mm_fault: the area and the permission are known to be good, and one of its locks is held. A forced write
 * breaks a private page's sharing. An entry that is neither empty nor present is a guard marker.
 */
export function handleMmFault(cpu: Cpu, mm: Mm, vma: Vma, va: u64, wanted: u32): u32 {
  const forced: u32 = vma.flags & VM_MAYSHARE ? ACCESS_READ : ACCESS_WRITE;
  const access = wanted == ACCESS_FORCE ? forced : wanted;
  const walk = scratchWalk(cpu);
  lockTables(cpu, mm);
  const entry = walkTo(mm.root, va, walk);
  let result: u32 = 0;
  if (entry == 0) result = fillEmpty(mm, vma, va, access, walk.level);
  else if (!ptePresent(entry)) result = VM_FAULT_SIGSEGV;
  else if (access == ACCESS_WRITE && (entry & PTE_RW) == 0) {
    result = writeProtected(cpu, mm, vma, va, entry, walk, writtenBits(vma));
  } else if (access == ACCESS_UNSHARE && isPrivatePage(entry)) {
    result = writeProtected(cpu, mm, vma, va, entry, walk, 0);
  }
  unlockTables(mm);
  return result;
}

/** What a page that was written to may be mapped with. */
@inline
function writtenBits(vma: Vma): u64 {
  return (vma.flags & VM_WRITE) != 0 ? PTE_RW | PTE_DIRTY : PTE_DIRTY;
}

/** `highest` is the level of the empty entry: a table below it must not be lost. */
function fillEmpty(mm: Mm, vma: Vma, va: u64, access: u32, highest: u32): u32 {
  let level = min(leafLevel(vma), highest);
  if (isDax(vma) && !takesWholeLeaf(vma, va, level)) return VM_FAULT_SIGBUS;
  while (level > 1 && !leafFits(vma, va, level)) level -= 1;
  const result = fillAt(mm, vma, va, access, level);
  const small = result == VM_FAULT_OOM && level > 1 && isTransparentHuge(vma);
  return small ? fillAt(mm, vma, va, access, 1) : result;
}

/** dev_dax_huge_fault: nothing but a leaf of the device's size will do. */
function takesWholeLeaf(vma: Vma, va: u64, level: u32): bool {
  return level == (vma.pageLevel as u32) && isWhole(vma) && leafFits(vma, va, level);
}

function fillAt(mm: Mm, vma: Vma, va: u64, access: u32, level: u32): u32 {
  const start = va & ~(((1 as u64) << levelShift(level)) - 1);
  const address = makeEntry(mm.root, start, level);
  if (address == 0) return VM_FAULT_OOM;
  if (isHugetlb(vma) && (vma.flags & VM_SHARED) == 0) {
    return fillPrivateHuge(mm, vma, start, address, access);
  }
  if (vma.file != 0) return fillFromFile(mm, vma, start, address, level, access);
  if ((vma.flags & VM_UFFD_MISSING) != 0 || mm.unstable != 0) return VM_FAULT_SIGBUS;
  return fillAnonymous(mm, vma, address, level, access);
}

/**
 * A mapping made of large pages uses them where a whole aligned one fits, and small ones at its ends. One of a file
 * also needs a folio as large behind it, at an offset that is aligned too, and no byte past the end.
 */
function leafFits(vma: Vma, va: u64, level: u32): bool {
  const bytes = (1 as u64) << levelShift(level);
  const start = va & ~(bytes - 1);
  if (start < vma.start || start + bytes > vma.end) return false;
  if (vma.file == 0) return true;
  const file = changetype<MappedFile>(vma.file as usize);
  const index = pageIndex(vma, start);
  const pages = leafPages(level);
  return (
    (1 as u32) << (file.order as u32) >= pages &&
    (index & (pages - 1)) == 0 &&
    index + pages <= filePages(file)
  );
}

function fillAnonymous(mm: Mm, vma: Vma, address: usize, level: u32, access: u32): u32 {
  if (access == ACCESS_READ && (level == 1 || isTransparentHuge(vma))) {
    const zero = level == 1 ? header().zeroPfn : hugeZero(mm);
    if (zero == 0) return VM_FAULT_OOM;
    mapLeaf(mm, vma, address, level, zero, PTE_SPECIAL);
    return 0;
  }
  const pfn = allocExclusive(mm, vma, level);
  if (pfn == 0) return VM_FAULT_OOM;
  const bits = writtenBits(vma);
  mapLeaf(mm, vma, address, level, pfn, access == ACCESS_WRITE ? bits : bits & ~PTE_DIRTY);
  return 0;
}

/** hugetlb_no_page: no zero page stands for what is only read. */
function fillPrivateHuge(mm: Mm, vma: Vma, start: u64, address: usize, access: u32): u32 {
  const pfn = newPrivatePage(mm, vma, start);
  if (pfn == 0) return VM_FAULT_SIGBUS;
  mapLeaf(mm, vma, address, vma.pageLevel, pfn, access == ACCESS_READ ? 0 : writtenBits(vma));
  return 0;
}

/** What a fault comes to that finds no page: an empty pool is no want of RAM. */
@inline
function withoutPage(vma: Vma): u32 {
  return isHugetlb(vma) ? VM_FAULT_SIGBUS : VM_FAULT_OOM;
}

/** A private page, or block of them, with this process as its only owner. */
function allocExclusive(mm: Mm, vma: Vma, level: u32): u32 {
  if (isHugetlb(vma)) return takeExclusive(mm, vma);
  prepareAnonVma(mm, vma);
  const pfn = allocFrames(levelShift(level) - PAGE_SHIFT, FRAME_ANON);
  if (pfn != 0) frameOf(pfn).flags = FOLIO_EXCLUSIVE;
  return pfn;
}

function fillFromFile(mm: Mm, vma: Vma, start: u64, address: usize, level: u32, access: u32): u32 {
  const file = changetype<MappedFile>(vma.file as usize);
  if (access == ACCESS_READ && level == 1 && faultsAround(file)) {
    faultAround(mm, vma, start, address);
    if (readEntry(address) != 0) return 0;
  }
  if (mm.unstable != 0 && (vma.flags & VM_SHARED) == 0) return VM_FAULT_SIGBUS; // finish_fault
  const index = pageIndex(vma, start);
  if (index >= filePages(file)) return VM_FAULT_SIGBUS;
  const missing = (vma.flags & VM_UFFD_MISSING) != 0;
  const pfn = missing ? getCachedPage(file, index) : getFilePage(file, index);
  if (pfn == 0) return missing ? VM_FAULT_SIGBUS : withoutPage(vma);
  if (isRaw(file)) mapRaw(mm, vma, address, pfn, access);
  else if ((vma.flags & VM_SHARED) != 0) mapShared(mm, vma, address, level, pfn, access);
  else if (access == ACCESS_WRITE) return mapCopy(mm, vma, address, level, pfn);
  else mapLeaf(mm, vma, address, level, pfn, 0);
  return 0;
}

function mapShared(mm: Mm, vma: Vma, address: usize, level: u32, pfn: u32, access: u32): void {
  const written = access == ACCESS_WRITE;
  if (written) folioOf(pfn).flags |= FOLIO_DIRTY;
  mapLeaf(mm, vma, address, level, pfn, written ? writtenBits(vma) : unwrittenBits(vma));
}

/** Maps a page by its frame's number alone (vmf_insert_pfn): the entry holds no reference. */
function mapRaw(mm: Mm, vma: Vma, address: usize, pfn: u32, access: u32): void {
  mapLeaf(
    mm,
    vma,
    address,
    1,
    pfn,
    access == ACCESS_WRITE ? PTE_SPECIAL | writtenBits(vma) : PTE_SPECIAL,
  );
  folioPut(pfn);
}

/** Maps a private copy of `source` in an empty entry, and drops the reference to `source`. */
function mapCopy(mm: Mm, vma: Vma, address: usize, level: u32, source: u32): u32 {
  const pfn = copyOf(mm, vma, source, level);
  folioPut(source);
  if (pfn == 0) return VM_FAULT_OOM;
  mapLeaf(mm, vma, address, level, pfn, writtenBits(vma));
  return 0;
}

/** A new page is zero already. */
function copyOf(mm: Mm, vma: Vma, source: u32, level: u32): u32 {
  const pfn = allocExclusive(mm, vma, level);
  if (pfn == 0 || folioOf(source).kind == FRAME_ZERO) return pfn;
  memory.copy(pageAddress(pfn), pageAddress(source), leafPages(level) * PAGE_SIZE);
  return pfn;
}

/** A present page that is not writable is to be had: share it, take it over, or copy it; `bits` are what it gains. */
function writeProtected(
  cpu: Cpu,
  mm: Mm,
  vma: Vma,
  va: u64,
  entry: u64,
  walk: Walk,
  bits: u64,
): u32 {
  const pfn = pteFrame(entry);
  if ((vma.flags & VM_SHARED) != 0) folioOf(pfn).flags |= FOLIO_DIRTY;
  else if (isPrivatePage(entry) && mayReuse(vma, pfn)) frameOf(pfn).flags |= FOLIO_EXCLUSIVE;
  else return breakSharing(cpu, mm, vma, va, entry, walk, bits);
  writeEntry(walk.entryAddress, entry | bits);
  return 0;
}

/** Of a hugetlb page other mappings count, and references of other kinds do not (hugetlb_wp). */
@inline
function mayReuse(vma: Vma, pfn: u32): bool {
  return isHugetlb(vma) ? folioOf(pfn).mapcount == 1 : isExclusive(pfn);
}

@inline
function isPrivatePage(entry: u64): bool {
  return (entry & PTE_SPECIAL) == 0 && folioOf(pteFrame(entry)).kind == FRAME_ANON;
}

/**
 * The process gets a copy. Of a huge page that others have as well it is only the page written to (__split_huge_pmd);
 * instead of the huge zero page it is a huge page, where RAM has one.
 */
function breakSharing(cpu: Cpu, mm: Mm, vma: Vma, va: u64, entry: u64, walk: Walk, bits: u64): u32 {
  if (walk.level == 1 || !isPrivatePage(entry) || isHugetlb(vma)) {
    const result = replaceByCopy(cpu, mm, vma, va, walk, bits);
    if (result == 0 || walk.level == 1 || (entry & PTE_SPECIAL) == 0) return result;
  }
  if (!splitLeaf(walk.entryAddress, walk.level)) return VM_FAULT_OOM;
  const part = walkTo(mm.root, va, walk);
  return breakSharing(cpu, mm, vma, va, part, walk, bits);
}

function replaceByCopy(cpu: Cpu, mm: Mm, vma: Vma, va: u64, walk: Walk, bits: u64): u32 {
  const level = walk.level;
  const address = walk.entryAddress as usize;
  const copy = copyOf(mm, vma, pteFrame(readEntry(address)), level);
  if (copy == 0) return withoutPage(vma);
  const old = unmapLeaf(mm, address, level);
  mapLeaf(mm, vma, address, level, copy, bits);
  const bytes = (1 as u64) << levelShift(level);
  const start = va & ~(bytes - 1);
  shootDown(cpu, changetype<usize>(mm) as u32, start, start + bytes);
  dropFolio(old);
  return 0;
}

/** True when the hardware itself lets the access through. */
@inline
export function entryAllows(entry: u64, access: u32): bool {
  const needed = access == ACCESS_WRITE ? PTE_PRESENT | PTE_RW : PTE_PRESENT;
  return (entry & needed) == needed;
}
