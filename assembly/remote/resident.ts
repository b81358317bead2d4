import { fetchAdd } from "../base/atomics";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import {
  FRAME_TAIL,
  Frame,
  frameOf,
  pageAddress,
  pfnOfAddress,
  pfnOfFrame,
} from "../machine/frame";
import { freeFrames } from "../machine/frames";
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from "../machine/map";
import { FW_VMA_LOCKED, folioWalkCovered, folioWalkEnd } from "../mm/folioWalk";
import { Mm } from "../mm/mm";
import { PTE_FRAME_MASK, PTE_SPECIAL, pteFrame, ptePresent } from "../mm/pte";
import { disableInterrupts, enableInterrupts, step } from "../mm/shootdown";
import { levelShift, readEntry, scratchWalk } from "../mm/table";
import { EVENT_REMOTE_MOVE, MOVED_FAST, emit } from "../study/events";
import { copyBytes } from "../uaccess/copy";

/**
 * Copying pages that are there, under the lock of their VMA: the inner loop of both fast paths. A fast path copies leaf
 * by leaf; frames that follow one another in memory are copied in one go, and the next leaf is taken from the table that
 * the one before stood in, where nobody can tell.
 */

/** What one walk may copy: in the study build, whose schedules could tell, one leaf. */
const RUN_BYTES: u32 = STUDY ? 1 : 1 << 20;
/** Version 1 walks once for what it copies of a leaf, and each is smaller than this. Version 2 walks for each page. */
const LEAF_SHIFT: u32 = 31;

/**
 * Bytes of [va, va + length) of one VMA that were copied: up to the first page that is not there. As version 1 walks,
 * with the page tables locked and in an RCU section. What lies on one page is written out: a call between two wasm
 * functions takes as long as a step of it (bench W3).
 */
@inline
export function copyResident(cpu: Cpu, mm: Mm, va: u64, kernel: usize, length: u32): u32 {
  if (!isOnOnePage(va, length)) return copyRuns(cpu, mm, va, kernel, length, LEAF_SHIFT);
  const entry = takePage(cpu, mm, va);
  return entry == 0 ? 0 : copyPiece(cpu, entry, va, kernel, length);
}

/** The same as version 2 walks: no interrupt is taken between the walk and the reference. */
@inline
export function copyResidentUninterrupted(
  cpu: Cpu,
  mm: Mm,
  va: u64,
  kernel: usize,
  length: u32,
): u32 {
  if (!isOnOnePage(va, length)) return copyRunsUninterrupted(cpu, mm, va, kernel, length);
  disableInterrupts(cpu);
  const entry = takePage(cpu, mm, va);
  enableInterrupts(cpu);
  return entry == 0 ? 0 : copyPiece(cpu, entry, va, kernel, length);
}

/** The entry of the page behind `va`, with a reference to its folio, or 0. */
@inline
function takePage(cpu: Cpu, mm: Mm, va: u64): u64 {
  const entry = folioWalkCovered(cpu, mm, va, FW_VMA_LOCKED);
  if (entry == 0) return 0;
  takeReference(pteFrame(entry));
  folioWalkEnd(cpu, mm);
  return entry;
}

/** Copies what lies on one page and gives the reference to its folio back; answers the bytes. */
@inline
function copyPiece(cpu: Cpu, entry: u64, va: u64, kernel: usize, length: u32): u32 {
  const pfn = pteFrame(entry);
  const linear = pageAddress(pfn) + withinLeaf(va, scratchWalk(cpu).level);
  step(cpu);
  copyBytes(kernel, linear, length);
  step(cpu);
  dropReference(pfn);
  tallyFast(cpu, va, length);
  return length;
}

function copyRuns(cpu: Cpu, mm: Mm, va: u64, kernel: usize, length: u32, pieceShift: u32): u32 {
  let done: u32 = 0;
  let next: usize = 0;
  while (done < length) {
    const run = takeRun(cpu, mm, va + done, length - done, next);
    if (run == 0) break;
    next = nextEntry(cpu);
    const bytes = copyRun(cpu, run, kernel + done, pieceShift);
    tallyFast(cpu, va + done, bytes);
    done += bytes;
  }
  return done;
}

function copyRunsUninterrupted(cpu: Cpu, mm: Mm, va: u64, kernel: usize, length: u32): u32 {
  // where nobody interrupts, the other loop is the same, and one that two call stays out of the way of a page's read
  if (!THREADS && !STUDY) return copyRuns(cpu, mm, va, kernel, length, PAGE_SHIFT);
  let done: u32 = 0;
  let next: usize = 0;
  while (done < length) {
    const wanted = STUDY ? min(length - done, toPageEnd(va + done)) : length - done;
    disableInterrupts(cpu);
    const run = takeRun(cpu, mm, va + done, wanted, next);
    enableInterrupts(cpu);
    if (run == 0) break;
    next = nextEntry(cpu);
    const bytes = copyRun(cpu, run, kernel + done, PAGE_SHIFT);
    tallyFast(cpu, va + done, bytes);
    done += bytes;
  }
  return done;
}

/** Counts bytes from `va` on that were moved under their area's own lock. */
@inline
export function tallyFast(cpu: Cpu, va: u64, bytes: u32): void {
  cpu.fastBytes += bytes;
  emit(cpu, EVENT_REMOTE_MOVE, va, bytes, MOVED_FAST);
}

