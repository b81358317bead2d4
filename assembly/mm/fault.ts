import { profile } from "../arch/profile";
import { FOLIO_DIRTY, FOLIO_EXCLUSIVE, FRAME_ANON, allocFrames, folioGet, folioOf, frameOf, pageAddress } from "../machine/frames";
import { PAGE_SHIFT, PAGE_SIZE, header } from "../machine/map";
import { Cpu } from "../machine/cpu";
import { spinLock, spinUnlock } from "../base/atomics";
import { MappedFile, filePage } from "./file";
import { dropFolio, isExclusive, leafPages, mapLeaf, unmapLeaf } from "./leaf";
import { Mm, mmapReadLock, mmapReadUnlock } from "./mm";
import { PTE_DIRTY, PTE_PRESENT, PTE_RW, PTE_SPECIAL, pteFrame } from "./pte";
import { shootDown } from "./shootdown";
import { Walk, levelShift, makeEntry, readEntry, walkTo, writeEntry } from "./table";
import { VM_READ, VM_SHARED, VM_WRITE, VM_EXEC, Vma, vmaContaining } from "./vma";

/** Page faults: finding the area, checking the permission, making the page present (spec/uaccess.md §7). */

export const ACCESS_READ: u32 = 0;
export const ACCESS_WRITE: u32 = 1;

/** Results, with the kernel's numbers (spec/remote-vm.md §1.6); 0 = handled, repeat the instruction. */
export const VM_FAULT_OOM: u32 = 0x1;
export const VM_FAULT_SIGBUS: u32 = 0x2;
export const VM_FAULT_SIGSEGV: u32 = 0x40;
/** Ours: the mmap lock could not be waited for in this build. */
export const VM_FAULT_NO_WAIT: u32 = 0x80000000;

/** Repairs a fault of the CPU's own address space. Takes the mmap lock for reading; may sleep. */
export function repairFault(cpu: Cpu, va: u64, access: u32): u32 {
  const mm = changetype<Mm>(cpu.mm as usize);
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
  return access == ACCESS_WRITE ? (vma.flags & VM_WRITE) != 0 : (vma.flags & (VM_READ | VM_WRITE | VM_EXEC)) != 0;
}

/** handle_mm_fault: the area and the permission are known to be good. */
export function handleMmFault(cpu: Cpu, mm: Mm, vma: Vma, va: u64, access: u32): u32 {
  const walk = changetype<Walk>(changetype<usize>(cpu) + offsetof<Cpu>("walkEntry"));
  spinLock(tableLockOf(mm));
  const entry = walkTo(mm.root, va, walk);
  let result: u32 = 0;
  if (entry == 0) result = fillEmpty(mm, vma, va, access);
  else if (access == ACCESS_WRITE && (entry & PTE_RW) == 0) result = writeProtected(cpu, mm, vma, va, entry, walk);
  spinUnlock(tableLockOf(mm));
  return result;
}

@inline
function tableLockOf(mm: Mm): usize {
  return changetype<usize>(mm) + offsetof<Mm>("tableLock");
}

function fillEmpty(mm: Mm, vma: Vma, va: u64, access: u32): u32 {
  const level = leafLevel(vma, va);
  const start = va & ~(((1 as u64) << levelShift(level)) - 1);
  const address = makeEntry(mm.root, start, level);
  if (address == 0) return VM_FAULT_OOM;
  if (vma.file != 0) return fillFromFile(mm, vma, start, address, level, access);
  return fillAnonymous(mm, vma, address, level, access);
}

/** A mapping made of large pages uses them where a whole aligned one fits, and small ones at its ends. */
function leafLevel(vma: Vma, va: u64): u32 {
  let level = vma.pageLevel;
  while (level > 1) {
    const bytes = (1 as u64) << levelShift(level);
    const start = va & ~(bytes - 1);
    if (start >= vma.start && start + bytes <= vma.end) break;
    level -= 1;
  }
  return level;
}

