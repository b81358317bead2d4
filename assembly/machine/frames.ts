import { fetchAdd } from "../base/atomics";
import { FINDING_REFCOUNT, recordFinding } from "./findings";
import {
  FOLIO_POOLED,
  FRAME_BUDDY,
  FRAME_FREE,
  FRAME_TAIL,
  POISON,
  clearBlock,
  folioOf,
  frameOf,
  pageAddress,
  pfnOfFrame,
} from "./frame";
import { spinLock, spinUnlock } from "./held";
import { putInPool } from "./hugePool";
import { FREE_LISTS, HEADER, Header, MAX_ORDER, PAGE_SIZE, header } from "./map";

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
