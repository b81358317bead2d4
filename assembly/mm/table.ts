import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { FRAME_TABLE, frameOf, pageAddress, pfnOfAddress } from "../machine/frame";
import { allocFrames } from "../machine/frames";
import { PAGE_MASK, PAGE_SHIFT, header } from "../machine/map";
import { PTE_ACCESSED, PTE_DIRTY, PTE_PRESENT, PTE_PSE, PTE_RW, PTE_USER, pteFrame } from "./pte";

/** Page tables as real entries in frames; a table's frame counts the entries in use, and an empty table is freed. */

/** Tables with entries of 8 bytes: bits of the address that a level takes. */
const WIDE_BITS: u32 = 9;
const WIDE_INDEX_MASK: u32 = (1 << WIDE_BITS) - 1;
const WIDE_ENTRY_SHIFT: u32 = 3;
/** The same of those with 4. */
const NARROW_BITS: u32 = 10;
const NARROW_INDEX_MASK: u32 = (1 << NARROW_BITS) - 1;

/** Bits of the address below a level's index: level 1 is the last (PTE) level. */
@inline
export function levelShift(level: u32): u32 {
  return levelShiftOf(level, profile().entryBytes == 4 ? NARROW_BITS : WIDE_BITS);
}

@inline
function levelShiftOf(level: u32, bits: u32): u32 {
  return PAGE_SHIFT + (level - 1) * bits;
}

@inline
function indexMask(level: u32): u64 {
  const p = profile();
  if (level == p.levels) return p.topEntries - 1;
  return p.entryBytes == 4 ? NARROW_INDEX_MASK : WIDE_INDEX_MASK;
}

@inline
export function entryAddress(table: usize, level: u32, va: u64): usize {
  const index = ((va >> levelShift(level)) & indexMask(level)) as u32;
  return table + index * profile().entryBytes;
}

@inline
export function readEntry(address: usize): u64 {
  return profile().entryBytes == 4 ? load<u32>(address) : load<u64>(address);
}

/** Stores an entry and keeps its table's count of entries in use. */
export function writeEntry(address: usize, entry: u64): void {
  const table = tableFrameOf(address);
  const before = readEntry(address);
  if (before == 0 && entry != 0) frameOf(table).count += 1;
  else if (before != 0 && entry == 0) frameOf(table).count -= 1;
  if (profile().entryBytes == 4) store<u32>(address, entry as u32);
  else store<u64>(address, entry);
}

/** The head frame of the table an entry stands in (a 13-bit root spans 16 frames). */
function tableFrameOf(address: usize): u32 {
  const pfn = pfnOfAddress(address);
  const frame = frameOf(pfn);
  return frame.kind == FRAME_TABLE ? pfn : frame.index;
}

/** A new root table, as a linear address; 0 when RAM is full. */
export function allocRoot(): usize {
  const bytes = profile().topEntries * profile().entryBytes;
  const pfn = allocFrames(bytes <= 4096 ? 0 : ctz(bytes >> PAGE_SHIFT), FRAME_TABLE);
  return pfn == 0 ? 0 : pageAddress(pfn);
}

/** The entry that leads to a table. */
@inline
export function tableEntry(pfn: u32): u64 {
  return ((pfn as u64) << PAGE_SHIFT) | PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY;
}

@inline
function tableBehind(entry: u64): usize {
  return pageAddress(pteFrame(entry));
}

@inline
function leadsToTable(entry: u64): bool {
  return (entry & (PTE_PRESENT | PTE_PSE)) == PTE_PRESENT;
}

@inline
function isLeaf(entry: u64, level: u32): bool {
  return level == 1 || (entry & PTE_PSE) != 0;
}

/**
 * The address of the entry for `va` at `level`, building the tables above it. 0 when RAM is full, or when a leaf of a
 * larger size stands in the way.
 */
export function makeEntry(root: usize, va: u64, level: u32): usize {
  let table = root;
  for (let at = profile().levels; at > level; at--) {
    const address = entryAddress(table, at, va);
    let entry = readEntry(address);
    if (entry == 0) {
      const pfn = allocFrames(0, FRAME_TABLE);
      if (pfn == 0) return 0;
      entry = tableEntry(pfn);
      writeEntry(address, entry);
    } else if (isLeaf(entry, at)) return 0;
    table = tableBehind(entry);
  }
  return entryAddress(table, level, va);
}

