import { profile } from "../arch/profile";
import {
  FOLIO_DIRTY,
  FOLIO_EXCLUSIVE,
  FRAME_ANON,
  allocFrames,
  folioGet,
  folioOf,
  frameOf,
  pageAddress,
} from "../machine/frames";
import { PAGE_SHIFT, PAGE_SIZE, header } from "../machine/map";
import { Cpu } from "../machine/cpu";
import { MappedFile, filePage, filePages } from "./file";
import { dropFolio, isExclusive, leafPages, mapLeaf, unmapLeaf } from "./leaf";
import { Mm, lockTables, mmapReadLock, mmapReadUnlock, unlockTables } from "./mm";
import { PTE_DIRTY, PTE_PRESENT, PTE_RW, PTE_SPECIAL, pteFrame } from "./pte";
import { shootDown } from "./shootdown";
import { Walk, levelShift, makeEntry, walkTo, writeEntry } from "./table";
import { VM_READ, VM_SHARED, VM_WRITE, VM_EXEC, Vma, vmaContaining } from "./vma";

/** Page faults: finding the area, checking the permission, making the page present (mm/memory.c). */

export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 1;
/**
 * A debugger's write (FOLL_FORCE): whatever the protection, and never into what others share unless the mapping does.
 */
export const ACCESS_FORCE: u32 = 2;

/**
 * Results, with the kernel's numbers (enum vm_fault_reason in include/linux/mm_types.h); 0 = handled, repeat the
 * instruction.
 */
export const VM_FAULT_OOM: u32 = 0x1;
export const VM_FAULT_SIGBUS: u32 = 0x2;
export const VM_FAULT_SIGSEGV: u32 = 0x40;
/** Ours: the mmap lock could not be waited for in this build. */
export const VM_FAULT_NO_WAIT: u32 = 0x80000000;

/** Repairs a fault of the CPU's own address space. Takes the mmap lock for reading; may sleep. */
export function repairFault(cpu: Cpu, va: u64, access: u32): u32 {
  return faultIn(cpu, changetype<Mm>(cpu.mm as usize), va, access);
}

/** Makes one page of an address space present, as an access of its program would. */
export function faultIn(cpu: Cpu, mm: Mm, va: u64, access: u32): u32 {
  if (!mmapReadLock(cpu, mm)) return VM_FAULT_NO_WAIT;
  const vma = va < profile().tableLimit ? vmaContaining(mm, va) : 0;
  let result = VM_FAULT_SIGSEGV;
  if (vma != 0 && permits(changetype<Vma>(vma), access)) {
    result = handleMmFault(cpu, mm, changetype<Vma>(vma), va, access);
  }
  mmapReadUnlock(cpu, mm);
  return result;
}

function permits(vma: Vma, access: u32): bool {
  if (access == ACCESS_FORCE) return true;
  return access == ACCESS_WRITE
    ? (vma.flags & VM_WRITE) != 0
    : (vma.flags & (VM_READ | VM_WRITE | VM_EXEC)) != 0;
}

/**
 * handle_mm_fault: the area and the permission are known to be good. A forced write breaks a private page's sharing.
 */
function handleMmFault(cpu: Cpu, mm: Mm, vma: Vma, va: u64, wanted: u32): u32 {
  const forced: u32 = vma.flags & VM_SHARED ? ACCESS_READ : ACCESS_WRITE;
  const access = wanted == ACCESS_FORCE ? forced : wanted;
  const walk = changetype<Walk>(changetype<usize>(cpu) + offsetof<Cpu>("walkEntry"));
  lockTables(cpu, mm);
  const entry = walkTo(mm.root, va, walk);
  let result: u32 = 0;
  if (entry == 0) result = fillEmpty(mm, vma, va, access, walk.level);
  else if (access == ACCESS_WRITE && (entry & PTE_RW) == 0) {
    result = writeProtected(cpu, mm, vma, va, entry, walk);
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
  let level = min(vma.pageLevel, highest);
  while (level > 1 && !leafFits(vma, va, level)) level -= 1;
  const start = va & ~(((1 as u64) << levelShift(level)) - 1);
  const address = makeEntry(mm.root, start, level);
  if (address == 0) return VM_FAULT_OOM;
  if (vma.file != 0) return fillFromFile(mm, vma, start, address, level, access);
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
    (1 as u32) << file.order >= pages &&
    (index & (pages - 1)) == 0 &&
    index + pages <= filePages(file)
  );
}

