import { PAGE_SHIFT, PAGE_SIZE } from "./frames.ts";

const INDEX_BITS = 16;
/** As many entries as Faultline's largest table, so that walks are compared and not table sizes. */
export const TLB_ENTRIES = 1 << INDEX_BITS;
/** An entry is two words, so a slot is twice the page's index. */
const SLOT_SHIFT = PAGE_SHIFT - 1;
const SLOT_MASK = (TLB_ENTRIES - 1) << 1;

const KEY_SHIFT_HI = 2;
const GENERATION_SHIFT = KEY_SHIFT_HI + 15;
const GENERATION_STEP = 1 << GENERATION_SHIFT;
const GENERATION_END = 1 << (PAGE_SHIFT + INDEX_BITS);
const KEY_MASK_LO = -GENERATION_END | 3;
const TAG_MASK_LO = -GENERATION_END;

/**
 * A direct-mapped TLB whose whole test is one comparison of int32:
 *
 *   31      28 27         17 16                 2 1       0
 *   +---------+-------------+--------------------+---------+
 *   | va high | generation  |  bits 32..46 of va | va low  |   key: words[slot]
 *   +---------+-------------+--------------------+---------+
 *   |            frame address - va (modulo 2^32)          |   addend: words[slot + 1]
 *   +------------------------------------------------------+
 *
 * Bits 12..27 of the address choose the slot. The two low bits are 0 in every entry, so a misaligned
 * word misses. The generation is never 0, so fresh zeros are an empty table; raising it flushes.
 */
export class Tlb {
  readonly words = new Int32Array(2 * TLB_ENTRIES);
  generation = GENERATION_STEP;

  slot(lo: number): number {
    return (lo >>> SLOT_SHIFT) & SLOT_MASK;
  }

  /** The key of an aligned word. */
  wordKey(lo: number, hi: number): number {
    return (lo & KEY_MASK_LO) | (hi << KEY_SHIFT_HI) | this.generation;
  }

  /** The key of a byte, whatever its alignment. */
  byteKey(lo: number, hi: number): number {
    return (lo & TAG_MASK_LO) | (hi << KEY_SHIFT_HI) | this.generation;
  }

  fill(lo: number, hi: number, frame: number): void {
    const slot = this.slot(lo);
    this.words[slot] = this.byteKey(lo, hi);
    this.words[slot + 1] = frame - (lo & -PAGE_SIZE);
  }

  /** Drops this page's entry and no other. */
  drop(lo: number, hi: number): void {
    const slot = this.slot(lo);
    if (this.words[slot] === this.byteKey(lo, hi)) this.words[slot] = 0;
  }

  /** Drops everything; the table itself is cleared once in 2,047 flushes. */
  flush(): void {
    const next = this.generation + GENERATION_STEP;
    if (next === GENERATION_END) this.words.fill(0);
    this.generation = next === GENERATION_END ? GENERATION_STEP : next;
  }
}
