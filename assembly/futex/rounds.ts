import { compareExchange } from "../base/atomics";
import { EAGAIN } from "../base/errno";
import { Cpu, setPorts } from "../machine/cpu";
import { isRequested } from "../mm/shootdown";
import { linearIn } from "../mm/tlb";
import { OP_SET, lastByte } from "../uaccess/exclusive";
import { misses, openBothSlot, outOfRange } from "../uaccess/hit";
import { getSized, putSized } from "../uaccess/sized";
import { compareExchangeLocked, operateLocked } from "./atomic";
import { taskOn } from "./call";
import { FLAG_PRIVATE, FLAG_SIZE_U32, MATCH_ANY } from "./flags";
import { futexLockPi, futexUnlockPi } from "./lockPi";
import { toItsEnd } from "./park";
import { NEVER } from "./time";
import { futexWait } from "./wait";
import { futexWake } from "./wake";

/**
 * Programs that many CPUs run at once, for stress and for measuring: what a thread's library does with a futex. Their own
 * atomic instructions are the kernel's accessors here; their pages are present. Each answers how many rounds it did, or
 * −errno.
 */
const FLAGS: u32 = FLAG_SIZE_U32 | FLAG_PRIVATE;
const FREE: u32 = 0;
const HELD: u32 = 1;
const HELD_WITH_SLEEPERS: u32 = 2;
/** A sleeper that is not woken for so long was forgotten. */
const PATIENCE: u32 = 20_000;

/**
 * Attempts to add one that find their page in the TLB, each of them one compare-and-exchange: what stood there is what
 * the next one expects. The first expects `cpu.value`, and there stands afterwards what the next one is to expect. The
 * answer has in its upper half how many were made, and in its lower how many of them matched. A function of its own,
 * which calls nothing: a call that may follow makes V8 keep half of the loop's values in memory.
 */
function hitAttempts(cpu: Cpu, va: u64, most: u32): u64 {
  const pageLimit = cpu.pageLimit;
  const slotMask = cpu.slotMask;
  const pair = cpu.exclusivePair;
  const closedPair = cpu.closedPair;
  const generation: u64 = cpu.generation;
  let expected = cpu.value as u32;
  let matched: u32 = 0;
  let made: u32 = 0;
  for (; made < most; made++) {
    if (outOfRange(va, pageLimit)) break;
    if (THREADS && isRequested(cpu)) break;
    const slot = openBothSlot(cpu, va, pair, slotMask);
    if (misses(cpu, slot, lastByte(va), generation)) break;
    const seen = compareExchange(linearIn(slot, va), expected, expected + 1);
    setPorts(cpu, closedPair);
    const match: u32 = seen == expected ? 1 : 0;
    matched += match;
    expected = seen + match;
  }
  cpu.value = expected;
  return ((made as u64) << 32) | matched;
}

/** So many attempts: how many of them matched. */
export function attemptRounds(cpu: Cpu, va: u64, rounds: u32): i32 {
  let matched: u32 = 0;
  cpu.value = 0;
  for (let round: u32 = 0; round < rounds; round++) {
    if (!STUDY) {
      const run = hitAttempts(cpu, va, rounds - round);
      matched += run as u32;
      round += (run >> 32) as u32;
      if (round == rounds) break;
    }
    const expected = cpu.value as u32;
    const seen = compareExchangeLocked(cpu, va, expected, expected + 1);
    if (seen < 0) return seen as i32;
    const match: u32 = (seen as u32) == expected ? 1 : 0;
    matched += match;
    cpu.value = (seen as u32) + match;
  }
  return matched;
}

/** The same attempts, and each of them is a call. */
export function calledRounds(cpu: Cpu, va: u64, rounds: u32): i32 {
  let expected: u32 = 0;
  let matched: u32 = 0;
  for (let round: u32 = 0; round < rounds; round++) {
    const seen = compareExchangeLocked(cpu, va, expected, expected + 1);
    if (seen < 0) return seen as i32;
    const match: u32 = (seen as u32) == expected ? 1 : 0;
    matched += match;
    expected = (seen as u32) + match;
  }
  return matched;
}

