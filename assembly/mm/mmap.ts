import { EINVAL, ENOMEM } from "../base/errno";
import { profile } from "../arch/profile";
import { CPU_GATHER_BYTES, Cpu, gatherArea } from "../machine/cpu";
import { folioPut, frameOf, pageAddress, pfnOfAddress } from "../machine/frames";
import { PAGE_MASK, PAGE_SHIFT } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";
import { MappedFile, fileGet, filePut } from "./file";
import { accessBits, dropFolio, splitLeaf, unmapLeaf } from "./leaf";
import { Mm, mmapWriteLock, mmapWriteUnlock } from "./mm";
import { PTE_PRESENT, PTE_PROTNONE, PTE_PSE, PTE_RW, pteFrame } from "./pte";
import { shootDown } from "./shootdown";
import {
  Walk,
  childTable,
  entryAddress,
  levelShift,
  nextLeaf,
  readEntry,
  writeEntry,
} from "./table";
import { VM_ACCESS, VM_WRITE, Vma, allocVma, findVma, freeVma, insertVma, removeVma } from "./vma";

/** mmap, munmap and mprotect over one address space: the mmap lock is held for writing throughout. */

/** Frames gathered before one shootdown frees them together (mmu_gather); their pfns follow the record. */
@unmanaged
class Gather {
  mm: u32;
  cpu: u32;
  start: u64; // of the range being emptied
  end: u64;
  count: u32;
  slots: u32;
  tables: u32; // page tables among the gathered frames: every cached walk must go too
}

/** The record and its slots as a slab object. */
const GATHER_BYTES: u32 = 2048;

/** A range that a program can have mappings in. */
@inline
function withinTask(start: u64, length: u64): bool {
  const limit = profile().taskLimit;
  return length <= limit && start <= limit - length;
}

@inline
function roundUp(length: u64): u64 {
  return (length + PAGE_MASK) & ~(PAGE_MASK as u64);
}

/** What a mapping is made of, apart from its place. */
@unmanaged
export class MapRequest {
  start: u64;
  length: u64;
  pgoff: u64;
  flags: u32;
  file: u32;
  pageLevel: u32;
  pkey: u32;
}

/** MAP_FIXED_NOREPLACE-less mmap: what lies in the range is replaced. 0 or −errno; nothing is populated. */
export function mapRange(cpu: Cpu, mm: Mm, request: MapRequest): i32 {
  const length = roundUp(request.length);
  if ((request.start & PAGE_MASK) != 0 || request.length == 0) return -EINVAL;
  if (length == 0 || !withinTask(request.start, length)) return -ENOMEM;
  const vma = allocVma();
  if (vma == 0) return -ENOMEM;
  if (!mmapWriteLock(cpu, mm)) {
    freeVma(vma);
    return -EINVAL;
  }
  const result = unmapLocked(cpu, mm, request.start, request.start + length);
  if (result == 0) insertMapping(mm, vma, request, length);
  else freeVma(vma);
  mmapWriteUnlock(cpu, mm);
  return result;
}

function insertMapping(mm: Mm, address: usize, request: MapRequest, length: u64): void {
  const vma = changetype<Vma>(address);
  vma.start = request.start;
  vma.end = request.start + length;
  vma.pgoff = request.pgoff;
  vma.flags = request.flags;
  vma.file = request.file;
  vma.pageLevel = request.pageLevel;
  vma.pkey = request.pkey;
  if (vma.file != 0) fileGet(changetype<MappedFile>(vma.file as usize));
  insertVma(mm, address);
}

/** munmap: 0, −EINVAL for a range no program can have, −ENOMEM where a split finds RAM full. */
export function unmapRange(cpu: Cpu, mm: Mm, start: u64, length: u64): i32 {
  const rounded = roundUp(length);
  if ((start & PAGE_MASK) != 0 || rounded == 0 || !withinTask(start, rounded)) return -EINVAL;
  if (!mmapWriteLock(cpu, mm)) return -EINVAL;
  const result = unmapLocked(cpu, mm, start, start + rounded);
  mmapWriteUnlock(cpu, mm);
  return result;
}

