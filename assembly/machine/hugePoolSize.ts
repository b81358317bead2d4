import { FOLIO_POOLED, FRAME_POOL, frameOf } from "./frame";
import { allocFrames, freeFrames } from "./frames";
import { poolOf, putInPool, takeHugePage } from "./hugePool";

/**
 * nr_hugepages: grows the pool to `wanted` pages as far as RAM has them, or shrinks it to that as far as pages are free
 * and not promised; how many it has then.
 */
export function resizePool(order: u32, wanted: u32): u32 {
  const pool = poolOf(order);
  while (pool.total < wanted) {
    const pfn = allocFrames(order, FRAME_POOL);
    if (pfn == 0) break;
    frameOf(pfn).flags = FOLIO_POOLED;
    pool.total += 1;
    putInPool(pfn);
  }
  while (pool.total > wanted) {
    const pfn = takeHugePage(order, FRAME_POOL);
    if (pfn == 0) break;
    frameOf(pfn).flags = 0;
    pool.total -= 1;
    freeFrames(pfn);
  }
  return pool.total;
}
