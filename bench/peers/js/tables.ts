import { PAGE_SHIFT, PAGE_SIZE } from "./frames.ts";
import type { Frames } from "./frames.ts";

const INDEX_BITS = 9;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const TABLE_WORDS = 1 << INDEX_BITS;
const LEAF_SHIFT = PAGE_SHIFT;
const SECOND_SHIFT = LEAF_SHIFT + INDEX_BITS;
const THIRD_SHIFT = SECOND_SHIFT + INDEX_BITS;
/** How many bits of the third index come from the low half of the address. */
const THIRD_LOW_BITS = 32 - THIRD_SHIFT;
const TOP_SHIFT_HI = INDEX_BITS - THIRD_LOW_BITS;
const PRESENT = 1;
const FRAME_MASK = -PAGE_SIZE;

/** What `lookup` answers when no page is mapped. */
export const NOT_MAPPED = -1;

/**
 * Four-level page tables in RAM, nine bits a level, one int32 an entry (so a table is half a frame):
 *
 *   47      39 38      30 29      21 20      12 11         0
 *   +---------+----------+----------+----------+------------+
 *   |   top   |  third   |  second  |   leaf   |   offset   |   user address; hi holds bits 32 and up
 *   +---------+----------+----------+----------+------------+
 *
 *   upper entry: index of the next table's first word, 0 = none
 *   leaf entry:  address of the frame | PRESENT
 */
export class PageTables {
  private readonly frames: Frames;
  private readonly words: Int32Array;
  private readonly root: number;
  /** The unused half of the frame last taken for a table, 0 = none. */
  private spare = 0;

  constructor(frames: Frames) {
    this.frames = frames;
    this.words = frames.words;
    this.root = this.allocateTable();
  }

  /** The address of the frame under (lo, hi), or NOT_MAPPED. */
  lookup(lo: number, hi: number): number {
    const words = this.words;
    const third = words[this.root + ((hi >>> TOP_SHIFT_HI) & INDEX_MASK)]!;
    if (third === 0) return NOT_MAPPED;
    const second =
      words[third + (((hi << THIRD_LOW_BITS) | (lo >>> THIRD_SHIFT)) & INDEX_MASK)]!;
    if (second === 0) return NOT_MAPPED;
    const leaf = words[second + ((lo >>> SECOND_SHIFT) & INDEX_MASK)]!;
    if (leaf === 0) return NOT_MAPPED;
    const entry = words[leaf + ((lo >>> LEAF_SHIFT) & INDEX_MASK)]!;
    return (entry & PRESENT) === 0 ? NOT_MAPPED : entry & FRAME_MASK;
  }

  /** Maps the page at (lo, hi) onto `frame`, making the tables on the way. */
  map(lo: number, hi: number, frame: number): void {
    const third = this.nextTable(this.root + ((hi >>> TOP_SHIFT_HI) & INDEX_MASK));
    const thirdIndex = ((hi << THIRD_LOW_BITS) | (lo >>> THIRD_SHIFT)) & INDEX_MASK;
    const second = this.nextTable(third + thirdIndex);
    const leaf = this.nextTable(second + ((lo >>> SECOND_SHIFT) & INDEX_MASK));
    this.words[leaf + ((lo >>> LEAF_SHIFT) & INDEX_MASK)] = frame | PRESENT;
  }

  private nextTable(entry: number): number {
    const table = this.words[entry]!;
    if (table !== 0) return table;
    const fresh = this.allocateTable();
    this.words[entry] = fresh;
    return fresh;
  }

  private allocateTable(): number {
    const spare = this.spare;
    if (spare !== 0) {
      this.spare = 0;
      return spare;
    }
    const table = this.frames.allocate() >> 2;
    this.spare = table + TABLE_WORDS;
    return table;
  }
}
