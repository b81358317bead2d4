import { EAGAIN, EINVAL } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { getSized } from "../uaccess/sized";
import { readWordLocked } from "./atomic";
import { Bucket, bucketOf, dropWaiter, expectWaiter, lockBuckets, unlockBuckets } from "./bucket";
import { entryAt, firstMatch, moveEntry, nextMatch } from "./entry";
import { FLAG_PRIVATE } from "./flags";
import { INTENT_READ, firstKey, getKey, sameKey, secondKey } from "./key";
import { isPi, wakeEntry } from "./wake";

/** FUTEX_REQUEUE and FUTEX_CMP_REQUEUE (kernel/futex/requeue.c, 6.18). */

/** The waiters of one word: so many are woken, so many more will wait for another one. How many in all, or −errno. */
export function futexRequeue(
  cpu: Cpu,
  va: u64,
  flags: u32,
  va2: u64,
  wake: i32,
  requeue: i32,
): i32 {
  if (wake < 0 || requeue < 0) return -EINVAL;
  const result = requeueKeys(cpu, va, flags, va2);
  if (result != 0) return result;
  const first = bucketOf(firstKey(cpu));
  const second = beginRequeue(cpu, first);
  const done = wakeAndMove(cpu, first, second, wake, requeue);
  endRequeue(first, second);
  return done;
}

/** The same where the first word is still `expected`; else −EAGAIN. */
export function futexCmpRequeue(
  cpu: Cpu,
  va: u64,
  flags: u32,
  va2: u64,
  wake: i32,
  requeue: i32,
  expected: u32,
): i32 {
  if (wake < 0 || requeue < 0) return -EINVAL;
  let result = requeueKeys(cpu, va, flags, va2);
  while (result == 0) {
    const first = bucketOf(firstKey(cpu));
    const second = beginRequeue(cpu, first);
    const fault = readWordLocked(cpu, va);
    const equal = fault == 0 && (cpu.value as u32) == expected;
    const done = equal ? wakeAndMove(cpu, first, second, wake, requeue) : -EAGAIN;
    endRequeue(first, second);
    if (fault == 0) return done;
    result = getSized(cpu, va, 4);
    if (result == 0 && (flags & FLAG_PRIVATE) == 0) result = requeueKeys(cpu, va, flags, va2);
  }
  return result;
}

function requeueKeys(cpu: Cpu, va: u64, flags: u32, va2: u64): i32 {
  const result = getKey(cpu, va, flags, INTENT_READ, firstKey(cpu));
  return result != 0 ? result : getKey(cpu, va2, flags, INTENT_READ, secondKey(cpu));
}

/** Locks both buckets, the target's counter raised before: who is moved there must not be overlooked. */
export function beginRequeue(cpu: Cpu, first: Bucket): Bucket {
  const second = bucketOf(secondKey(cpu));
  expectWaiter(second);
  lockBuckets(cpu, first, second);
  return second;
}

export function endRequeue(first: Bucket, second: Bucket): void {
  unlockBuckets(first, second);
  dropWaiter(second);
}

/** Moving onto the same word leaves an entry in its place; it counts all the same. */
function wakeAndMove(cpu: Cpu, first: Bucket, second: Bucket, wake: i32, requeue: i32): i32 {
  const from = firstKey(cpu);
  const to = secondKey(cpu);
  const stays = sameKey(from, to);
  let done: i32 = 0;
  let at = firstMatch(first, from);
  while (at != 0 && done - wake < requeue) {
    const entry = entryAt(at);
    at = nextMatch(entry.next, from);
    if (isPi(entry)) return -EINVAL;
    done += 1;
    if (done <= wake) wakeEntry(entry);
    else if (!stays) moveEntry(entry, second, to);
  }
  return done;
}
