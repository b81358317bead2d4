import { fetchAdd } from "../base/atomics";
import { FOLIO_EXCLUSIVE, Frame, folioOf, frameOf } from "../machine/frame";
import { folioPut } from "../machine/frames";
import { PAGE_SHIFT } from "../machine/map";
import { Mm } from "./mm";
import {
  PTE_ACCESSED,
  PTE_PKEY_SHIFT,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_PSE,
  PTE_SPECIAL,
  PTE_USER,
  pteFrame,
} from "./pte";
import { levelShift, readEntry, writeEntry } from "./table";
import { Vma } from "./vma";
import { VM_ACCESS } from "./vmaFlags";

/** Putting a page into a page table and taking it out again, with the counts that go with it. */

@inline
export function leafPages(level: u32): u32 {
  return 1 << (levelShift(level) - PAGE_SHIFT);
}

/** Whether the hardware may use a mapping's leaves at all. */
@inline
export function accessBits(vma: Vma): u64 {
  return (vma.flags & VM_ACCESS) != 0 ? PTE_PRESENT : PTE_PROTNONE;
}

/** The bits every leaf of a mapping carries. */
function leafBits(vma: Vma, level: u32): u64 {
  const size = level > 1 ? PTE_PSE : 0;
  return accessBits(vma) | size | PTE_USER | PTE_ACCESSED | ((vma.pkey as u64) << PTE_PKEY_SHIFT);
}

/** Other address spaces map the same folio under locks of their own. */
export function addMappings(pfn: u32, entries: u32): void {
  fetchAdd(changetype<usize>(folioOf(pfn)) + offsetof<Frame>("mapcount"), entries);
}

/** Maps a folio's page; the caller's reference becomes the mapping's. */
export function mapLeaf(mm: Mm, vma: Vma, address: usize, level: u32, pfn: u32, bits: u64): void {
  if ((bits & PTE_SPECIAL) == 0) addMappings(pfn, 1);
  writeEntry(address, ((pfn as u64) << PAGE_SHIFT) | leafBits(vma, level) | bits);
  mm.pages += leafPages(level);
}

/** Empties an entry. The reference that the mapping held is the caller's to drop, after the TLBs forgot the page. */
export function unmapLeaf(mm: Mm, address: usize, level: u32): u32 {
  const entry = readEntry(address);
  writeEntry(address, 0);
  mm.pages -= leafPages(level);
  const pfn = pteFrame(entry);
  if (entry & PTE_SPECIAL) return 0;
  addMappings(pfn, -1);
  return pfn;
}

/** True when this process is the only owner of the page, so that a write may reuse it; `pfn` is its leaf's first. */
export function isExclusive(pfn: u32): bool {
  return (frameOf(pfn).flags & FOLIO_EXCLUSIVE) != 0 || folioOf(pfn).refcount == 1;
}

export function dropFolio(pfn: u32): void {
  if (pfn != 0) folioPut(pfn);
}
