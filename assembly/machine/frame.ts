import { FRAME_BYTES, PAGE_SHIFT, PAGE_SIZE, header } from "./map";

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

/** The content of a block before its first use is zero only where no frame was ever handed out. */
export function clearBlock(pfn: u32, order: u32): void {
  memory.fill(pageAddress(pfn), 0, (PAGE_SIZE as usize) << order);
}

@inline
export function pfnOfFrame(frame: Frame): u32 {
  return ((changetype<usize>(frame) as u32) - header().frames) / FRAME_BYTES;
}
