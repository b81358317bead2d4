import { fetchAdd } from "../base/atomics";
import { FINDING_REFCOUNT, recordFinding } from "./findings";
import { spinLock, spinUnlock } from "./held";
import { putInPool } from "./hugePool";
import {
  FRAME_BYTES,
  FREE_LISTS,
  HEADER,
  Header,
  MAX_ORDER,
  PAGE_SHIFT,
  PAGE_SIZE,
  header,
} from "./map";

/** What a frame is used for. A fresh frame table is all zeros, so FREE is 0. */
export const FRAME_FREE: u8 = 0;
export const FRAME_BUDDY: u8 = 1; // head of a block on a free list
export const FRAME_ANON: u8 = 2;
export const FRAME_FILE: u8 = 3;
export const FRAME_TABLE: u8 = 4;
export const FRAME_SLAB: u8 = 5;
export const FRAME_KERNEL: u8 = 6;
export const FRAME_ZERO: u8 = 7;
export const FRAME_TAIL: u8 = 8; // later page of a large folio
export const FRAME_INDEX: u8 = 9; // page-cache index of a file
export const FRAME_POOL: u8 = 10; // a free huge page of a pool

/** Of each page, not of its folio: an anonymous page with this process as its only owner. */
export const FOLIO_EXCLUSIVE: u16 = 1;
export const FOLIO_DIRTY: u16 = 2;
/** Of a folio: it belongs to a pool of huge pages, whoever uses it. */
export const FOLIO_POOLED: u16 = 4;

/** Byte a freed page is filled with, so that stale reads are seen as such. */
export const POISON: u8 = 0x6b;

/**
 * struct page and folio in one, 32 bytes a frame.
 *
 *   0        4         8    9     10     12       16     20    24    28     32
 *   ┌────────┬─────────┬────┬─────┬──────┬────────┬──────┬─────┬─────┬──────┐
 *   │refcount│mapcount │kind│order│flags │mapping │index │next │prev │count │
 *   └────────┴─────────┴────┴─────┴──────┴────────┴──────┴─────┴─────┴──────┘
 */
@unmanaged
export class Frame {
  refcount: u32; // owners: one per mapping entry, one for the page cache, one per temporary reference
  mapcount: u32; // page-table entries that name the folio
  kind: u8;
  order: u8; // of the block; on a tail page: unused
  flags: u16;
  mapping: u32; // the file (FILE), the object size (KERNEL), the slab class (SLAB)
  index: u32; // page number in the file; head pfn on a tail page; first free object (SLAB)
  next: u32; // free list or slab list, by pfn
  prev: u32;
  count: u32; // entries in use (TABLE), objects in use (SLAB)
}

@inline
export function frameOf(pfn: u32): Frame {
  if (offsetof<Frame>() != FRAME_BYTES) ERROR("FRAME_BYTES is not a frame's size");
  return changetype<Frame>(header().frames + pfn * FRAME_BYTES);
}

@inline
export function pageAddress(pfn: u32): usize {
  return header().ram + (pfn << PAGE_SHIFT);
}

@inline
export function pfnOfAddress(address: usize): u32 {
  return ((address as u32) - header().ram) >> PAGE_SHIFT;
}

/** The folio's head frame for any of its pages. */
export function folioOf(pfn: u32): Frame {
  const frame = frameOf(pfn);
  return frame.kind == FRAME_TAIL ? frameOf(frame.index) : frame;
}

@inline
function listHead(order: u32): usize {
  return FREE_LISTS + (order << 2);
}

function pushFree(pfn: u32, order: u32): void {
  const frame = frameOf(pfn);
  const head = load<u32>(listHead(order));
  frame.kind = FRAME_BUDDY;
  frame.order = order as u8;
  frame.next = head;
  frame.prev = 0;
  if (head != 0) frameOf(head).prev = pfn;
  store<u32>(listHead(order), pfn);
}

function unlinkFree(pfn: u32): void {
  const frame = frameOf(pfn);
  if (frame.prev != 0) frameOf(frame.prev).next = frame.next;
  else store<u32>(listHead(frame.order), frame.next);
  if (frame.next != 0) frameOf(frame.next).prev = frame.prev;
  frame.kind = FRAME_FREE;
}

/** Puts a block back and joins it with its free neighbour as long as there is one. */
function releaseBlock(pfn: u32, order: u32): void {
  while (order < MAX_ORDER) {
    const buddyPfn = pfn ^ (1 << order);
    if (buddyPfn >= header().freshPfn) break;
    const buddy = frameOf(buddyPfn);
    if (buddy.kind != FRAME_BUDDY || buddy.order != (order as u8)) break;
    unlinkFree(buddyPfn);
    if (buddyPfn < pfn) pfn = buddyPfn;
    order += 1;
  }
  pushFree(pfn, order);
}

/** For who makes the free lists anew (mend.ts). */
export function emptyFreeLists(): void {
  memory.fill(FREE_LISTS, 0, (MAX_ORDER + 1) * 4);
}

