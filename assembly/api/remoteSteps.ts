/** The steps of a remote read under a VMA's own lock that measureRemoteStep knows. */

/** get_task_mm and mmput. */
export const STEP_ADDRESS_SPACE: u32 = 0;
/** lock_vma_under_rcu and vma_end_read. */
export const STEP_VMA_LOCK: u32 = 1;
/** folio_walk_start and folio_walk_end, with the page tables' lock. */
export const STEP_WALK: u32 = 2;
/** folio_get and folio_put. */
export const STEP_REFERENCE: u32 = 3;