@inline
function toPageEnd(va: u64): u32 {
  return PAGE_SIZE - ((va as u32) & PAGE_MASK);
}

/** False for no bytes, which nothing is walked for. */
@inline
function isOnOnePage(va: u64, length: u32): bool {
  return length - 1 < toPageEnd(va);
}

/** How far into its leaf of a level an address lies. */
@inline
function withinLeaf(va: u64, level: u32): u32 {
  return (va as u32) & (leafBytes(level) - 1);
}

/**
 * Where the entry behind the last one of a run stands, 0 at the end of its table or where another CPU could free the
 * table meanwhile.
 */
@inline
function nextEntry(cpu: Cpu): usize {
  if (THREADS || STUDY) return 0;
  const walk = scratchWalk(cpu);
  const next = walk.entryAddress + profile().entryBytes;
  return walk.level == 1 && (next & PAGE_MASK) != 0 ? next : 0;
}

/**
 * A run of bytes from `va` on, with a reference to each leaf's folio: its length above its linear address; 0 where
 * nothing is there. `next`: the place of the page's entry where the run before ended with its neighbour.
 */
@inline
function takeRun(cpu: Cpu, mm: Mm, va: u64, wanted: u32, next: usize): u64 {
  const walk = scratchWalk(cpu);
  let entry: u64 = next == 0 ? 0 : readEntry(next);
  if (isPage(entry)) {
    walk.entryAddress = next as u32;
    walk.level = 1;
    tallyFurtherWalks(cpu, 1, 1);
  } else {
    next = 0;
    entry = folioWalkCovered(cpu, mm, va, FW_VMA_LOCKED);
    if (entry == 0) return 0;
  }
  const within = withinLeaf(va, walk.level);
  const pfn = pteFrame(entry);
  takeReference(pfn);
  let bytes = leafBytes(walk.level) - within;
  if (bytes < wanted && bytes < RUN_BYTES && walk.level == 1) {
    bytes = extendRun(cpu, entry, bytes, wanted);
  }
  if (next == 0) folioWalkEnd(cpu, mm);
  return ((min(bytes, wanted) as u64) << 32) | ((pageAddress(pfn) + within) as u64);
}

/** Bytes that a leaf maps: at most 1 GiB. */
@inline
function leafBytes(level: u32): u32 {
  return 1 << levelShift(level);
}

@inline
function isPage(entry: u64): bool {
  return ptePresent(entry) && (entry & PTE_SPECIAL) == 0;
}

/** Takes in the pages behind a first one as long as their entries stand in its table and their frames follow. */
function extendRun(cpu: Cpu, first: u64, bytes: u32, wanted: u32): u32 {
  const walk = scratchWalk(cpu);
  const entryBytes = profile().entryBytes;
  const most = min(wanted, RUN_BYTES);
  let expected = (first & PTE_FRAME_MASK) + PAGE_SIZE;
  let address = walk.entryAddress + entryBytes;
  while (bytes < most && (address & PAGE_MASK) != 0) {
    const entry = readEntry(address);
    if ((entry & PTE_FRAME_MASK) != expected || !isPage(entry)) break;
    takeReference(pteFrame(entry));
    bytes += PAGE_SIZE;
    expected += PAGE_SIZE;
    address += entryBytes;
  }
  tallyFurtherWalks(cpu, 1, (address - entryBytes - walk.entryAddress) / entryBytes);
  walk.entryAddress = address - entryBytes;
  return bytes;
}

/** What one walk found and the modelled kernel walks for again, with the page tables locked each time. */
@inline
function tallyFurtherWalks(cpu: Cpu, level: u32, walks: u32): void {
  cpu.tableLocks += walks;
  if (level == 1) cpu.pteWalks += walks;
  else if (level == 2) cpu.pmdWalks += walks;
  else cpu.pudWalks += walks;
}

/**
 * Copies a run and gives its references back; answers its bytes. In a large leaf the modelled kernel walks again after
 * each 2^pieceShift bytes from the start of the first page.
 */
@inline
function copyRun(cpu: Cpu, run: u64, kernel: usize, pieceShift: u32): u32 {
  const bytes = (run >> 32) as u32;
  const linear = run as u32;
  const level = cpu.walkLevel;
  step(cpu);
  copyBytes(kernel, linear, bytes);
  step(cpu);
  const first = pfnOfAddress(linear);
  dropReference(first);
  if (level == 1) {
    const last = pfnOfAddress(linear + bytes - 1);
    for (let pfn = first + 1; pfn <= last; pfn++) dropReference(pfn);
  } else {
    tallyFurtherWalks(cpu, level, ((linear & PAGE_MASK) + bytes - 1) >> pieceShift);
  }
  return bytes;
}

/** The folio's count of a page. */
@inline
function countOf(pfn: u32): usize {
  const frame = frameOf(pfn);
  return changetype<usize>(frame.kind == FRAME_TAIL ? frameOf(frame.index) : frame);
}

/** folio_get; the mapping's own reference keeps the folio until then. */
@inline
export function takeReference(pfn: u32): void {
  fetchAdd(countOf(pfn), 1);
}

/** folio_put. */
@inline
export function dropReference(pfn: u32): void {
  const count = countOf(pfn);
  if (fetchAdd(count, -1) == 1) freeFrames(pfnOfFrame(changetype<Frame>(count)));
}
