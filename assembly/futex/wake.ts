import { EAGAIN, EFAULT, EINVAL, ENOSYS } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { faultInUserWriteable } from "../mm/fixupFault";
import { operateLocked } from "./atomic";
import {
  Bucket,
  bucketOf,
  isIdle,
  lockBucket,
  lockBuckets,
  unlockBucket,
  unlockBuckets,
} from "./bucket";
import { wakeTask } from "./call";
import { Entry, entryAt, firstMatch, nextMatch, releaseEntry, takeOff, taskOf } from "./entry";
import { FLAG_PRIVATE, FLAG_STRICT, MATCH_ANY } from "./flags";
import { INTENT_READ, INTENT_WRITE, Key, firstKey, getKey, secondKey } from "./key";

/** FUTEX_WAKE, FUTEX_WAKE_BITSET and FUTEX_WAKE_OP (kernel/futex/waitwake.c, 6.18). */

/** Takes an entry off and wakes its task. The task is told before the entry is let go: after that both may be gone. */
export function wakeEntry(entry: Entry): void {
  takeOff(entry);
  wakeTask(taskOf(entry));
  releaseEntry(entry);
}

/** An entry that only PI operations may touch. */
@inline
export function isPi(entry: Entry): bool {
  return entry.piState != 0 || entry.rtWaiter != 0;
}

/**
 * Wakes up to `count` waiters on a key whose bucket is locked, at least one where there is one: how many, or −EINVAL at
 * the first that waits for a PI futex; who was woken before it stays woken.
 */
function wakeMatching(bucket: Bucket, key: Key, count: i32, bitset: u32): i32 {
  let woken: i32 = 0;
  let at = firstMatch(bucket, key);
  while (at != 0) {
    const entry = entryAt(at);
    at = nextMatch(entry.next, key);
    if (isPi(entry)) return -EINVAL;
    if ((entry.bitset & bitset) == 0) continue;
    wakeEntry(entry);
    woken += 1;
    if (woken >= count) break;
  }
  return woken;
}

/** How many were woken, or −errno. The word itself is never looked at. */
export function futexWake(cpu: Cpu, va: u64, flags: u32, count: i32, bitset: u32): i32 {
  if (bitset == 0) return -EINVAL;
  const key = firstKey(cpu);
  const result = getKey(cpu, va, flags, INTENT_READ, key);
  if (result != 0) return result;
  if ((flags & FLAG_STRICT) != 0 && count == 0) return 0;
  const bucket = bucketOf(key);
  if (isIdle(bucket)) return 0;
  lockBucket(cpu, bucket);
  const woken = wakeMatching(bucket, key, count, bitset);
  unlockBucket(bucket);
  return woken;
}

/**
 * The operation of a WAKE_OP, as val3 holds it:
 *
 *   31    30    28 27        24 23          12 11           0
 *   ┌─────┬───────┬────────────┬──────────────┬──────────────┐
 *   │shift│ op    │ comparison │ operand      │ compared with│   both signed
 *   └─────┴───────┴────────────┴──────────────┴──────────────┘
 */
const SHIFT_BIT: u32 = 0x80000000;

const COMPARE_EQ: u32 = 0;
const COMPARE_NE: u32 = 1;
const COMPARE_LT: u32 = 2;
const COMPARE_LE: u32 = 3;
const COMPARE_GT: u32 = 4;
const COMPARE_GE: u32 = 5;

/** Bits [from, from + 12) as a signed number. */
@inline
function signed12(encoded: u32, from: u32): i32 {
  return ((encoded << (20 - from)) as i32) >> 20;
}

function operandOf(encoded: u32): u32 {
  const operand = signed12(encoded, 12) as u32;
  return (encoded & SHIFT_BIT) != 0 ? 1 << (operand & 31) : operand;
}

/** 1 or 0: how the old word compares; −ENOSYS for an unknown comparison. */
function compared(encoded: u32, old: i32): i32 {
  const argument = signed12(encoded, 0);
  switch ((encoded >> 24) & 15) {
    case COMPARE_EQ:
      return old == argument ? 1 : 0;
    case COMPARE_NE:
      return old != argument ? 1 : 0;
    case COMPARE_LT:
      return old < argument ? 1 : 0;
    case COMPARE_LE:
      return old <= argument ? 1 : 0;
    case COMPARE_GT:
      return old > argument ? 1 : 0;
    case COMPARE_GE:
      return old >= argument ? 1 : 0;
    default:
      return -ENOSYS;
  }
}

/** futex_atomic_op_inuser: the word is changed even where the comparison turns out to be unknown. */
function operate(cpu: Cpu, va: u64, encoded: u32): i32 {
  const result = operateLocked(cpu, va, (encoded >> 28) & 7, operandOf(encoded));
  return result != 0 ? result : compared(encoded, cpu.value as i32);
}

/**
 * Changes the second word, wakes on the first, and on the second too where its old value compares so. How many were
 * woken in all, or −errno.
 */
export function futexWakeOp(
  cpu: Cpu,
  va: u64,
  flags: u32,
  va2: u64,
  count: i32,
  count2: i32,
  encoded: u32,
): i32 {
  let result = wakeOpKeys(cpu, va, flags, va2);
  while (result == 0) {
    const first = bucketOf(firstKey(cpu));
    const second = bucketOf(secondKey(cpu));
    lockBuckets(cpu, first, second);
    const answer = operate(cpu, va2, encoded);
    const woken = answer < 0 ? answer : wakeBoth(cpu, first, second, count, count2, answer != 0);
    unlockBuckets(first, second);
    if (answer != -EFAULT && answer != -EAGAIN) return woken;
    if (answer == -EFAULT) result = faultInUserWriteable(cpu, va2);
    if (result == 0 && (flags & FLAG_PRIVATE) == 0) result = wakeOpKeys(cpu, va, flags, va2);
  }
  return result;
}

function wakeOpKeys(cpu: Cpu, va: u64, flags: u32, va2: u64): i32 {
  const result = getKey(cpu, va, flags, INTENT_READ, firstKey(cpu));
  return result != 0 ? result : getKey(cpu, va2, flags, INTENT_WRITE, secondKey(cpu));
}

function wakeBoth(
  cpu: Cpu,
  first: Bucket,
  second: Bucket,
  count: i32,
  count2: i32,
  also: bool,
): i32 {
  const woken = wakeMatching(first, firstKey(cpu), count, MATCH_ANY);
  if (woken < 0 || !also) return woken;
  const more = wakeMatching(second, secondKey(cpu), count2, MATCH_ANY);
  return more < 0 ? more : woken + more;
}
