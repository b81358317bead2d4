import { NEXT_FRAME, PAGE_SHIFT, PAGE_SIZE, ROOT, SPARE_TABLE, WORD } from "./layout.ts";

// Four-level page tables in RAM, nine bits a level, one int32 an entry, so a table is half a frame:
//
//   47      39 38      30 29      21 20      12 11         0
//   +---------+----------+----------+----------+------------+
//   |   top   |  third   |  second  |   leaf   |   offset   |   user address; hi = bits 32 and up
//   +---------+----------+----------+----------+------------+
//
//   upper entry: first word of the next table, 0 = none
//   leaf entry:  address of the frame | PRESENT

const INDEX_BITS = 9;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const TABLE_WORDS = 1 << INDEX_BITS;
const LEAF_SHIFT = PAGE_SHIFT;
const SECOND_SHIFT = LEAF_SHIFT + INDEX_BITS;
const THIRD_SHIFT = SECOND_SHIFT + INDEX_BITS;
/** The third index straddles the halves: this many of its bits are in the low one. */
const THIRD_LOW_BITS = 32 - THIRD_SHIFT;
const TOP_SHIFT = INDEX_BITS - THIRD_LOW_BITS;
const PRESENT = 1;

/** What `lookup` answers when no page is mapped. */
export const NOT_MAPPED = -1;

function topIndex(hi: number): number {
  return (hi >>> TOP_SHIFT) & INDEX_MASK;
}

function thirdIndex(lo: number, hi: number): number {
  return ((hi << THIRD_LOW_BITS) | (lo >>> THIRD_SHIFT)) & INDEX_MASK;
}

function secondIndex(lo: number): number {
  return (lo >>> SECOND_SHIFT) & INDEX_MASK;
}

function leafIndex(lo: number): number {
  return (lo >>> LEAF_SHIFT) & INDEX_MASK;
}

/** The address of the frame under (lo, hi), or NOT_MAPPED. */
export function lookup(words: Int32Array, lo: number, hi: number): number {
  return lookupIn(words, words[ROOT]!, lo, hi);
}

/** The same in the address space whose top table begins at word `root`. */
export function lookupIn(words: Int32Array, root: number, lo: number, hi: number): number {
  const third = words[root + topIndex(hi)]!;
  if (third === 0) return NOT_MAPPED;
  const second = words[third + thirdIndex(lo, hi)]!;
  if (second === 0) return NOT_MAPPED;
  const leaf = words[second + secondIndex(lo)]!;
  if (leaf === 0) return NOT_MAPPED;
  const entry = words[leaf + leafIndex(lo)]!;
  return (entry & PRESENT) === 0 ? NOT_MAPPED : entry & -PAGE_SIZE;
}

/** Maps the page at (lo, hi) onto `frame`, making the tables on the way. */
export function mapPage(words: Int32Array, lo: number, hi: number, frame: number): void {
  const third = nextTable(words, words[ROOT]! + topIndex(hi));
  const second = nextTable(words, third + thirdIndex(lo, hi));
  const leaf = nextTable(words, second + secondIndex(lo));
  words[leaf + leafIndex(lo)] = frame | PRESENT;
}

function nextTable(words: Int32Array, entry: number): number {
  if (words[entry] === 0) words[entry] = allocateTable(words);
  return words[entry]!;
}

/** The first word of an empty page table. */
export function allocateTable(words: Int32Array): number {
  const spare = words[SPARE_TABLE]!;
  if (spare !== 0) {
    words[SPARE_TABLE] = 0;
    return spare;
  }
  const table = allocateFrame(words) / WORD;
  words[SPARE_TABLE] = table + TABLE_WORDS;
  return table;
}

/** The address of a fresh zeroed frame; they come in ascending order. RangeError when RAM is used up. */
export function allocateFrame(words: Int32Array): number {
  const frame = words[NEXT_FRAME]!;
  if (frame + PAGE_SIZE > words.byteLength) {
    throw new RangeError("ramBytes: too little RAM for what is mapped; give the machine more");
  }
  words[NEXT_FRAME] = frame + PAGE_SIZE;
  return frame;
}
