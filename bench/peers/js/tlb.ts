import {
  GENERATION,
  PAGE_SHIFT,
  PAGE_SIZE,
  READ_TLB,
  TLB_ENTRIES,
  TLB_INDEX_BITS,
  TLB_WORDS,
  WORD_MASK,
} from "./layout.ts";

// Two direct-mapped TLBs (read, write) whose whole test is one comparison of int32:
//
//   31       28 27         17 16                  2 1        0
//   +----------+-------------+---------------------+----------+
//   | va 28-31 | generation  |      va 32-46       |  va 0-1  |   key: words[slot]
//   +----------+-------------+---------------------+----------+
//   |           frame address - page address, modulo 2^32     |   addend: words[slot + 1]
//   +---------------------------------------------------------+
//
// Bits 12 to 27 of the address choose the slot. The two low bits are 0 in every entry, so that a
// misaligned word misses. The generation is never 0, so fresh zeros are an empty table.

/** An entry has two words, so a slot is twice the index of the page. */
const SLOT_SHIFT = PAGE_SHIFT - 1;
const SLOT_MASK = (TLB_ENTRIES - 1) << 1;

const HI_SHIFT = 2;
const HI_BITS = 15;
const GENERATION_END = 1 << (PAGE_SHIFT + TLB_INDEX_BITS);
/** What raises the generation by one. */
export const GENERATION_STEP = 1 << (HI_SHIFT + HI_BITS);
const PAGE_KEY_MASK = -GENERATION_END;
const WORD_KEY_MASK = PAGE_KEY_MASK | WORD_MASK;

/** Where a page's entry stands in its TLB. */
export function tlbSlot(lo: number): number {
  return (lo >>> SLOT_SHIFT) & SLOT_MASK;
}

/** The key under which a word is looked up. */
export function wordKey(words: Int32Array, lo: number, hi: number): number {
  return (lo & WORD_KEY_MASK) | (hi << HI_SHIFT) | words[GENERATION]!;
}

/** The key under which a page is entered, and a byte of it looked up. */
export function pageKey(words: Int32Array, lo: number, hi: number): number {
  return (lo & PAGE_KEY_MASK) | (hi << HI_SHIFT) | words[GENERATION]!;
}

/** Enters a page's frame in the TLB that begins at word `tlb`. */
export function fillTlb(
  words: Int32Array,
  tlb: number,
  lo: number,
  hi: number,
  frame: number,
): void {
  const slot = tlb + tlbSlot(lo);
  words[slot] = pageKey(words, lo, hi);
  words[slot + 1] = frame - (lo & -PAGE_SIZE);
}

/** Drops one page's entry, and no other, from the read TLB. */
export function dropRead(words: Int32Array, lo: number, hi: number): void {
  const slot = READ_TLB + tlbSlot(lo);
  if (words[slot] === pageKey(words, lo, hi)) words[slot] = 0;
}

/** Drops everything from both TLBs. They are really cleared only once in 2,047 times. */
export function flushTlb(words: Int32Array): void {
  const next = words[GENERATION]! + GENERATION_STEP;
  if (next < GENERATION_END) {
    words[GENERATION] = next;
    return;
  }
  words.fill(0, READ_TLB, READ_TLB + 2 * TLB_WORDS);
  words[GENERATION] = GENERATION_STEP;
}