export function releaseFrame(pfn: u32): void {
  releaseBlock(pfn, 0);
}

/** Takes a block from the never-used end of RAM; what alignment skips goes to the free lists. */
function takeFresh(order: u32): u32 {
  const h = header();
  const size: u32 = 1 << order;
  const start = (h.freshPfn + size - 1) & ~(size - 1);
  if (start + size > h.frameCount || start + size < start) return 0;
  let skipped = h.freshPfn;
  h.freshPfn = start + size;
  while (skipped < start) {
    const step = ctz(skipped) as u32;
    const fits = min<u32>(step, 31 - clz(start - skipped));
    releaseBlock(skipped, fits);
    skipped += 1 << fits;
  }
  return start;
}

function takeListed(order: u32): u32 {
  let from = order;
  while (from <= MAX_ORDER && load<u32>(listHead(from)) == 0) from += 1;
  if (from > MAX_ORDER) return 0;
  const pfn = load<u32>(listHead(from));
  unlinkFree(pfn);
  while (from > order) {
    from -= 1;
    pushFree(pfn + (1 << from), from);
  }
  return pfn;
}

/** The content of a block before its first use is zero only where no frame was ever handed out. */
export function clearBlock(pfn: u32, order: u32): void {
  memory.fill(pageAddress(pfn), 0, (PAGE_SIZE as usize) << order);
}

/** Study: the allocation that the host has asked to fail, as with a kernel's fail-nth (lib/fault-inject.c). */
@inline
export function isMadeToFail(): bool {
  if (!STUDY || header().failAllocation == 0) return false;
  header().failAllocation -= 1;
  return header().failAllocation == 0;
}

/**
 * A zeroed block of 2^order frames of one kind with reference count 1, or 0 when RAM is full.
 * The pages after the first are marked as its tails.
 */
export function allocFrames(order: u32, kind: u8): u32 {
  if (isMadeToFail()) return 0;
  const h = header();
  spinLock(HEADER + offsetof<Header>("zoneLock"));
  let pfn = takeListed(order);
  const listed = pfn != 0;
  if (!listed) pfn = takeFresh(order);
  if (pfn != 0) {
    const head = frameOf(pfn);
    head.refcount = 1;
    head.mapcount = 0;
    head.kind = kind;
    head.order = order as u8;
    head.flags = 0;
    head.mapping = 0;
    head.index = 0;
    head.count = 0;
    for (let tail: u32 = 1, size: u32 = 1 << order; tail < size; tail++) {
      const frame = frameOf(pfn + tail);
      frame.kind = FRAME_TAIL;
      frame.flags = 0;
      frame.index = pfn;
    }
    h.framesInUse += 1 << order;
  }
  spinUnlock(HEADER + offsetof<Header>("zoneLock"));
  if (listed) clearBlock(pfn, order);
  return pfn;
}

/** Frees a block whoever holds it, to the pool that it is of, if any; its pages are poisoned. */
export function freeFrames(pfn: u32): void {
  const h = header();
  const head = frameOf(pfn);
  const order: u32 = head.order;
  memory.fill(pageAddress(pfn), POISON, (PAGE_SIZE as usize) << order);
  if ((head.flags & FOLIO_POOLED) != 0) {
    putInPool(pfn);
    return;
  }
  spinLock(HEADER + offsetof<Header>("zoneLock"));
  head.refcount = 0;
  head.kind = FRAME_FREE;
  for (let tail: u32 = 1, size: u32 = 1 << order; tail < size; tail++) {
    frameOf(pfn + tail).kind = FRAME_FREE;
  }
  h.framesInUse -= 1 << order;
  releaseBlock(pfn, order);
  spinUnlock(HEADER + offsetof<Header>("zoneLock"));
}

/** Every page of a folio becomes a folio of its own that nothing maps, with one reference: the caller's. */
export function separatePages(pfn: u32): void {
  const head = frameOf(pfn);
  const pages: u32 = 1 << (head.order as u32);
  for (let page: u32 = 0; page < pages; page++) {
    const frame = frameOf(pfn + page);
    frame.kind = head.kind;
    frame.order = 0;
    frame.refcount = 1;
    frame.mapcount = 0;
    frame.mapping = 0;
    frame.index = 0;
    frame.count = 0;
  }
}

export function folioGet(pfn: u32): void {
  const frame = folioOf(pfn);
  if (fetchAdd(changetype<usize>(frame), 1) == 0) recordFinding(FINDING_REFCOUNT, 0, 0, 0, pfn);
}

/** Drops one reference; the last one frees the folio. */
export function folioPut(pfn: u32): void {
  const frame = folioOf(pfn);
  if (frame.refcount == 0) {
    recordFinding(FINDING_REFCOUNT, 0, 0, 0, pfn);
    return;
  }
  if (fetchAdd(changetype<usize>(frame), -1) == 1) freeFrames(pfnOfFrame(frame));
}

@inline
export function pfnOfFrame(frame: Frame): u32 {
  return ((changetype<usize>(frame) as u32) - header().frames) / FRAME_BYTES;
}
