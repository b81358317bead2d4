// Where everything lies in the one Int32Array that is the whole machine of the JavaScript peer. One
// array, because V8 then keeps its base and length in two registers through a loop; with an object
// for each part a TLB hit took three times as long.
//
//   word 0      64           64 + 2 * TLB_ENTRIES     RAM_WORD
//   +----------+------------+------------------------+--------------------------+
//   | cpu      | read TLB   | write TLB              | RAM: kernel data, frames |
//   +----------+------------+------------------------+--------------------------+
//
// Addresses of the kernel and of frames ("byte addresses") count from word 0, so 4 * word.

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 1 << PAGE_SHIFT;
export const PAGE_MASK = PAGE_SIZE - 1;
export const WORD = 4;
export const WORD_MASK = WORD - 1;

// The CPU's words.
/** Which user accesses are allowed: one of GUARD_CLOSED, GUARD_READ and GUARD_WRITE. */
export const GUARD = 0;
/** The TLB's generation, in its place in a key. */
export const GENERATION = 1;
/** The first word of the top page table. */
export const ROOT = 2;
/** The first byte of the next free frame. */
export const NEXT_FRAME = 3;
/** The unused half of the frame last taken for a page table, as a word; 0 = none. */
export const SPARE_TABLE = 4;
const CPU_WORDS = 64;

export const GUARD_CLOSED = 0;
export const GUARD_READ = 1;
export const GUARD_WRITE = 2;

export const TLB_INDEX_BITS = 16;
/** As many entries as Faultline's largest table, so that walks are compared and not table sizes. */
export const TLB_ENTRIES = 1 << TLB_INDEX_BITS;
const TLB_ENTRY_WORDS = 2;
export const TLB_WORDS = TLB_ENTRIES * TLB_ENTRY_WORDS;
export const READ_TLB = CPU_WORDS;
export const WRITE_TLB = READ_TLB + TLB_WORDS;

/** Where RAM begins, rounded up to a page. */
export const RAM = (((WRITE_TLB + TLB_WORDS) * WORD + PAGE_MASK) >> PAGE_SHIFT) << PAGE_SHIFT;