@inline
function pageIndex(vma: Vma, va: u64): u64 {
  return vma.pgoff + ((va - vma.start) >> PAGE_SHIFT);
}

function fillAnonymous(mm: Mm, vma: Vma, address: usize, level: u32, access: u32): u32 {
  if (access == ACCESS_READ && level == 1) {
    mapLeaf(mm, vma, address, level, header().zeroPfn, PTE_SPECIAL);
    return 0;
  }
  const pfn = allocExclusive(level);
  if (pfn == 0) return VM_FAULT_OOM;
  mapLeaf(
    mm,
    vma,
    address,
    level,
    pfn,
    access == ACCESS_WRITE ? writtenBits(vma) : writtenBits(vma) & ~PTE_DIRTY,
  );
  return 0;
}

/** A private page, or block of them, with this process as its only owner. */
function allocExclusive(level: u32): u32 {
  const pfn = allocFrames(levelShift(level) - PAGE_SHIFT, FRAME_ANON);
  if (pfn != 0) frameOf(pfn).flags = FOLIO_EXCLUSIVE;
  return pfn;
}

function fillFromFile(mm: Mm, vma: Vma, start: u64, address: usize, level: u32, access: u32): u32 {
  const file = changetype<MappedFile>(vma.file as usize);
  const index = pageIndex(vma, start);
  if (index >= filePages(file)) return VM_FAULT_SIGBUS;
  const pfn = filePage(file, index);
  if (pfn == 0) return VM_FAULT_OOM;
  const shared = (vma.flags & VM_SHARED) != 0;
  if (!shared && access == ACCESS_WRITE) return mapCopy(mm, vma, address, level, pfn);
  folioGet(pfn);
  const written = shared && access == ACCESS_WRITE;
  if (written) folioOf(pfn).flags |= FOLIO_DIRTY;
  mapLeaf(mm, vma, address, level, pfn, written ? writtenBits(vma) : 0);
  return 0;
}

/** Maps a private copy of `source` in an empty entry. */
function mapCopy(mm: Mm, vma: Vma, address: usize, level: u32, source: u32): u32 {
  const pfn = copyOf(source, level);
  if (pfn == 0) return VM_FAULT_OOM;
  mapLeaf(mm, vma, address, level, pfn, writtenBits(vma));
  return 0;
}

function copyOf(source: u32, level: u32): u32 {
  const pfn = allocExclusive(level);
  if (pfn != 0) memory.copy(pageAddress(pfn), pageAddress(source), leafPages(level) * PAGE_SIZE);
  return pfn;
}

/** A write to a present page that is not writable: share it, take it over, or copy it. */
function writeProtected(cpu: Cpu, mm: Mm, vma: Vma, va: u64, entry: u64, walk: Walk): u32 {
  const address = walk.entryAddress as usize;
  const pfn = pteFrame(entry);
  const shared = (vma.flags & VM_SHARED) != 0;
  const anonymous = (entry & PTE_SPECIAL) == 0 && folioOf(pfn).kind == FRAME_ANON;
  if (shared || (anonymous && isExclusive(pfn))) {
    folioOf(pfn).flags |= shared ? FOLIO_DIRTY : FOLIO_EXCLUSIVE;
    writeEntry(address, entry | writtenBits(vma));
    return 0;
  }
  const level = walk.level;
  const copy = copyOf(pfn, level);
  if (copy == 0) return VM_FAULT_OOM;
  const old = unmapLeaf(mm, address, level);
  mapLeaf(mm, vma, address, level, copy, writtenBits(vma));
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
