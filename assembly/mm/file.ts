import { fetchAdd, loadShared } from "../base/atomics";
import { FRAME_FILE, FRAME_INDEX, frameOf, pageAddress } from "../machine/frame";
import { allocFrames, folioGet, folioPut } from "../machine/frames";
import { spinLock, spinUnlock } from "../machine/held";
import { takeHugePage, takeReservedHugePage, unreserveHugePage } from "../machine/hugePool";
import { PAGE_SHIFT, PAGE_SIZE, header } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";

/** What a file-like object is: says whether it may be written, kept from others, and faulted around. */
export const FILE_MEMFD: u8 = 0;
export const FILE_DISK: u8 = 1;
export const FILE_DISK_READ_ONLY: u8 = 2; // opened read-only
export const FILE_SECRET: u8 = 3; // memfd_secret
export const FILE_SHMEM: u8 = 4; // behind a shared anonymous mapping
export const FILE_DEVICE: u8 = 5; // a driver's memory
export const FILE_VDSO: u8 = 6; // the kernel's own mappings in a program
export const FILE_VVAR: u8 = 7;
export const FILE_VVAR_VCLOCK: u8 = 8;
export const FILE_IO: u8 = 9; // memory of a device, mapped by its frames' numbers
export const FILE_HUGETLB: u8 = 10; // pages of a pool (hugetlb.ts)
export const FILE_DAX: u8 = 11; // device DAX: memory in leaves of one size (dax.ts)

/**
 * A file-like object: what shared and file mappings are backed by. Its page cache is a two-level index of frames,
 * 1024 × 1024 pages (4 GiB). A file made of large folios (order 9 or 18) enters only their first page.
 */
@unmanaged
export class MappedFile {
  size: u64; // bytes; an access to a page past the end is SIGBUS
  index: u32; // linear address of the index's root page, 0 = no page yet
  users: u32; // mappings and handles
  order: u8; // of its folios
  kind: u8; // FILE_*
  open: u8; // 1 until its handle is closed
  id: u32;
  lock: u32; // of the page cache: address spaces that share the file fault on their own
  accessBytes: u32; // the most that one call of its mappings' ->access moves; 0 = they have no such operation
}

const INDEX_SLOTS: u32 = 1024;
/** In the place of a page: a huge page is promised. */
export const SLOT_RESERVED: u32 = u32.MAX_VALUE;
export const FILE_MAX_PAGES: u64 = 1 << 20;

/** A new file with one user; 0 when RAM is full. */
export function openFile(size: u64, order: u32, kind: u8): usize {
  const address = slabAlloc(offsetof<MappedFile>());
  if (address == 0) return 0;
  const file = changetype<MappedFile>(address);
  file.size = size;
  file.order = order as u8;
  file.kind = kind;
  file.users = 1;
  file.open = 1;
  file.id = ++header().files;
  return address;
}

/** What has no pages of its own for the kernel: a mapping names frames and counts none. */
@inline
export function isRaw(file: MappedFile): bool {
  return file.kind >= FILE_VVAR && file.kind <= FILE_IO;
}

/** The kernel's own mappings in a program, of which it knows how long they are (special_mapping_vmops). */
@inline
export function isSpecialMapping(file: MappedFile): bool {
  return file.kind >= FILE_VDSO && file.kind <= FILE_VVAR_VCLOCK;
}

/** A device's, whose memory is the driver's: it stays as long as the driver wants it. */
@inline
export function isOfDevice(file: MappedFile): bool {
  return file.kind == FILE_DEVICE || file.kind == FILE_IO || file.kind == FILE_DAX;
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
  if (file.index != 0) freeIndex(file);
  slabFree(changetype<usize>(file));
}

/** True while it has more users than the one who keeps it. */
@inline
export function isUsedByOthers(file: MappedFile): bool {
  return loadShared(changetype<usize>(file) + offsetof<MappedFile>("users")) > 1;
}

