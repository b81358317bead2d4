import { loadShared, storeShared, waitOnWord } from "../base/atomics";
import { Cpu, setPorts } from "../machine/cpu";
import { HEADER, Header, header } from "../machine/map";
import { Task } from "../mm/task";
import {
  Bucket,
  bucketCount,
  bucketOfIndex,
  addressOfBucket,
  holderMark,
  lockOf,
  releaseLock,
} from "./bucket";
import { WAIT_FUTEX, callAt, entryOf, sleepIn, wakeTask } from "./call";
import { Entry, entryAt, isQueued, releaseEntry, setBucket } from "./entry";

/**
 * What a CPU leaves behind whose thread ended wherever it was: threads that are terminated stop where a loop begins anew
 * or a function is entered, and the stores of one change to a list lie between two such places. Another CPU clears up.
 */

/** So often, and so long each time, is a lock of the memory looked at: who is alive holds one for less than one look. */
const LOOKS: u32 = 200;
const LOOK_NANOSECONDS: i64 = 5_000_000;

/**
 * The dead CPU holds no lock of a futex any more, is outside the core, and its task can be ended by another CPU, even
 * out of a call. False where it died while it held a lock of the memory, whose lists cannot be trusted then.
 */
export function buryCpu(dead: Cpu): bool {
  const task = changetype<Task>(dead.task as usize);
  for (let index: u32 = 0; index < bucketCount(); index++) {
    const bucket = bucketOfIndex(index);
    if (loadShared(lockOf(bucket)) != holderMark(dead)) continue;
    finishQueueing(bucket, dead.task);
    finishWakes(bucket);
    releaseLock(lockOf(bucket));
  }
  const rtLock = HEADER + offsetof<Header>("rtLock");
  if (loadShared(rtLock) == holderMark(dead)) releaseLock(rtLock);
  if (dead.task != 0) fallAsleep(task);
  leaveForGood(dead);
  return (
    comesFree(HEADER + offsetof<Header>("slabLock")) &&
    comesFree(HEADER + offsetof<Header>("zoneLock"))
  );
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

/** True once nobody holds a lock that is held for short times. */
function comesFree(lock: usize): bool {
  for (let look: u32 = 0; look < LOOKS; look++) {
    if (loadShared(lock) == 0) return true;
    waitOnWord(lock, 1, LOOK_NANOSECONDS);
  }
  return false;
}