/** Where a walk ended: the entry's address and the level it stands at. */
@unmanaged
export class Walk {
  entryAddress: u32;
  level: u32;
}

/** The CPU's own record for walks. */
@inline
export function scratchWalk(cpu: Cpu): Walk {
  return changetype<Walk>(changetype<usize>(cpu) + offsetof<Cpu>("walkEntry"));
}

/**
 * Walks to the leaf that maps `va`, or to the first empty entry. Looks only: no accessed bit, no fill.
 * `va` must lie below profile.tableLimit. Returns the entry (0 = nothing mapped); `walk` says where it stands.
 */
export function walkTo(root: usize, va: u64, walk: Walk): u64 {
  return walkToHere(root, va, walk);
}

/** The same, written out where it is called, for tables with entries of 8 bytes. */
@inline
export function walkToHere(root: usize, va: u64, walk: Walk): u64 {
  return profile().entryBytes == 8 ? walkWide(root, va, walk) : walkNarrow(root, va, walk);
}

/** Each level's index is the address shifted by a few bits more; the root alone may have other than 512 entries. */
@inline
function walkWide(root: usize, va: u64, walk: Walk): u64 {
  const ram = header().ram;
  let level = profile().levels;
  let shift = levelShiftOf(level, WIDE_BITS);
  let address = root + ((((va >> shift) as u32) & (profile().topEntries - 1)) << WIDE_ENTRY_SHIFT);
  let entry = load<u64>(address);
  while (level > 1 && leadsToTable(entry)) {
    level -= 1;
    shift -= WIDE_BITS;
    const table = ram + ((entry as u32) & ~PAGE_MASK); // no RAM lies above 4 GiB
    address = table + ((((va >> shift) as u32) & WIDE_INDEX_MASK) << WIDE_ENTRY_SHIFT);
    entry = load<u64>(address);
  }
  walk.entryAddress = address as u32;
  walk.level = level;
  return entry;
}

function walkNarrow(root: usize, va: u64, walk: Walk): u64 {
  let table = root;
  let level = profile().levels;
  while (true) {
    const address = entryAddress(table, level, va);
    const entry = readEntry(address);
    walk.entryAddress = address as u32;
    walk.level = level;
    if (entry == 0 || isLeaf(entry, level)) return entry;
    table = tableBehind(entry);
    level -= 1;
  }
}

/**
 * Finds the first leaf in use (a page or a marker) at or above `va` that stands for a part of [va, end): `walk` says
 * where its entry is. Returns the address its range starts at, or `end` when there is none.
 */
export function firstEntry(root: usize, va: u64, end: u64, walk: Walk): u64 {
  while (va < end) {
    const entry = walkTo(root, va, walk);
    const start = va & ~(((1 as u64) << levelShift(walk.level)) - 1);
    if (entry != 0) return start;
    va = skipEmpty(start, end, walk);
  }
  return end;
}

/** The leaf in use after the one that `walk` stands at, whose range starts at `va`: by its table as far as that goes. */
export function entryAfter(root: usize, va: u64, end: u64, walk: Walk): u64 {
  const next = skipEmpty(va, end, walk);
  if (next >= end) return end;
  const address = walk.entryAddress as usize;
  const sameTable = (next & (tableReach(walk.level) - 1)) != 0;
  if (sameTable && isLeaf(readEntry(address), walk.level)) return next;
  return firstEntry(root, next, end, walk);
}

/** Bytes of address space that a whole table of a level stands for. */
@inline
function tableReach(level: u32): u64 {
  return (1 as u64) << levelShift(level + 1);
}

/** From the entry at `walk`, whose range starts at `va`, to the next one in use in its table, or to the table's end. */
function skipEmpty(va: u64, end: u64, walk: Walk): u64 {
  const bytes = (1 as u64) << levelShift(walk.level);
  const entryBytes = profile().entryBytes;
  const stop = min<u64>(end, (va | (tableReach(walk.level) - 1)) + 1);
  let address = walk.entryAddress as usize;
  do {
    va += bytes;
    address += entryBytes;
  } while (va < stop && readEntry(address) == 0);
  walk.entryAddress = address as u32;
  return va;
}

/** The table below an entry, as a linear address; 0 for an empty entry or a leaf. */
export function childTable(address: usize, level: u32): usize {
  const entry = readEntry(address);
  return entry == 0 || isLeaf(entry, level) ? 0 : tableBehind(entry);
}
