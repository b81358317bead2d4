/** Flags of a futex word (include/uapi/linux/futex.h, 6.18); those of futex(2) and of futex2 are one set here. */
export const FLAG_SIZE_MASK: u32 = 3;
export const FLAG_SIZE_U32: u32 = 2;
export const FLAG_NUMA: u32 = 4;
export const FLAG_MPOL: u32 = 8;
export const FLAG_PRIVATE: u32 = 128;
/** Of the call, not of the word: an absolute end time is on the realtime clock. */
export const FLAG_REALTIME: u32 = 256;
/** And: a count of 0 wakes nobody. */
export const FLAG_STRICT: u32 = 512;
/** And: a signal leaves a wait with the end time that it has (FLAGS_HAS_TIMEOUT, set where restart_block is used). */
export const FLAG_KEEPS_END: u32 = 1024;

/** Every bit set: what a wake or a wait without a bit set means. */
export const MATCH_ANY: u32 = 0xffffffff;

/** Bits of a PI or robust word. */
export const FUTEX_WAITERS: u32 = 0x80000000;
export const FUTEX_OWNER_DIED: u32 = 0x40000000;
export const FUTEX_TID_MASK: u32 = 0x3fffffff;

/** What futex2 calls know (FUTEX2_VALID_MASK). */
const FLAGS2: u32 = FLAG_SIZE_MASK | FLAG_NUMA | FLAG_MPOL | FLAG_PRIVATE;

@inline
export function isFlags2(flags: u32): bool {
  return (flags & ~FLAGS2) == 0;
}
