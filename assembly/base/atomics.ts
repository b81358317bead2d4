/**
 * The one place that knows whether memory is shared. In the threads build these are real atomics; in the others the
 * same words are plain loads and stores, because there one kernel path runs at a time.
 */

@inline
export function loadShared(address: usize): u32 {
  return THREADS ? atomic.load<u32>(address) : load<u32>(address);
}

@inline
export function storeShared(address: usize, value: u32): void {
  if (THREADS) atomic.store<u32>(address, value);
  else store<u32>(address, value);
}

/** Adds `delta` and returns the old value. */
@inline
export function fetchAdd(address: usize, delta: u32): u32 {
  if (THREADS) return atomic.add<u32>(address, delta);
  const old = load<u32>(address);
  store<u32>(address, old + delta);
  return old;
}

/** Stores `replacement` where `expected` stands; returns what stood there. */
@inline
export function compareExchange(address: usize, expected: u32, replacement: u32): u32 {
  if (THREADS) return atomic.cmpxchg<u32>(address, expected, replacement);
  const old = load<u32>(address);
  if (old == expected) store<u32>(address, replacement);
  return old;
}

/** A shared word of 4 or 8 bytes. */
@inline
export function loadSharedSized(address: usize, size: u32): u64 {
  if (size == 4) return loadShared(address);
  return THREADS ? atomic.load<u64>(address) : load<u64>(address);
}

/** compareExchange of a word of 4 or 8 bytes. */
export function compareExchangeSized(
  address: usize,
  size: u32,
  expected: u64,
  replacement: u64,
): u64 {
  if (size == 4) return compareExchange(address, expected as u32, replacement as u32);
  if (THREADS) return atomic.cmpxchg<u64>(address, expected, replacement);
  const old = load<u64>(address);
  if (old == expected) store<u64>(address, replacement);
  return old;
}

/** Adds one to a word in [1, limit); answers what stood there, which says whether it was done. */
@inline
export function addWithin(address: usize, limit: u32): u32 {
  let seen = loadShared(address);
  if (THREADS) {
    while (seen != 0 && seen < limit) {
      const found = atomic.cmpxchg<u32>(address, seen, seen + 1);
      if (found == seen) break;
      seen = found;
    }
  } else if (seen - 1 < limit - 1) store<u32>(address, seen + 1);
  return seen;
}

/** A word below the header (machine/map.ts) that waits write and nobody reads. */
const WAIT_ANSWER: usize = 512;

/**
 * Sleeps until `address` no longer holds `seen`, at most so long. The answer is stored although nobody wants it: the
 * baseline compiler of V8 11.3 (Node 20) saves a wait's address as 8 bytes in a stack slot of 4, over whatever stands
 * before it on the stack. Here that is the constant, which lives in no slot; else it may be a lock's address or a CPU.
 */
@inline
export function waitOnWord(address: usize, seen: u32, nanoseconds: i64): void {
  if (THREADS) store<i32>(WAIT_ANSWER, atomic.wait<i32>(address, seen as i32, nanoseconds));
}

/**
 * Sets bits in a word that hardware and kernel both write (a page-table entry's accessed and dirty bits). False where
 * it is no longer what was `seen`: an entry that was emptied meanwhile must not come back with these bits alone.
 */
@inline
export function setBits(address: usize, seen: u32, bits: u32): bool {
  return compareExchange(address, seen, seen | bits) == seen;
}
