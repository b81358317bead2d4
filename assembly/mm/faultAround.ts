import { profile } from "../arch/profile";
import { PAGE_SHIFT } from "../machine/map";
import { pageIndex } from "./backing";
import {
  FILE_DEVICE,
  FILE_MEMFD,
  FILE_SECRET,
  FILE_SHMEM,
  MappedFile,
  filePages,
  getCachedPage,
} from "./file";
import { mapLeaf } from "./leaf";
import { Mm } from "./mm";
import { PTE_RW } from "./pte";
import { readEntry } from "./table";
import { Vma } from "./vma";
import { VM_SHARED, VM_WRITE } from "./vmaFlags";

/** Pages that a read fault on a file maps at once (fault_around_bytes, mm/memory.c, 6.18). */
const FAULT_AROUND_PAGES: u64 = 16;

/** Secret memory and what drivers and the kernel itself map are taken page by page. */
@inline
export function faultsAround(file: MappedFile): bool {
  return file.kind != FILE_SECRET && file.kind < FILE_DEVICE;
}

/**
 * Maps what the page cache has around `va`, itself among it (do_fault_around). `address` is the place of its entry in
 * a last-level table. The window lies in one table and one area, and starts at a multiple of its size or with the area.
 */
export function faultAround(mm: Mm, vma: Vma, va: u64, address: usize): void {
  const entryBytes = profile().entryBytes;
  const perTable: u64 = entryBytes == 4 ? 1024 : 512;
  const page = va >> PAGE_SHIFT;
  const slot = page & (perTable - 1);
  const before = min<u64>(slot, page - (vma.start >> PAGE_SHIFT));
  const first = max<u64>(slot & ~(FAULT_AROUND_PAGES - 1), slot - before);
  const toAreaEnd = slot + ((vma.end >> PAGE_SHIFT) - page);
  const end = min<u64>(first + FAULT_AROUND_PAGES, min<u64>(perTable, toAreaEnd));
  for (let at = first; at < end; at++) {
    const entry = address - ((slot - at) as usize) * entryBytes;
    if (readEntry(entry) == 0) mapCached(mm, vma, (page - slot + at) << PAGE_SHIFT, entry);
  }
}

function mapCached(mm: Mm, vma: Vma, va: u64, address: usize): void {
  const file = changetype<MappedFile>(vma.file as usize);
  const index = pageIndex(vma, va);
  const pfn = index < filePages(file) ? getCachedPage(file, index) : 0;
  if (pfn != 0) mapLeaf(mm, vma, address, 1, pfn, unwrittenBits(vma));
}

/**
 * Besides the right to read: where no disk stands behind a shared mapping nobody wants to know of the first write
 * (vma_wants_writenotify), and the page can be written to from the start.
 */
export function unwrittenBits(vma: Vma): u64 {
  const wanted = VM_SHARED | VM_WRITE;
  if ((vma.flags & wanted) != wanted) return 0;
  const kind = changetype<MappedFile>(vma.file as usize).kind;
  return kind == FILE_MEMFD || kind == FILE_SHMEM ? PTE_RW : 0;
}
