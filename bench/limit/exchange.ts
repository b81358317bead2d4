// The raw-wasm limit of W4, on shared memory: the atomic instruction with nothing around it, and two
// threads that hand a word to each other by the engine's own wait and notify.

/** Written by waits and read by nobody, for the reason that assembly/base/atomics.ts gives. */
const WAIT_ANSWER: usize = 512;

/**
 * W4, `n` attempts to add one, each a compare-and-exchange that expects what the one before saw.
 * Returns how many matched.
 */
export function attempts(word: usize, n: u32): u32 {
  let expected: u32 = 0;
  let matched: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const seen = atomic.cmpxchg<u32>(word, expected, expected + 1);
    const match: u32 = seen == expected ? 1 : 0;
    matched += match;
    expected = seen + match;
  }
  return matched;
}

/** `n` times: waits until the word is `mine`, makes it `theirs` and wakes the other thread. */
export function pingPong(word: usize, mine: u32, theirs: u32, n: u32): u32 {
  for (let i: u32 = 0; i < n; i++) {
    while (atomic.load<u32>(word) != mine) {
      store<i32>(WAIT_ANSWER, atomic.wait<i32>(word, theirs, -1));
    }
    atomic.store<u32>(word, theirs);
    atomic.notify(word, 1);
  }
  return n;
}
