import { ENOMEM } from "../base/errno";
import { profile } from "../arch/profile";
import { CPU_GATHER_BYTES, Cpu, gatherArea } from "../machine/cpu";
import {
  FRAME_FILE,
  FRAME_TABLE,
  folioOf,
  frameOf,
  pageAddress,
  pfnOfAddress,
} from "../machine/frame";
import { slabAlloc, slabFree } from "../machine/slab";
import { splitLeaf } from "./huge";
import { dropFolio, unmapLeaf } from "./leaf";
import { Mm, lockTables, unlockTables } from "./mm";
import { PTE_PSE, PTE_SPECIAL, pteFrame, ptePresent } from "./pte";
import { freeTableByRcu } from "./rcu";
import { shootDown } from "./shootdown";
import {
  childTable,
  entryAddress,
  entryAfter,
  firstEntry,
  levelShift,
  readEntry,
  scratchWalk,
  writeEntry,
} from "./table";

/** Taking what is mapped out of page tables, and the tables that become empty with it (mm/memory.c, mm/mmu_gather.c). */

/** What of a range goes. */
export const ZAP_FILE_PAGES: u32 = 1;
export const ZAP_PRIVATE_PAGES: u32 = 2;
export const ZAP_MARKERS: u32 = 4;
export const ZAP_PAGES: u32 = ZAP_FILE_PAGES | ZAP_PRIVATE_PAGES;
export const ZAP_EVERYTHING: u32 = ZAP_PAGES | ZAP_MARKERS;

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

/**
 * Empties [start, end) of `what` is there, and frees the tables that are empty then: 0, or −ENOMEM where a large leaf had to be split and RAM is full; nothing is
 * done then. Holding the mmap lock for reading is enough.
 */
export function zapRange(cpu: Cpu, mm: Mm, start: u64, end: u64, what: u32): i32 {
  lockTables(cpu, mm);
  const result = zapLocked(cpu, mm, start, end, what);
  unlockTables(mm);
  return result;
}

/** The same where the page tables are locked already. */
export function zapLocked(cpu: Cpu, mm: Mm, start: u64, end: u64, what: u32): i32 {
  const result = splitEdges(mm, start, end);
  if (result == 0) zapWholeLeaves(cpu, mm, start, end, what);
  return result;
}

/** Splits large leaves that straddle the ends, so that whole leaves remain to be emptied or moved: 0 or −ENOMEM. */
export function splitEdges(mm: Mm, start: u64, end: u64): i32 {
  return splitLeafAt(mm, start) && splitLeafAt(mm, end) ? 0 : -ENOMEM;
}

/** False where RAM is full. The page tables are locked. */
export function splitLeafAt(mm: Mm, at: u64): bool {
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
function zapWholeLeaves(cpu: Cpu, mm: Mm, start: u64, end: u64, what: u32): void {
  const object = slabAlloc(GATHER_BYTES);
  const gather = changetype<Gather>(object != 0 ? object : gatherArea(cpu));
  gather.slots = ((object != 0 ? GATHER_BYTES : CPU_GATHER_BYTES) - offsetof<Gather>()) >> 2;
  gather.count = 0;
  gather.tables = 0;
  gather.mm = changetype<usize>(mm) as u32;
  gather.cpu = changetype<usize>(cpu) as u32;
  gather.start = start;
  gather.end = end;
  zapLeaves(mm, gather, what);
  pruneTables(gather, mm.root, profile().levels, start, end);
  flushGather(gather);
  if (object != 0) slabFree(object);
}

function zapLeaves(mm: Mm, gather: Gather, what: u32): void {
  const walk = scratchWalk(changetype<Cpu>(gather.cpu as usize));
  let va = firstEntry(mm.root, gather.start, gather.end, walk);
  while (va < gather.end) {
    const kind = kindOf(readEntry(walk.entryAddress)) & what;
    if (kind == ZAP_MARKERS) writeEntry(walk.entryAddress, 0);
    else if (kind != 0) {
      const pfn = unmapLeaf(mm, walk.entryAddress, walk.level);
      if (pfn != 0) addToGather(gather, pfn);
    }
    va = entryAfter(mm.root, va, gather.end, walk);
  }
}

function kindOf(entry: u64): u32 {
  if (!ptePresent(entry)) return ZAP_MARKERS;
  const isFile = (entry & PTE_SPECIAL) == 0 && folioOf(pteFrame(entry)).kind == FRAME_FILE;
  return isFile ? ZAP_FILE_PAGES : ZAP_PRIVATE_PAGES;
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
    const pfn = load<u32>(gatherSlot(gather, slot));
    if (frameOf(pfn).kind == FRAME_TABLE) freeTableByRcu(pfn);
    else dropFolio(pfn);
  }
  gather.count = 0;
  gather.tables = 0;
}