/** compare-and-exchange until it matched, as an increment. */
export function incrementRounds(cpu: Cpu, va: u64, rounds: u32): i32 {
  for (let round: u32 = 0; round < rounds; round++) {
    const result = getSized(cpu, va, 4);
    if (result != 0) return result;
    let expected = cpu.value as u32;
    while (true) {
      const seen = compareExchangeLocked(cpu, va, expected, expected + 1);
      if (seen == (expected as i64)) break;
      if (seen >= 0) expected = seen as u32;
      else if (seen != -EAGAIN) return seen as i32;
    }
  }
  return rounds;
}

/** A lock of three states around a plain counter at `counter`. */
export function mutexRounds(cpu: Cpu, va: u64, counter: u64, rounds: u32): i32 {
  for (let round: u32 = 0; round < rounds; round++) {
    let result = lockWord(cpu, va);
    if (result == 0) result = addOne(cpu, counter);
    if (result == 0) result = unlockWord(cpu, va);
    if (result < 0) return result;
  }
  return rounds;
}

/** 0 with the lock taken, or −errno. */
function lockWord(cpu: Cpu, va: u64): i32 {
  let seen = compareExchangeLocked(cpu, va, FREE, HELD);
  while (seen > 0) {
    const result = sleepWhileHeld(cpu, va, seen as u32);
    if (result != 0) return result;
    seen = compareExchangeLocked(cpu, va, FREE, HELD_WITH_SLEEPERS);
  }
  return seen as i32;
}

function sleepWhileHeld(cpu: Cpu, va: u64, seen: u32): i32 {
  if (seen != HELD_WITH_SLEEPERS) {
    const now = compareExchangeLocked(cpu, va, HELD, HELD_WITH_SLEEPERS);
    if (now <= 0) return now as i32;
  }
  const slept = futexWait(cpu, va, FLAGS, HELD_WITH_SLEEPERS, NEVER, MATCH_ANY);
  const result = toItsEnd(cpu, slept, PATIENCE);
  return result == -EAGAIN ? 0 : result;
}

function unlockWord(cpu: Cpu, va: u64): i32 {
  const result = operateLocked(cpu, va, OP_SET, FREE);
  if (result != 0 || (cpu.value as u32) != HELD_WITH_SLEEPERS) return result;
  return futexWake(cpu, va, FLAGS, 1, MATCH_ANY);
}

/** Not atomic: two at once would lose one. */
function addOne(cpu: Cpu, va: u64): i32 {
  const result = getSized(cpu, va, 8);
  return result != 0 ? result : putSized(cpu, va, cpu.value + 1, 8);
}

/** A PI lock around the counter. */
export function piRounds(cpu: Cpu, va: u64, counter: u64, rounds: u32): i32 {
  const own = taskOn(cpu).id;
  for (let round: u32 = 0; round < rounds; round++) {
    let result = lockPiWord(cpu, va, own);
    if (result == 0) result = addOne(cpu, counter);
    if (result == 0) result = unlockPiWord(cpu, va, own);
    if (result != 0) return result;
  }
  return rounds;
}

/** 0 with the lock taken, or −errno: the kernel is asked only where the word is not free. */
function lockPiWord(cpu: Cpu, va: u64, own: u32): i32 {
  const seen = compareExchangeLocked(cpu, va, FREE, own);
  if (seen <= 0) return seen as i32;
  return toItsEnd(cpu, futexLockPi(cpu, va, FLAGS, NEVER), PATIENCE);
}

function unlockPiWord(cpu: Cpu, va: u64, own: u32): i32 {
  const seen = compareExchangeLocked(cpu, va, own, FREE);
  if (seen < 0) return seen as i32;
  return (seen as u32) == own ? 0 : futexUnlockPi(cpu, va, FLAGS);
}

/** Waits until the word is `mine`, makes it `theirs` and wakes: two such programs pass it to and fro. */
export function pingPongRounds(cpu: Cpu, va: u64, mine: u32, theirs: u32, rounds: u32): i32 {
  for (let round: u32 = 0; round < rounds; round++) {
    let result = getSized(cpu, va, 4);
    while (result == 0 && (cpu.value as u32) != mine) {
      const slept = futexWait(cpu, va, FLAGS, theirs, NEVER, MATCH_ANY);
      result = toItsEnd(cpu, slept, PATIENCE);
      if (result == 0 || result == -EAGAIN) result = getSized(cpu, va, 4);
    }
    if (result == 0) result = putSized(cpu, va, theirs, 4);
    if (result == 0) result = futexWake(cpu, va, FLAGS, 1, MATCH_ANY);
    if (result < 0) return result;
  }
  return rounds;
}