function unmapLocked(cpu: Cpu, mm: Mm, start: u64, end: u64): i32 {
  let result = isolate(mm, start, end);
  if (result == 0) result = splitEdges(mm, start, end);
  if (result != 0) return result;
  zapRange(cpu, mm, start, end);
  let at = findVma(mm, start);
  while (at != 0 && changetype<Vma>(at).start < end) {
    removeVma(mm, at);
    dropVma(at);
    at = findVma(mm, start);
  }
  return 0;
}

function dropVma(address: usize): void {
  const file = changetype<Vma>(address).file;
  if (file != 0) filePut(changetype<MappedFile>(file as usize));
  freeVma(address);
}

/** Splits the areas that straddle the ends of [start, end). */
function isolate(mm: Mm, start: u64, end: u64): i32 {
  const result = splitVmaAt(mm, start);
  return result != 0 ? result : splitVmaAt(mm, end);
}

function splitVmaAt(mm: Mm, at: u64): i32 {
  const address = findVma(mm, at);
  if (address == 0) return 0;
  const vma = changetype<Vma>(address);
  if (vma.start >= at) return 0;
  const upperAddress = allocVma();
  if (upperAddress == 0) return -ENOMEM;
  const upper = changetype<Vma>(upperAddress);
  upper.start = at;
  upper.end = vma.end;
  upper.pgoff = vma.pgoff + ((at - vma.start) >> PAGE_SHIFT);
  upper.flags = vma.flags;
  upper.file = vma.file;
  upper.pageLevel = vma.pageLevel;
  upper.pkey = vma.pkey;
  if (upper.file != 0) fileGet(changetype<MappedFile>(upper.file as usize));
  vma.end = at;
  insertVma(mm, upperAddress);
  return 0;
}

/** Splits large leaves that straddle the ends, so that whole leaves remain to be emptied or changed. */
function splitEdges(mm: Mm, start: u64, end: u64): i32 {
  return splitLeafAt(mm, start) && splitLeafAt(mm, end) ? 0 : -ENOMEM;
}

function splitLeafAt(mm: Mm, at: u64): bool {
  let table = mm.root as usize;
  for (let level = profile().levels; level > 1; level--) {
    const bytes = (1 as u64) << levelShift(level);
    if ((at & (bytes - 1)) == 0) return true;
    const address = entryAddress(table, level, at);
    let entry = readEntry(address);
    if (entry == 0) return true;
    if ((entry & PTE_PSE) != 0) {
      if (!splitLeaf(address, level)) return false;
      entry = readEntry(address);
    }
    table = pageAddress(pteFrame(entry));
  }
  return true;
}

/** Freeing memory must not need memory: with RAM full, the CPU's own short list does. */
function zapRange(cpu: Cpu, mm: Mm, start: u64, end: u64): void {
  const object = slabAlloc(GATHER_BYTES);
  const gather = changetype<Gather>(object != 0 ? object : gatherArea(cpu));
  gather.slots = ((object != 0 ? GATHER_BYTES : CPU_GATHER_BYTES) - offsetof<Gather>()) >> 2;
  gather.count = 0;
  gather.tables = 0;
  gather.mm = changetype<usize>(mm) as u32;
  gather.cpu = changetype<usize>(cpu) as u32;
  gather.start = start;
  gather.end = end;
  zapLeaves(mm, gather);
  pruneTables(gather, mm.root, profile().levels, start, end);
  flushGather(gather);
  if (object != 0) slabFree(object);
}

function zapLeaves(mm: Mm, gather: Gather): void {
  const walk = scratchWalk(changetype<Cpu>(gather.cpu as usize));
  let va = nextLeaf(mm.root, gather.start, gather.end, walk);
  while (va < gather.end) {
    const level = walk.level;
    const pfn = unmapLeaf(mm, walk.entryAddress, level);
    if (pfn != 0) addToGather(gather, pfn);
    va = nextLeaf(mm.root, va + ((1 as u64) << levelShift(level)), gather.end, walk);
  }
}

