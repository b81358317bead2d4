import { fetchAdd } from "../base/atomics";
import {
  FRAME_KERNEL,
  FRAME_SLAB,
  FRAME_TAIL,
  Frame,
  frameOf,
  pageAddress,
  pfnOfAddress,
} from "./frame";
import { allocFrames, folioPut, freeFrames, isMadeToFail } from "./frames";
import { spinLock, spinUnlock } from "./held";
import {
  HEADER,
  Header,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
  SLAB_CLASSES,
  SLAB_PARTIAL,
  header,
} from "./map";

/** Kernel objects (VMAs, tasks, runtimes…) live in slab pages in emulated RAM, so counting frames counts them too. */

@inline
function classOf(size: u32): u32 {
  return size <= 32 ? 0 : 27 - clz(size - 1);
}

@inline
function partialHead(slabClass: u32): usize {
  return SLAB_PARTIAL + (slabClass << 2);
}

function linkPartial(pfn: u32, frame: Frame, slabClass: u32): void {
  const head = load<u32>(partialHead(slabClass));
  frame.next = head;
  frame.prev = 0;
  if (head != 0) frameOf(head).prev = pfn;
  store<u32>(partialHead(slabClass), pfn);
}

function unlinkPartial(frame: Frame, slabClass: u32): void {
  if (frame.prev != 0) frameOf(frame.prev).next = frame.next;
  else store<u32>(partialHead(slabClass), frame.next);
  if (frame.next != 0) frameOf(frame.next).prev = frame.prev;
}

/** For who makes these lists anew (mend.ts). */
export function emptyPartialLists(): void {
  memory.fill(SLAB_PARTIAL, 0, SLAB_CLASSES * 4);
}

export function listSlab(pfn: u32): void {
  linkPartial(pfn, frameOf(pfn), frameOf(pfn).mapping);
}

/**
 * A new page of objects, its free list threaded through their first words. The last one is handed out first: what users
 * and devices write stands at the start of a page more often than elsewhere, and would share a cache set with it.
 */
function newSlab(slabClass: u32): u32 {
  const pfn = allocFrames(0, FRAME_SLAB);
  if (pfn == 0) return 0;
  const frame = frameOf(pfn);
  const size: u32 = 32 << slabClass;
  const base = pageAddress(pfn) as u32;
  for (let at = size; at < PAGE_SIZE; at += size) store<u32>(base + at, base + at - size);
  frame.mapping = slabClass;
  frame.index = base + PAGE_SIZE - size;
  linkPartial(pfn, frame, slabClass);
  return pfn;
}

function takeObject(slabClass: u32): usize {
  let pfn = load<u32>(partialHead(slabClass));
  if (pfn == 0) pfn = newSlab(slabClass);
  if (pfn == 0) return 0;
  const frame = frameOf(pfn);
  const object = frame.index as usize;
  frame.index = load<u32>(object);
  frame.count += 1;
  if (frame.index == 0) unlinkPartial(frame, slabClass);
  return object;
}

/** A zeroed object of at least `size` bytes (≤ 2048), or 0 when RAM is full. */
export function slabAlloc(size: u32): usize {
  const slabClass = classOf(size);
  if (slabClass >= SLAB_CLASSES || isMadeToFail()) return 0;
  spinLock(HEADER + offsetof<Header>("slabLock"));
  const object = takeObject(slabClass);
  spinUnlock(HEADER + offsetof<Header>("slabLock"));
  if (object != 0) memory.fill(object, 0, 32 << slabClass);
  return object;
}

export function slabFree(object: usize): void {
  spinLock(HEADER + offsetof<Header>("slabLock"));
  const pfn = pfnOfAddress(object);
  const frame = frameOf(pfn);
  const slabClass = frame.mapping;
  const wasFull = frame.index == 0;
  store<u32>(object, frame.index);
  frame.index = object as u32;
  frame.count -= 1;
  if (wasFull) linkPartial(pfn, frame, slabClass);
  const empty = frame.count == 0;
  if (empty) {
    frame.index = 0; // nobody lists it any more
    unlinkPartial(frame, slabClass);
  }
  spinUnlock(HEADER + offsetof<Header>("slabLock"));
  if (empty) freeFrames(pfn);
}

/** A kernel buffer of `size` bytes in contiguous frames that remembers its size for the object check; 0 when full. */
export function kmalloc(size: u32): usize {
  const pages = (size + PAGE_MASK) >> PAGE_SHIFT;
  const order: u32 = pages <= 1 ? 0 : 32 - clz(pages - 1);
  const pfn = allocFrames(order, FRAME_KERNEL);
  if (pfn == 0) return 0;
  frameOf(pfn).mapping = size;
  fetchAdd(HEADER + offsetof<Header>("kmallocs"), 1);
  return pageAddress(pfn);
}

export function kfree(address: usize): void {
  fetchAdd(HEADER + offsetof<Header>("kmallocs"), -1);
  folioPut(pfnOfAddress(address));
}

/**
 * Bytes from `address` to the end of the kernel object it lies in; 0 if it lies in none.
 * (check_object_size, mm/usercopy.c, for objects whose size is known.)
 */
export function objectBytesFrom(address: u32): u32 {
  const h = header();
  if (address < h.ram || address >= h.end) return 0;
  let frame = frameOf(pfnOfAddress(address));
  let start = h.ram + (pfnOfAddress(address) << PAGE_SHIFT);
  if (frame.kind == FRAME_TAIL) {
    start = pageAddress(frame.index) as u32;
    frame = frameOf(frame.index);
  }
  if (frame.kind != FRAME_KERNEL) return 0;
  const offset = address - start;
  return offset < frame.mapping ? frame.mapping - offset : 0;
}
