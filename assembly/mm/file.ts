import { fetchAdd, spinLock, spinUnlock } from "../base/atomics";
import {
  FRAME_FILE,
  FRAME_INDEX,
  allocFrames,
  folioPut,
  frameOf,
  pageAddress,
} from "../machine/frames";
import { PAGE_SHIFT, PAGE_SIZE, header } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";

/**
 * A file-like object: what shared and file mappings are backed by. Its page cache is a two-level index of frames,
 * 1024 × 1024 pages (4 GiB). A file made of large folios (order 9 or 18) enters only their first page.
 */
@unmanaged
export class MappedFile {
  size: u64; // bytes; an access to a page past the end is SIGBUS
  index: u32; // linear address of the index's root page, 0 = no page yet
  users: u32; // mappings and handles
  order: u32; // of its folios
  id: u32;
  open: u32; // 1 until its handle is closed
  lock: u32; // of the page cache: address spaces that share the file fault on their own
}

const INDEX_SLOTS: u32 = 1024;
export const FILE_MAX_PAGES: u64 = 1 << 20;

export function openFile(size: u64, order: u32): usize {
  const address = slabAlloc(offsetof<MappedFile>());
  if (address == 0) return 0;
  const file = changetype<MappedFile>(address);
  file.size = size;
  file.order = order;
  file.users = 1;
  file.open = 1;
  file.id = ++header().files;
  return address;
}

/** Pages up to the end of the file; an access to a later one is SIGBUS. */
@inline
export function filePages(file: MappedFile): u64 {
  return (file.size + (PAGE_SIZE - 1)) >> PAGE_SHIFT;
}

export function fileGet(file: MappedFile): void {
  fetchAdd(changetype<usize>(file) + offsetof<MappedFile>("users"), 1);
}

/** Drops one user; with the last one the page cache goes. */
export function filePut(file: MappedFile): void {
  if (fetchAdd(changetype<usize>(file) + offsetof<MappedFile>("users"), -1) != 1) return;
  if (file.index != 0) freeIndex(file.index);
  slabFree(changetype<usize>(file));
}

function freeIndex(root: u32): void {
  for (let slot: u32 = 0; slot < INDEX_SLOTS; slot++) {
    const leaf = load<u32>(root + (slot << 2));
    if (leaf == 0) continue;
    for (let at: u32 = 0; at < INDEX_SLOTS; at++) {
      const pfn = load<u32>(leaf + (at << 2));
      if (pfn != 0) folioPut(pfn);
    }
    folioPut(pfnAt(leaf));
  }
  folioPut(pfnAt(root));
}

@inline
function pfnAt(address: u32): u32 {
  return (address - header().ram) >> PAGE_SHIFT;
}

function newIndexPage(): u32 {
  const pfn = allocFrames(0, FRAME_INDEX);
  return pfn == 0 ? 0 : (pageAddress(pfn) as u32);
}

/** The page-cache frame of page `index`, read in (as zeros) on first use; 0 when RAM is full. */
export function filePage(file: MappedFile, index: u64): u32 {
  const lock = changetype<usize>(file) + offsetof<MappedFile>("lock");
  spinLock(lock);
  const pfn = readInPage(file, index);
  spinUnlock(lock);
  return pfn;
}

function readInPage(file: MappedFile, index: u64): u32 {
  const head = index & ~(((1 as u64) << file.order) - 1);
  const slot = indexSlot(file, head);
  if (slot == 0) return 0;
  let pfn = load<u32>(slot);
  if (pfn == 0) {
    pfn = allocFrames(file.order, FRAME_FILE);
    if (pfn == 0) return 0;
    frameOf(pfn).mapping = changetype<usize>(file) as u32;
    frameOf(pfn).index = head as u32;
    store<u32>(slot, pfn);
  }
  return pfn + ((index - head) as u32);
}

function indexSlot(file: MappedFile, index: u64): usize {
  if (file.index == 0) file.index = newIndexPage();
  if (file.index == 0 || index >= FILE_MAX_PAGES) return 0;
  const upper = file.index + ((((index >> 10) as u32) & 1023) << 2);
  let leaf = load<u32>(upper);
  if (leaf == 0) {
    leaf = newIndexPage();
    if (leaf == 0) return 0;
    store<u32>(upper, leaf);
  }
  return leaf + (((index as u32) & 1023) << 2);
}
