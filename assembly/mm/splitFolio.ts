import { Cpu } from "../machine/cpu";
import { FOLIO_POOLED, FRAME_ANON, folioOf, pageAddress, pfnOfFrame } from "../machine/frame";
import { folioGet, folioPut, separatePages } from "../machine/frames";
import { PAGE_SHIFT, PAGE_SIZE, header } from "../machine/map";
import { HUGE_LEVEL } from "./huge";
import { addMappings, leafPages } from "./leaf";
import { Mm, lockTables, unlockTables } from "./mm";
import { PTE_DIRTY, PTE_RW, PTE_SPECIAL, pteFrame, ptePresent } from "./pte";
import { shootDown } from "./shootdown";
import { entryAfter, firstEntry, levelShift, readEntry, scratchWalk, writeEntry } from "./table";
import { vmaAt } from "./vma";
import { VM_LOCKED } from "./vmaFlags";
import { vmaContaining } from "./vmaTree";
import { splitLeafAt } from "./zap";

/**
 * Splitting a huge page itself, not only the leaf that maps it (split_folio, mm/huge_memory.c, 6.18): MADV_FREE and
 * MADV_COLD do so where they are about a part of one. A part that holds nothing but zeros gives way to the zero page.
 *
 *   leaf   ┌──────────────────┐    entries  ┌──┬──┬──┬ … ┬──┐
 *          └──────────────────┘             └──┴──┴──┴ … ┴──┘
 *   folio  ████████████████████  →  pages    █  Z  █   …  Z
 */

/** Splits the huge pages of which [start, end) maps but a part. The mmap lock is held for reading. */
export function splitPartlyAdvised(cpu: Cpu, mm: Mm, start: u64, end: u64): void {
  const bytes = (1 as u64) << levelShift(HUGE_LEVEL);
  lockTables(cpu, mm);
  for (let block = start & ~(bytes - 1); block < end; block += bytes) {
    splitIn(cpu, mm, block, max<u64>(block, start), min<u64>(block + bytes, end));
  }
  unlockTables(mm);
}

function splitIn(cpu: Cpu, mm: Mm, block: u64, first: u64, stop: u64): void {
  const walk = scratchWalk(cpu);
  let tried: u32 = 0;
  let va = firstEntry(mm.root, first, stop, walk);
  while (va < stop) {
    const pfn = hugePageOf(readEntry(walk.entryAddress));
    if (pfn == 0 || pfn == tried) {
      va = entryAfter(mm.root, va, stop, walk);
      continue;
    }
    tried = pfn;
    if (pagesMapped(cpu, mm, pfn, first, stop) != leafPages(HUGE_LEVEL)) {
      splitFolio(cpu, mm, pfn, block);
    }
    va = firstEntry(mm.root, max<u64>(va, first), stop, walk); // the others have moved it
  }
}

/** The first page of the transparent huge page that a leaf maps, or maps a part of; 0 for anything else. */
function hugePageOf(entry: u64): u32 {
  if (!ptePresent(entry) || (entry & PTE_SPECIAL) != 0) return 0;
  const folio = folioOf(pteFrame(entry));
  const huge = folio.kind == FRAME_ANON && folio.order == levelShift(HUGE_LEVEL) - PAGE_SHIFT;
  return huge && (folio.flags & FOLIO_POOLED) == 0 ? pfnOfFrame(folio) : 0;
}

/** How many pages of a huge page are mapped in [first, stop). */
function pagesMapped(cpu: Cpu, mm: Mm, pfn: u32, first: u64, stop: u64): u32 {
  const walk = scratchWalk(cpu);
  let pages: u32 = 0;
  let va = firstEntry(mm.root, first, stop, walk);
  while (va < stop) {
    const leafStop = va + ((1 as u64) << levelShift(walk.level));
    if (hugePageOf(readEntry(walk.entryAddress)) == pfn) {
      pages += ((min<u64>(leafStop, stop) - max<u64>(va, first)) >> PAGE_SHIFT) as u32;
    }
    va = entryAfter(mm.root, va, stop, walk);
  }
  return pages;
}

/** Does nothing where somebody else has the page, where a part of it is mapped outside its block, or RAM is full. */
function splitFolio(cpu: Cpu, mm: Mm, pfn: u32, block: u64): void {
  const stop = block + ((1 as u64) << levelShift(HUGE_LEVEL));
  const folio = folioOf(pfn);
  if (folio.refcount != folio.mapcount) return;
  const whole = isLeafOf(cpu, mm, pfn, block);
  const entries: u32 = whole ? 1 : pagesMapped(cpu, mm, pfn, block, stop);
  if (folio.mapcount != entries || !splitLeafAt(mm, block + PAGE_SIZE)) return;
  separatePages(pfn);
  mapSeparately(cpu, mm, pfn, block, stop);
  shootDown(cpu, changetype<usize>(mm) as u32, block, stop);
  for (let page: u32 = 0; page < leafPages(HUGE_LEVEL); page++) folioPut(pfn + page);
}

function isLeafOf(cpu: Cpu, mm: Mm, pfn: u32, block: u64): bool {
  const walk = scratchWalk(cpu);
  firstEntry(mm.root, block, block + PAGE_SIZE, walk);
  return walk.level == HUGE_LEVEL && hugePageOf(readEntry(walk.entryAddress)) == pfn;
}

/** Every entry gets a reference of its own to its page, or the zero page instead (try_to_map_unused_to_zeropage). */
function mapSeparately(cpu: Cpu, mm: Mm, pfn: u32, block: u64, stop: u64): void {
  const walk = scratchWalk(cpu);
  let va = firstEntry(mm.root, block, stop, walk);
  while (va < stop) {
    const entry = readEntry(walk.entryAddress);
    const page = pteFrame(entry);
    if (ptePresent(entry) && page - pfn < leafPages(HUGE_LEVEL)) {
      if (isUnused(mm, va, page)) writeEntry(walk.entryAddress, zeroEntry(entry));
      else {
        folioGet(page);
        addMappings(page, 1);
      }
    }
    va = entryAfter(mm.root, va, stop, walk);
  }
}

/** Locked memory keeps its pages whatever they hold. */
function isUnused(mm: Mm, va: u64, page: u32): bool {
  if ((vmaAt(vmaContaining(mm, va)).flags & VM_LOCKED) != 0) return false;
  const start = pageAddress(page);
  for (let at: usize = 0; at < PAGE_SIZE; at += 8) if (load<u64>(start + at) != 0) return false;
  return true;
}

function zeroEntry(entry: u64): u64 {
  const bits = entry & ~((pteFrame(entry) as u64) << PAGE_SHIFT) & ~(PTE_RW | PTE_DIRTY);
  return bits | PTE_SPECIAL | ((header().zeroPfn as u64) << PAGE_SHIFT);
}