/** Unlinks the tables of a range that became empty; their frames are freed with the pages. */
function pruneTables(gather: Gather, table: usize, level: u32, start: u64, end: u64): void {
  const step = (1 as u64) << levelShift(level);
  for (let va = start; va < end; va = (va & ~(step - 1)) + step) {
    const address = entryAddress(table, level, va);
    const below = childTable(address, level);
    if (below == 0) continue;
    if (level > 2) {
      pruneTables(gather, below, level - 1, va, min<u64>((va & ~(step - 1)) + step, end));
    }
    if (frameOf(pfnOfAddress(below)).count != 0) continue;
    writeEntry(address, 0);
    gather.tables += 1;
    addToGather(gather, pfnOfAddress(below));
  }
}

@inline
function scratchWalk(cpu: Cpu): Walk {
  return changetype<Walk>(changetype<usize>(cpu) + offsetof<Cpu>("walkEntry"));
}

function addToGather(gather: Gather, pfn: u32): void {
  store<u32>(gatherSlot(gather, gather.count), pfn);
  gather.count += 1;
  if (gather.count == gather.slots) flushGather(gather);
}

@inline
function gatherSlot(gather: Gather, slot: u32): usize {
  return changetype<usize>(gather) + offsetof<Gather>() + (slot << 2);
}

/** Nobody may reach the pages any more: now their references go. */
function flushGather(gather: Gather): void {
  const everything = gather.tables != 0;
  const start: u64 = everything ? 0 : gather.start;
  const end = everything ? profile().tableLimit : gather.end;
  shootDown(changetype<Cpu>(gather.cpu as usize), gather.mm, start, end);
  for (let slot: u32 = 0; slot < gather.count; slot++) {
    dropFolio(load<u32>(gatherSlot(gather, slot)));
  }
  gather.count = 0;
  gather.tables = 0;
}

/**
 * mprotect: `access` is the new VM_READ | VM_WRITE | VM_EXEC. 0, −EINVAL for a start within a page, or −ENOMEM where a
 * part is not mapped: what lies below that part is changed.
 */
export function protectRange(cpu: Cpu, mm: Mm, start: u64, length: u64, access: u32): i32 {
  const rounded = roundUp(length);
  if ((start & PAGE_MASK) != 0) return -EINVAL;
  if (length == 0) return 0;
  if (rounded == 0 || !withinTask(start, rounded)) return -ENOMEM;
  if (!mmapWriteLock(cpu, mm)) return -EINVAL;
  const result = protectLocked(cpu, mm, start, start + rounded, access);
  mmapWriteUnlock(cpu, mm);
  return result;
}

function protectLocked(cpu: Cpu, mm: Mm, start: u64, end: u64, access: u32): i32 {
  let result = isolate(mm, start, end);
  if (result == 0) result = splitEdges(mm, start, end);
  if (result != 0) return result;
  let at = start;
  while (at < end) {
    const address = findVma(mm, at);
    if (address == 0 || changetype<Vma>(address).start > at) break;
    const vma = changetype<Vma>(address);
    vma.flags = (vma.flags & ~VM_ACCESS) | (access & VM_ACCESS);
    protectLeaves(cpu, mm, vma);
    at = vma.end;
  }
  shootDown(cpu, changetype<usize>(mm) as u32, start, end);
  return at < end ? -ENOMEM : 0;
}

function protectLeaves(cpu: Cpu, mm: Mm, vma: Vma): void {
  const walk = scratchWalk(cpu);
  let va = nextLeaf(mm.root, vma.start, vma.end, walk);
  while (va < vma.end) {
    protectLeaf(vma, walk);
    va = nextLeaf(mm.root, va + ((1 as u64) << levelShift(walk.level)), vma.end, walk);
  }
}

/** Rewrites a leaf's permission. Becoming writable is left to the next write fault. */
function protectLeaf(vma: Vma, walk: Walk): void {
  const entry = readEntry(walk.entryAddress);
  const kept = entry & ~(PTE_PRESENT | PTE_PROTNONE);
  const writable = (vma.flags & VM_WRITE) != 0 ? kept : kept & ~PTE_RW;
  writeEntry(walk.entryAddress, writable | accessBits(vma));
}

/** Drops one user of an address space; the last one unmaps everything and frees the tables. */
export function mmPut(cpu: Cpu, mm: Mm): void {
  mm.users -= 1;
  if (mm.users != 0) return;
  unmapLocked(cpu, mm, 0, profile().tableLimit);
  folioPut(pfnOfAddress(mm.root));
  slabFree(changetype<usize>(mm));
}
