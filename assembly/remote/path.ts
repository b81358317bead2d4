/**
 * Which __access_remote_vm the emulated kernel has: what a patch changes is the kernel, not a call. The host sets it in
 * the machine's header.
 */

/** Under the mmap lock throughout (6.18). */
export const REMOTE_SLOW: u32 = 0;
/** "mm: read remote memory without the mmap lock where possible", as posted 2026-06-16. */
export const REMOTE_FAST_V1: u32 = 1;
/** The second version of the series, 2026-06-24, as far as it is known. */
export const REMOTE_FAST_V2: u32 = 2;
/** What its author proposed to do next, 2026-06-26. */
export const REMOTE_FAST_V3_SKETCH: u32 = 3;
