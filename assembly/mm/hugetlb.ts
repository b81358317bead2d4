import { EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { FOLIO_EXCLUSIVE, FRAME_ANON, frameOf } from "../machine/frame";
import {
  reserveHugePage,
  takeHugePage,
  takeReservedHugePage,
  unreserveHugePage,
} from "../machine/hugePool";
import { PAGE_SHIFT } from "../machine/map";
import { prepareAnonVma } from "./anon";
import { pageIndex } from "./backing";
import {
  FILE_HUGETLB,
  FILE_MAX_PAGES,
  MappedFile,
  SLOT_RESERVED,
  existingSlot,
  filePut,
  indexSlot,
  lockIndex,
  openFile,
  unlockIndex,
} from "./file";
import { leafPages } from "./leaf";
import { Mm } from "./mm";
import { levelShift } from "./table";
import { Vma } from "./vma";
import { VM_DONTEXPAND, VM_HIGH_RESERVE_OWNER, VM_HUGETLB, VM_SHARED } from "./vmaFlags";
import { ZAP_PAGES, zapRange } from "./zap";

/**
 * Areas of pages from a pool (mm/hugetlb.c, 6.18). Behind each mapping stands a file of its own: its page cache holds
 * the pages of a shared mapping, and what is still promised to it, page by page. Of a private mapping the promises are
 * the owner's, who made it, and no child's; its pages are never in the cache.
 */

@inline
export function isHugetlb(vma: Vma): bool {
  return (vma.flags & VM_HUGETLB) != 0;
}

@inline
function orderOf(vma: Vma): u32 {
  return levelShift(vma.pageLevel) - PAGE_SHIFT;
}

/** Bytes up to whole pages of a level; 0 where that passes the end of all addresses. */
@inline
export function hugeAlign(length: u64, level: u32): u64 {
  const mask = ((1 as u64) << levelShift(level)) - 1;
  return (length + mask) & ~mask;
}

/**
 * hugetlb_file_setup and hugetlb_reserve_pages: every page is promised at once, so that no fault of the owner's finds
 * none. 0; −EINVAL for a start within a page; −ENOMEM where the pool has not so many, or RAM no room for the records.
 */
export function makeHugetlb(vma: Vma): i32 {
  const length = vma.end - vma.start;
  if (hugeAlign(vma.start, vma.pageLevel) != vma.start) return -EINVAL;
  if (length >> PAGE_SHIFT > FILE_MAX_PAGES) return -ENOMEM;
  const address = openFile(length, orderOf(vma), FILE_HUGETLB);
  if (address == 0) return -ENOMEM;
  vma.file = address as u32;
  vma.flags |= VM_DONTEXPAND;
  if ((vma.flags & VM_SHARED) == 0) vma.highFlags |= VM_HIGH_RESERVE_OWNER;
  if (reservePages(vma, vma.start, vma.end)) return 0;
  filePut(changetype<MappedFile>(address));
  return -ENOMEM;
}

/** Promises the pages of a range that are neither promised nor, if shared, there: false where one cannot be. */
function reservePages(vma: Vma, start: u64, end: u64): bool {
  const file = changetype<MappedFile>(vma.file as usize);
  const step = leafPages(vma.pageLevel) as u64;
  let done = true;
  lockIndex(file);
  for (let at = pageIndex(vma, start); at < pageIndex(vma, end) && done; at += step) {
    done = reservePage(file, at);
  }
  unlockIndex(file);
  return done;
}

function reservePage(file: MappedFile, index: u64): bool {
  const slot = indexSlot(file, index);
  if (slot == 0) return false;
  if (load<u32>(slot) != 0) return true;
  if (!reserveHugePage(file.order)) return false;
  store<u32>(slot, SLOT_RESERVED);
  return true;
}

/** hugetlb_vm_op_close: the owner of a private mapping gives up what was promised to an area that goes. */
export function releaseReserve(vma: Vma): void {
  if ((vma.highFlags & VM_HIGH_RESERVE_OWNER) == 0) return;
  const file = changetype<MappedFile>(vma.file as usize);
  const step = leafPages(vma.pageLevel) as u64;
  for (let index = vma.pgoff; index < pageIndex(vma, vma.end); index += step) {
    if (takePromise(file, index)) unreserveHugePage(file.order);
  }
}

/** False where no page is promised; else it no longer is, and the pool knows nothing of that yet. */
function takePromise(file: MappedFile, index: u64): bool {
  lockIndex(file);
  const slot = existingSlot(file, index);
  const promised = slot != 0 && load<u32>(slot) == SLOT_RESERVED;
  if (promised) store<u32>(slot, 0);
  unlockIndex(file);
  return promised;
}

/** A private page at its first access, exclusive to the process; 0 where the pool has none for it. */
export function newPrivatePage(mm: Mm, vma: Vma, va: u64): u32 {
  const file = changetype<MappedFile>(vma.file as usize);
  const owner = (vma.highFlags & VM_HIGH_RESERVE_OWNER) != 0;
  if (!owner || !takePromise(file, pageIndex(vma, va))) return takeExclusive(mm, vma);
  prepareAnonVma(mm, vma);
  const pfn = takeReservedHugePage(file.order, FRAME_ANON);
  frameOf(pfn).flags |= FOLIO_EXCLUSIVE;
  return pfn;
}

/** A private page without a promise, as a copy on write takes it. */
export function takeExclusive(mm: Mm, vma: Vma): u32 {
  prepareAnonVma(mm, vma);
  const pfn = takeHugePage(orderOf(vma), FRAME_ANON);
  if (pfn != 0) frameOf(pfn).flags |= FOLIO_EXCLUSIVE;
  return pfn;
}

/**
 * MADV_DONTNEED: from a page's start on, as many whole pages as the range has; −EINVAL for a start within one. To the
 * owner of a private mapping its pages are promised again, where the pool can.
 */
export function discardPages(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64): i32 {
  const mask = ((1 as u64) << levelShift(vma.pageLevel)) - 1;
  if ((start & mask) != 0) return -EINVAL;
  const stop = end & ~mask;
  if (stop <= start) return 0;
  const result = zapRange(cpu, mm, start, stop, ZAP_PAGES);
  if ((vma.highFlags & VM_HIGH_RESERVE_OWNER) != 0) reservePages(vma, start, stop);
  return result;
}