function freeIndex(file: MappedFile): void {
  const root = file.index;
  for (let slot: u32 = 0; slot < INDEX_SLOTS; slot++) {
    const leaf = load<u32>(root + (slot << 2));
    if (leaf == 0) continue;
    for (let at: u32 = 0; at < INDEX_SLOTS; at++) {
      const pfn = load<u32>(leaf + (at << 2));
      if (pfn == SLOT_RESERVED) unreserveHugePage(file.order);
      else if (pfn != 0) folioPut(pfn);
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

/** The page cache's lock, held. */
export function lockIndex(file: MappedFile): void {
  spinLock(changetype<usize>(file) + offsetof<MappedFile>("lock"));
}

export function unlockIndex(file: MappedFile): void {
  spinUnlock(changetype<usize>(file) + offsetof<MappedFile>("lock"));
}

/** The page-cache frame of page `index`, read in (as zeros) on first use; 0 when RAM is full. */
export function filePage(file: MappedFile, index: u64): u32 {
  lockIndex(file);
  const pfn = readInPage(file, index);
  unlockIndex(file);
  return pfn;
}

@inline
function headIndex(file: MappedFile, index: u64): u64 {
  return index & ~(((1 as u64) << (file.order as u64)) - 1);
}

/** The same with a reference that is the caller's: the page may leave the cache at any time. */
export function getFilePage(file: MappedFile, index: u64): u32 {
  lockIndex(file);
  const pfn = readInPage(file, index);
  if (pfn != 0) folioGet(pfn);
  unlockIndex(file);
  return pfn;
}

/** The frame of page `index` with a reference, where the page cache has it; else 0. */
export function getCachedPage(file: MappedFile, index: u64): u32 {
  const head = headIndex(file, index);
  lockIndex(file);
  const slot = existingSlot(file, head);
  let pfn = slot == 0 ? 0 : load<u32>(slot);
  if (pfn != 0) {
    pfn += (index - head) as u32;
    folioGet(pfn);
  }
  unlockIndex(file);
  return pfn;
}

/** Drops pages [first, end) from the page cache (a hole is punched): read again, they are zeros. */
export function forgetPages(file: MappedFile, first: u64, end: u64): void {
  const pages = (1 as u64) << (file.order as u64);
  lockIndex(file);
  for (let head = headIndex(file, first); head < min<u64>(end, FILE_MAX_PAGES); head += pages) {
    const slot = existingSlot(file, head);
    if (slot == 0 || !holdsPage(slot)) continue;
    if (head >= first && head + pages <= end) {
      const pfn = load<u32>(slot);
      store<u32>(slot, 0);
      folioPut(pfn);
    } else clearPages(load<u32>(slot), head, max<u64>(first, head), min<u64>(end, head + pages));
  }
  unlockIndex(file);
}

/** A large folio that is hit in part stays, with zeros there. */
function clearPages(pfn: u32, head: u64, first: u64, end: u64): void {
  const address = pageAddress(pfn + ((first - head) as u32));
  memory.fill(address, 0, ((end - first) << PAGE_SHIFT) as usize);
}

/** False too where a page is only promised. */
@inline
function holdsPage(slot: usize): bool {
  return load<u32>(slot) != 0 && load<u32>(slot) != SLOT_RESERVED;
}

function readInPage(file: MappedFile, index: u64): u32 {
  const head = headIndex(file, index);
  const slot = indexSlot(file, head);
  if (slot == 0) return 0;
  let pfn = load<u32>(slot);
  if (!holdsPage(slot)) {
    pfn = newPage(file, pfn);
    if (pfn == 0) return 0;
    frameOf(pfn).mapping = changetype<usize>(file) as u32;
    frameOf(pfn).index = head as u32;
    store<u32>(slot, pfn);
  }
  return pfn + ((index - head) as u32);
}

/** `promise`: what stood in its slot. */
function newPage(file: MappedFile, promise: u32): u32 {
  if (file.kind != FILE_HUGETLB) return allocFrames(file.order, FRAME_FILE);
  if (promise == SLOT_RESERVED) return takeReservedHugePage(file.order, FRAME_FILE);
  return takeHugePage(file.order, FRAME_FILE);
}

export function existingSlot(file: MappedFile, index: u64): usize {
  if (file.index == 0 || index >= FILE_MAX_PAGES) return 0;
  const leaf = load<u32>(upperSlot(file, index));
  return leaf == 0 ? 0 : lowerSlot(leaf, index);
}

@inline
function upperSlot(file: MappedFile, index: u64): usize {
  return file.index + ((((index >> 10) as u32) & 1023) << 2);
}

@inline
function lowerSlot(leaf: u32, index: u64): usize {
  return leaf + (((index as u32) & 1023) << 2);
}

/** Where page `index` stands in the index, made if need be; 0 when it lies past the index or RAM is full. */
export function indexSlot(file: MappedFile, index: u64): usize {
  if (file.index == 0) file.index = newIndexPage();
  if (file.index == 0 || index >= FILE_MAX_PAGES) return 0;
  const upper = upperSlot(file, index);
  let leaf = load<u32>(upper);
  if (leaf == 0) {
    leaf = newIndexPage();
    if (leaf == 0) return 0;
    store<u32>(upper, leaf);
  }
  return lowerSlot(leaf, index);
}
