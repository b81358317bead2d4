import { compareExchange, fetchAdd, storeShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { holderMark } from "../machine/held";
import { FUTEX_BUCKETS_PER_CPU, FUTEX_BUCKET_BYTES, header } from "../machine/map";
import { waitForOthers } from "../mm/shootdown";
import { Key } from "./key";

/**
 * A bucket of the hash table (futex_hash_bucket), a cache line of its own.
 *
 *   0        4      8       12      16            64
 *   ┌────────┬──────┬───────┬───────┬─────────────┐
 *   │waiters │lock  │first  │last   │ (unused)    │
 *   └────────┴──────┴───────┴───────┴─────────────┘
 */
@unmanaged
export class Bucket {
  waiters: u32; // who is queued, or about to take the lock to be: a waker that reads 0 need not look
  lock: u32; // 0, or the CPU that holds it, from 1
  first: u32; // Entry: by priority, then by age
  last: u32;
}

@inline
export function bucketAt(address: u32): Bucket {
  return changetype<Bucket>(address as usize);
}

@inline
export function addressOfBucket(bucket: Bucket): u32 {
  return changetype<usize>(bucket) as u32;
}

@inline
function mixed(hash: u32, word: u32): u32 {
  hash = (hash ^ word) * 0x85ebca6b;
  return hash ^ (hash >>> 13);
}

/** futex_hash: the bucket of a key. The kernel's hash is another one; nothing but speed depends on it. */
export function bucketOf(key: Key): Bucket {
  let hash = mixed(key.offset, key.object);
  hash = mixed(hash, (key.page >> 12) as u32);
  hash = mixed(hash, key.page as u32);
  return bucketOfIndex((hash ^ (hash >>> 16)) % bucketCount());
}

@inline
export function bucketCount(): u32 {
  return FUTEX_BUCKETS_PER_CPU * header().cpuCount;
}

@inline
export function bucketOfIndex(index: u32): Bucket {
  return bucketAt(header().futexBuckets + index * FUTEX_BUCKET_BYTES);
}

/**
 * In front of the lock (futex_hb_waiters_inc): from here on a waker may not pass by. No wake is lost, because of
 *
 *   waiter   counter += 1   barrier   load the word
 *   waker    store the word   barrier   load the counter
 *
 * one of them at least sees what the other did. Adding is the barrier, even adding nothing.
 */
export function expectWaiter(bucket: Bucket): void {
  fetchAdd(changetype<usize>(bucket), 1);
}

export function dropWaiter(bucket: Bucket): void {
  fetchAdd(changetype<usize>(bucket), -1);
}

/** Header.futexDesign: others see a waiter counted only after it has read the word, as without the barrier. */
export const COUNTS_LATE: u32 = 1;

@inline
export function countsLate(): bool {
  return STUDY && header().futexDesign == COUNTS_LATE;
}

/** True where nobody waits, or is about to. */
export function isIdle(bucket: Bucket): bool {
  return fetchAdd(changetype<usize>(bucket), 0) == 0;
}

/** Takes a lock that is held over accesses to user memory: who waits for it answers invalidations meanwhile. */
export function takeLock(cpu: Cpu, lock: usize): void {
  if (THREADS || STUDY) {
    while (true) {
      const holder = compareExchange(lock, 0, holderMark(cpu));
      if (holder == 0) return;
      waitForOthers(cpu, lock, holder);
    }
  }
}

export function releaseLock(lock: usize): void {
  if (THREADS || STUDY) storeShared(lock, 0);
  if (THREADS) atomic.notify(lock, 1);
}

@inline
export function lockOf(bucket: Bucket): usize {
  return changetype<usize>(bucket) + offsetof<Bucket>("lock");
}

export function lockBucket(cpu: Cpu, bucket: Bucket): void {
  takeLock(cpu, lockOf(bucket));
}

export function unlockBucket(bucket: Bucket): void {
  releaseLock(lockOf(bucket));
}

/** Both, in the order of their addresses; one of them once. */
export function lockBuckets(cpu: Cpu, a: Bucket, b: Bucket): void {
  const low = addressOfBucket(a) < addressOfBucket(b) ? a : b;
  lockBucket(cpu, low);
  if (a != b) lockBucket(cpu, low == a ? b : a);
}

export function unlockBuckets(a: Bucket, b: Bucket): void {
  unlockBucket(a);
  if (a != b) unlockBucket(b);
}
