/** How remote memory is asked for (include/linux/mm_types.h, FOLL_*; bit 19 is internal to mm/gup.c), 6.18. */
export const FOLL_WRITE: u32 = 1 << 0;
/** Override a missing READ or WRITE within what mprotect could grant. */
export const FOLL_FORCE: u32 = 1 << 3;
/** Private anonymous memory only. */
export const FOLL_ANON: u32 = 1 << 7;
/** The pages will be read or written for long: a page shared after a fork is first made the task's own. */
export const FOLL_PIN: u32 = 1 << 19;
