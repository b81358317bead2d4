import { profile } from "../arch/profile";
import { FOLIO_EXCLUSIVE, FRAME_TABLE, FRAME_ZERO, frameOf, pageAddress } from "../machine/frame";
import { allocFrames, folioGet, folioPut } from "../machine/frames";
import { spinLock, spinUnlock } from "../machine/held";
import { HEADER, Header, PAGE_SHIFT, header } from "../machine/map";
import { addMappings, leafPages } from "./leaf";
import { Mm } from "./mm";
import { PTE_PSE, PTE_SPECIAL, pteFrame } from "./pte";
import { levelShift, readEntry, tableEntry, writeEntry } from "./table";
import { Vma } from "./vma";
import { VM_HUGEPAGE } from "./vmaFlags";

/** Transparent huge pages (mm/huge_memory.c, 6.18): where they may be, the huge zero folio, and their splitting. */

/** Level of a 2 MiB leaf. */
export const HUGE_LEVEL: u32 = 2;

/** The largest leaves that an area is populated with: what the host asked for, or what MADV_HUGEPAGE allows. */
@inline
export function leafLevel(vma: Vma): u32 {
  return isTransparentHuge(vma) ? HUGE_LEVEL : vma.pageLevel;
}

/** 32-bit tables have no huge leaves. */
@inline
export function isTransparentHuge(vma: Vma): bool {
  return (
    (vma.flags & VM_HUGEPAGE) != 0 &&
    vma.file == 0 &&
    vma.pageLevel < HUGE_LEVEL &&
    profile().entryBytes == 8
  );
}

@inline
function hugeZeroLock(): usize {
  return HEADER + offsetof<Header>("hugeZeroLock");
}

/**
 * The huge zero folio for an address space, which holds one reference to it from then on (mm_get_huge_zero_folio); 0
 * when RAM is full.
 */
export function hugeZero(mm: Mm): u32 {
  const h = header();
  if (mm.holdsHugeZero) return h.hugeZeroPfn;
  spinLock(hugeZeroLock());
  if (h.hugeZeroPfn != 0) folioGet(h.hugeZeroPfn);
  else h.hugeZeroPfn = allocFrames(levelShift(HUGE_LEVEL) - PAGE_SHIFT, FRAME_ZERO);
  if (h.hugeZeroPfn != 0) mm.holdsHugeZero = 1;
  spinUnlock(hugeZeroLock());
  return h.hugeZeroPfn;
}

/** The address space is empty: the last one that had a huge zero leaf takes the folio with it. */
export function dropHugeZero(mm: Mm): void {
  if (mm.holdsHugeZero == 0) return;
  const h = header();
  spinLock(hugeZeroLock());
  const pfn = h.hugeZeroPfn;
  mm.holdsHugeZero = 0;
  if (frameOf(pfn).refcount == 1) h.hugeZeroPfn = 0;
  folioPut(pfn);
  spinUnlock(hugeZeroLock());
}

/** Replaces a large leaf by a table of leaves one level down that map the same pages. False when RAM is full. */
export function splitLeaf(address: usize, level: u32): bool {
  const entry = readEntry(address);
  const tablePfn = allocFrames(0, FRAME_TABLE);
  if (tablePfn == 0) return false;
  const parts = leafPages(level) / leafPages(level - 1);
  if (entry & PTE_SPECIAL) fillWithZeroPages(tablePfn, entry, parts);
  else fillWithParts(tablePfn, entry, level, parts);
  frameOf(tablePfn).count = parts;
  writeEntry(address, tableEntry(tablePfn));
  return true;
}

/** Every small leaf holds a reference of its own, and its page is as exclusive as the whole was. */
function fillWithParts(tablePfn: u32, entry: u64, level: u32, parts: u32): void {
  const pfn = pteFrame(entry);
  const step = leafPages(level - 1);
  const bits = entry & ~((pfn as u64) << PAGE_SHIFT) & (level > 2 ? u64.MAX_VALUE : ~PTE_PSE);
  const exclusive = frameOf(pfn).flags & FOLIO_EXCLUSIVE;
  const table = pageAddress(tablePfn);
  for (let part: u32 = 0; part < parts; part++) {
    const first = pfn + part * step;
    store<u64>(table + (part << 3), bits | ((first as u64) << PAGE_SHIFT));
    frameOf(first).flags |= exclusive;
    if (part != 0) folioGet(pfn);
  }
  addMappings(pfn, parts - 1);
}

/** The huge zero leaf becomes as many zero pages. */
function fillWithZeroPages(tablePfn: u32, entry: u64, parts: u32): void {
  const bits = entry & ~PTE_PSE & ~((pteFrame(entry) as u64) << PAGE_SHIFT);
  const small = bits | ((header().zeroPfn as u64) << PAGE_SHIFT);
  const table = pageAddress(tablePfn);
  for (let part: u32 = 0; part < parts; part++) store<u64>(table + (part << 3), small);
}
