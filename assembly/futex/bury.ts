import { loadShared, storeShared } from "../base/atomics";
import { Cpu, setPorts } from "../machine/cpu";
import {
  HELD_WORD,
  forgetAll,
  heldAt,
  heldCount,
  heldKind,
  holderMark,
  unlistedCount,
} from "../machine/held";
import { HEADER, Header, header } from "../machine/map";
import { mendFrames, mendSlabs } from "../machine/mend";
import { buryAddressSpaces } from "../mm/bury";
import { Task } from "../mm/task";
import { Bucket, bucketCount, bucketOfIndex, addressOfBucket, lockOf, releaseLock } from "./bucket";
import { WAIT_FUTEX, callAt, entryOf, sleepIn, wakeTask } from "./call";
import { mendRt } from "./rtMutex";
import { Entry, entryAt, isQueued, releaseEntry, setBucket } from "./entry";

/**
 * What a CPU leaves behind whose thread ended wherever it was: threads that are terminated stop where a loop begins anew
 * or a function is entered, and the stores of one change to a list lie between two such places. Another CPU clears up.
 */

/** What stays held besides is no Mm: locks that had no room in the list. */
export const UNKNOWN_LOCKS: u32 = 1;

/**
 * Another CPU gives back what the dead one held (machine/held.ts; a futex's buckets and the rt lock name their holder),
 * takes it out of the core, and makes its task one that can be ended, even out of a call. What stays held: 0, the Mm
 * that it died in the middle of changing, whose users can go on no more, or UNKNOWN_LOCKS, for which others wait in vain.
 */
export function buryCpu(by: Cpu, dead: Cpu): u32 {
  leaveForGood(dead);
  buryWords(dead);
  const lost = buryAddressSpaces(by, dead);
  buryBuckets(dead);
  const rtLock = HEADER + offsetof<Header>("rtLock");
  if (loadShared(rtLock) == holderMark(dead)) {
    mendRt();
    releaseLock(rtLock);
  }
  forgetAll(dead);
  const task = changetype<Task>(dead.task as usize);
  if (dead.task != 0) fallAsleep(task);
  const unknown = unlistedCount(dead) != 0;
  storeShared(HEADER + offsetof<Header>("deadCpu"), unknown ? holderMark(dead) : 0);
  if (lost != 0) storeShared(HEADER + offsetof<Header>("lostCpu"), holderMark(dead));
  return lost == 0 && unknown ? UNKNOWN_LOCKS : lost;
}

/**
 * Locks that are held for short times. What stands behind most of them changes in one go, and what was taken out before
 * it was entered elsewhere is lost, so that nothing stands in two places; the allocators' lists are made anew.
 */
function buryWords(dead: Cpu): void {
  for (let index: u32 = 0; index < heldCount(dead); index++) {
    const lock = heldAt(dead, index);
    if (heldKind(dead, index) != HELD_WORD || loadShared(lock) != holderMark(dead)) continue;
    if (lock == HEADER + offsetof<Header>("zoneLock")) mendFrames();
    else if (lock == HEADER + offsetof<Header>("slabLock")) mendSlabs();
    releaseLock(lock);
  }
}

function buryBuckets(dead: Cpu): void {
  for (let index: u32 = 0; index < bucketCount(); index++) {
    const bucket = bucketOfIndex(index);
    if (loadShared(lockOf(bucket)) != holderMark(dead)) continue;
    finishQueueing(bucket, dead.task);
    finishWakes(bucket);
    releaseLock(lockOf(bucket));
  }
}

/** A task in the middle of a call is as good as one that sleeps in it: ending it takes the call back. */
function fallAsleep(task: Task): void {
  if (task.blockedOn == 0 && task.futexCall != 0) sleepIn(task, callAt(task.futexCall));
}

function leaveForGood(dead: Cpu): void {
  setPorts(dead, dead.closedPair);
  dead.rcuDepth = 0;
  dead.interruptsOff = 0;
  storeShared(changetype<usize>(dead) + offsetof<Cpu>("flushRequest"), 0);
  storeShared(changetype<usize>(dead) + offsetof<Cpu>("inCore"), 0);
}

/** An entry of the dead task stands in the list before it names its bucket. */
function finishQueueing(bucket: Bucket, task: u32): void {
  for (let at = bucket.first; at != 0; at = entryAt(at).next) {
    if (entryAt(at).task == task) setBucket(entryAt(at), bucket);
  }
}

/** A waker takes an entry off the list before it tells the task: those that it did not come to are told now. */
function finishWakes(bucket: Bucket): void {
  for (let at = header().tasks; at != 0; at = changetype<Task>(at as usize).next) {
    const task = changetype<Task>(at as usize);
    if (task.blockedOn != WAIT_FUTEX) continue;
    const call = callAt(task.wait0);
    for (let index: u32 = 0; index < call.count; index++) {
      finishWake(bucket, task, entryOf(call, index));
    }
  }
}

function finishWake(bucket: Bucket, task: Task, entry: Entry): void {
  if (entry.bucket != addressOfBucket(bucket) || isQueued(entry)) return;
  wakeTask(task);
  releaseEntry(entry);
}
