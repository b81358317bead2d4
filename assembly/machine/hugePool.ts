import { FOLIO_POOLED, FRAME_POOL, clearBlock, frameOf } from "./frame";
import { spinLock, spinUnlock } from "./held";
import { HEADER, HUGE_POOLS, Header, PMD_ORDER } from "./map";

/** Huge pages set aside, a pool for each of two sizes (struct hstate, mm/hugetlb.c, 6.18). None is ever made on demand. */
@unmanaged
export class HugePool {
  first: u32; // free page, by pfn through Frame.next
  total: u32;
  free: u32;
  reserved: u32; // of the free ones: promised to mappings
}

@inline
function lock(): usize {
  return HEADER + offsetof<Header>("poolLock");
}

/** The pool of pages of 2^order frames: 2 MiB or 1 GiB. */
@inline
export function poolOf(order: u32): HugePool {
  return changetype<HugePool>(HUGE_POOLS + (order == PMD_ORDER ? 0 : offsetof<HugePool>()));
}

/** A page comes back; until it is taken again the pool is its owner. */
export function putInPool(pfn: u32): void {
  const page = frameOf(pfn);
  const pool = poolOf(page.order);
  spinLock(lock());
  page.refcount = 1;
  page.kind = FRAME_POOL;
  page.flags = FOLIO_POOLED;
  page.next = pool.first;
  pool.first = pfn;
  pool.free += 1;
  spinUnlock(lock());
}

/** Promises one page: false where all free ones are promised. */
export function reserveHugePage(order: u32): bool {
  const pool = poolOf(order);
  spinLock(lock());
  const can = pool.free > pool.reserved;
  if (can) pool.reserved += 1;
  spinUnlock(lock());
  return can;
}

/** Takes back the promise of one page. */
export function unreserveHugePage(order: u32): void {
  spinLock(lock());
  poolOf(order).reserved -= 1;
  spinUnlock(lock());
}

/** A zeroed page that was promised to nobody, with one reference; 0 where there is none. */
export function takeHugePage(order: u32, kind: u8): u32 {
  const pool = poolOf(order);
  spinLock(lock());
  const pfn = pool.free > pool.reserved ? popPage(pool, kind) : 0;
  spinUnlock(lock());
  if (pfn != 0) clearBlock(pfn, order);
  return pfn;
}

/** A zeroed page that was promised, with one reference. */
export function takeReservedHugePage(order: u32, kind: u8): u32 {
  const pool = poolOf(order);
  spinLock(lock());
  pool.reserved -= 1;
  const pfn = popPage(pool, kind);
  spinUnlock(lock());
  clearBlock(pfn, order);
  return pfn;
}

@inline
function popPage(pool: HugePool, kind: u8): u32 {
  const pfn = pool.first;
  const page = frameOf(pfn);
  pool.first = page.next;
  pool.free -= 1;
  page.kind = kind;
  page.mapcount = 0;
  return pfn;
}