function fillAnonymous(mm: Mm, vma: Vma, address: usize, level: u32, access: u32): u32 {
  if (access == ACCESS_READ && level == 1) {
    mapLeaf(mm, vma, address, level, header().zeroPfn, PTE_SPECIAL);
    return 0;
  }
  const pfn = allocFrames(levelShift(level) - PAGE_SHIFT, FRAME_ANON);
  if (pfn == 0) return VM_FAULT_OOM;
  frameOf(pfn).flags = FOLIO_EXCLUSIVE;
  mapLeaf(mm, vma, address, level, pfn, (vma.flags & VM_WRITE) != 0 ? PTE_RW | PTE_DIRTY : 0);
  return 0;
}

function fillFromFile(mm: Mm, vma: Vma, start: u64, address: usize, level: u32, access: u32): u32 {
  const file = changetype<MappedFile>(vma.file as usize);
  const index = vma.pgoff + ((start - vma.start) >> PAGE_SHIFT);
  if (index << PAGE_SHIFT >= file.size) return VM_FAULT_SIGBUS;
  const pfn = filePage(file, index);
  if (pfn == 0) return VM_FAULT_OOM;
  if ((vma.flags & VM_SHARED) == 0 && access == ACCESS_WRITE) {
    return copyPage(mm, vma, address, level, pfn);
  }
  folioGet(pfn);
  const writable = (vma.flags & VM_SHARED) != 0 && access == ACCESS_WRITE;
  if (writable) folioOf(pfn).flags |= FOLIO_DIRTY;
  mapLeaf(mm, vma, address, level, pfn, writable ? PTE_RW | PTE_DIRTY : 0);
  return 0;
}

/** Maps a private copy of `source` writable. */
function copyPage(mm: Mm, vma: Vma, address: usize, level: u32, source: u32): u32 {
  const pfn = allocFrames(levelShift(level) - PAGE_SHIFT, FRAME_ANON);
  if (pfn == 0) return VM_FAULT_OOM;
  frameOf(pfn).flags = FOLIO_EXCLUSIVE;
  memory.copy(pageAddress(pfn), pageAddress(source), leafPages(level) * PAGE_SIZE);
  mapLeaf(mm, vma, address, level, pfn, PTE_RW | PTE_DIRTY);
  return 0;
}

/** A write to a present page that is not writable: share it, take it over, or copy it. */
function writeProtected(cpu: Cpu, mm: Mm, vma: Vma, va: u64, entry: u64, walk: Walk): u32 {
  const address = walk.entryAddress as usize;
  const pfn = pteFrame(entry);
  const shared = (vma.flags & VM_SHARED) != 0;
  const anonymous = (entry & PTE_SPECIAL) == 0 && folioOf(pfn).kind == FRAME_ANON;
  if (shared || (anonymous && isExclusive(pfn))) {
    if (shared) folioOf(pfn).flags |= FOLIO_DIRTY;
    else folioOf(pfn).flags |= FOLIO_EXCLUSIVE;
    writeEntry(address, entry | PTE_RW | PTE_DIRTY);
    return 0;
  }
  const level = walk.level;
  const start = va & ~(((1 as u64) << levelShift(level)) - 1);
  const old = unmapLeaf(mm, address, level);
  const result = copyPage(mm, vma, address, level, pfn);
  if (result != 0) return restoreEntry(mm, vma, address, level, entry, result);
  shootDown(cpu, changetype<usize>(mm) as u32, start, start + ((1 as u64) << levelShift(level)));
  dropFolio(old);
  return 0;
}

/** RAM was full in the middle of a copy: the old mapping comes back as it was. */
function restoreEntry(mm: Mm, vma: Vma, address: usize, level: u32, entry: u64, result: u32): u32 {
  mapLeaf(mm, vma, address, level, pteFrame(entry), entry & PTE_SPECIAL);
  writeEntry(address, entry);
  return result;
}

/** True when the hardware itself lets the access through. */
@inline
export function entryAllows(entry: u64, access: u32): bool {
  const needed = access == ACCESS_WRITE ? PTE_PRESENT | PTE_RW : PTE_PRESENT;
  return (entry & needed) == needed;
}
