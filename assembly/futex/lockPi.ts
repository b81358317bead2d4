import {
  EAGAIN,
  EBUSY,
  EFAULT,
  EINTR,
  EINVAL,
  ENOMEM,
  EPERM,
  ERESTARTNOINTR,
  ETIMEDOUT,
} from "../base/errno";
import { Cpu } from "../machine/cpu";
import { faultInUserWriteable } from "../mm/fixupFault";
import { waitForOthers } from "../mm/shootdown";
import { signalPending } from "../mm/signal";
import { Task } from "../mm/task";
import { getSized } from "../uaccess/sized";
import { compareExchangeLocked } from "./atomic";
import { Bucket, bucketAt, bucketOf, lockBucket, unlockBucket } from "./bucket";
import {
  CALL_LOCK,
  CALL_REQUEUE,
  FutexCall,
  beAboutToSleep,
  callAt,
  endCall,
  entryOf,
  needNotSleep,
  newCall,
  sleepIn,
  taskOn,
  waiterOf,
} from "./call";
import {
  Entry,
  entryAt,
  firstMatch,
  isQueued,
  keyOf,
  lockBucketOf,
  lockForQueue,
  queueEntry,
  takeOff,
  unlockUnqueued,
} from "./entry";
import { fixOwner } from "./fixOwner";
import { FLAG_PRIVATE, FUTEX_TID_MASK, FUTEX_WAITERS } from "./flags";
import { INTENT_WRITE, firstKey, getKey } from "./key";
import { LOCKED, PiState, piStateAt, putState, setOwner, takeWord } from "./piState";
import {
  TAKEN,
  giveUpWaiting,
  lockRt,
  startToWait,
  tryLock,
  tryToTake,
  unlockMutex,
  unlockRt,
  waiterAt,
} from "./rtMutex";
import { hasPassed } from "./time";

/** FUTEX_LOCK_PI, LOCK_PI2, TRYLOCK_PI and UNLOCK_PI (kernel/futex/pi.c, 6.18). */

/** Takes the lock, or sleeps until it is this task's: 0, BLOCKED, −errno. */
export function futexLockPi(cpu: Cpu, va: u64, flags: u32, deadline: u64): i32 {
  const call = beginLock(cpu, va, flags);
  if (call == 0) return -ENOMEM;
  callAt(call).deadline = deadline;
  return startLock(cpu, callAt(call));
}

/** The first half, from the key on. */
export function startLock(cpu: Cpu, call: FutexCall): i32 {
  const result = takeOrQueue(cpu, entryOf(call));
  if (result != 0) return endCall(call, result == LOCKED ? 0 : result);
  return waitForMutex(cpu, call);
}

/** Takes the lock if that needs no sleep: 0, −EAGAIN, −errno. */
export function futexTryLockPi(cpu: Cpu, va: u64, flags: u32): i32 {
  const address = beginLock(cpu, va, flags);
  if (address == 0) return -ENOMEM;
  const call = callAt(address);
  const entry = entryOf(call);
  const result = takeOrQueue(cpu, entry);
  if (result != 0) return endCall(call, result == LOCKED ? 0 : result);
  lockRt(cpu);
  const got = tryLock(piStateAt(entry.piState), taskOn(cpu));
  unlockRt();
  return endCall(call, leaveLock(cpu, entry, entry.address, got ? 0 : -EAGAIN));
}

function beginLock(cpu: Cpu, va: u64, flags: u32): usize {
  const address = newCall(cpu, CALL_LOCK, 1);
  if (address == 0) return 0;
  const entry = entryOf(callAt(address));
  entry.address = va;
  entry.flags = flags;
  return address;
}

/** LOCKED; 0 with the entry queued and its bucket still locked; −errno. */
function takeOrQueue(cpu: Cpu, entry: Entry): i32 {
  let result = getKey(cpu, entry.address, entry.flags, INTENT_WRITE, keyOf(entry));
  while (result == 0) {
    const bucket = lockForQueue(cpu, entry);
    const taken = takeWord(cpu, entry.address, bucket, keyOf(entry), taskOn(cpu), 0);
    if (taken == 0) {
      entry.piState = cpu.value as u32;
      beAboutToSleep(taskOn(cpu));
      queueEntry(bucket, entry);
      return 0;
    }
    unlockUnqueued(bucket);
    if (!mayRetry(taken)) return taken;
    result = beforeRetry(cpu, entry.address, taken);
    if (result == 0 && needsKey(entry.flags, taken)) {
      result = getKey(cpu, entry.address, entry.flags, INTENT_WRITE, keyOf(entry));
    }
  }
  return result;
}

/** A private futex's key stays good over a fault; after anything else all is looked up anew. */
@inline
function needsKey(flags: u32, error: i32): bool {
  return (flags & FLAG_PRIVATE) == 0 || error != -EFAULT;
}

/** What another try, after some work without locks, may change. */
export function mayRetry(error: i32): bool {
  return error == -EFAULT || error == -EAGAIN || error == -EBUSY;
}

/** That work: the page is made writable; others may run, an owner's exit first of all. 0 or −errno. */
export function beforeRetry(cpu: Cpu, va: u64, error: i32): i32 {
  if (error == -EFAULT) return faultInUserWriteable(cpu, va);
  giveOthersTime(cpu);
  return 0;
}

/** cond_resched. */
export function giveOthersTime(cpu: Cpu): void {
  waitForOthers(cpu, changetype<usize>(cpu) + offsetof<Cpu>("index"), cpu.index);
}

/** The entry is queued and its bucket locked: into the rt mutex's queue, and to sleep. */
function waitForMutex(cpu: Cpu, call: FutexCall): i32 {
  const entry = entryOf(call);
  const state = piStateAt(entry.piState);
  const task = taskOn(cpu);
  lockRt(cpu);
  const started = startToWait(state, task, waiterOf(call));
  unlockRt();
  if (started != 0) return leaveWaiting(cpu, call, started == TAKEN ? 0 : started);
  unlockBucket(bucketAt(entry.bucket));
  return needNotSleep(task, call) ? finishLock(cpu, call) : sleepIn(task, call);
}

/** The second half: the mutex is taken where that is possible; who was too slow for another sleeps on. */
export function finishLock(cpu: Cpu, call: FutexCall): i32 {
  const entry = entryOf(call);
  const task = taskOn(cpu);
  beAboutToSleep(task);
  lockBucketOf(cpu, entry);
  lockRt(cpu);
  const got = tryToTake(piStateAt(entry.piState), task, waiterOf(call));
  unlockRt();
  if (got) return leaveWaiting(cpu, call, 0);
  if (hasPassed(call.deadline)) return leaveWaiting(cpu, call, -ETIMEDOUT);
  if (signalPending(task)) return leaveWaiting(cpu, call, -EINTR);
  unlockBucket(bucketAt(entry.bucket));
  return sleepIn(task, call);
}

/**
 * The end of waiting, with the entry's bucket locked. An error counts only where the mutex was not got after all. After a
 * signal the lock is asked for again, whatever the handler; who was moved to it would find another word, and is told so.
 */
export function leaveWaiting(cpu: Cpu, call: FutexCall, result: i32): i32 {
  const entry = entryOf(call);
  if (result != 0) {
    lockRt(cpu);
    if (giveUpWaiting(piStateAt(entry.piState), taskOn(cpu), waiterOf(call))) result = 0;
    unlockRt();
  }
  const wasMoved = call.kind == CALL_REQUEUE;
  const left = leaveLock(cpu, entry, wasMoved ? call.target : entry.address, result);
  if (left != -EINTR) return endCall(call, left);
  return wasMoved ? endCall(call, -EAGAIN) : -ERESTARTNOINTR;
}

/** The word is made to name the true owner, the entry goes, and its locked bucket is let go: the call's result. */
export function leaveLock(cpu: Cpu, entry: Entry, va: u64, result: i32): i32 {
  const fixed = fixOwner(cpu, entry, va, result == 0);
  const bucket = bucketAt(entry.bucket);
  leavePi(cpu, entry);
  unlockBucket(bucket);
  if (fixed != 0) return fixed < 0 ? fixed : 0;
  return result;
}

/** futex_unqueue_pi: who unlocks may have taken off the entry of one that is leaving. */
export function leavePi(cpu: Cpu, entry: Entry): void {
  if (isQueued(entry)) takeOff(entry);
  putState(cpu, entry.piState);
  entry.piState = 0;
}

/** Hands the lock to who is next, or frees the word: 0, −EPERM, −EFAULT, −EINVAL, −EAGAIN. */
export function futexUnlockPi(cpu: Cpu, va: u64, flags: u32): i32 {
  while (true) {
    let result = getSized(cpu, va, 4);
    if (result != 0) return result;
    const word = cpu.value as u32;
    if ((word & FUTEX_TID_MASK) != taskOn(cpu).id) return -EPERM;
    const key = firstKey(cpu);
    result = getKey(cpu, va, flags, INTENT_WRITE, key);
    if (result != 0) return result;
    const bucket = bucketOf(key);
    lockBucket(cpu, bucket);
    result = releaseWord(cpu, va, word, bucket);
    unlockBucket(bucket);
    if (result == FREED_BY_ANOTHER) return -EAGAIN;
    if (!mayRetry(result)) return result;
    result = beforeRetry(cpu, va, result);
    if (result != 0) return result;
  }
}

/** Not an errno: without a waiter, a word that has changed is the program's own affair. */
const FREED_BY_ANOTHER: i32 = 1;

function releaseWord(cpu: Cpu, va: u64, word: u32, bucket: Bucket): i32 {
  const key = firstKey(cpu);
  for (let at = firstMatch(bucket, key); at != 0; at = firstMatch(bucket, key)) {
    const entry = entryAt(at);
    if (entry.piState == 0) return -EINVAL;
    const state = piStateAt(entry.piState);
    if (state.owner != cpu.task) return -EINVAL;
    lockRt(cpu);
    const waits = state.top != 0;
    const result = waits ? handOver(cpu, va, word, state) : 0;
    unlockRt();
    if (waits) return result;
    takeOff(entry); // its task is on its way out of the call
  }
  const seen = compareExchangeLocked(cpu, va, word, 0);
  if (seen < 0) return seen as i32;
  return (seen as u32) == word ? 0 : FREED_BY_ANOTHER;
}

/** wake_futex_pi: the next owner's number goes into the word, and the mutex is let go. The rt lock is held. */
function handOver(cpu: Cpu, va: u64, word: u32, state: PiState): i32 {
  const next = waiterAt(state.top).task;
  const named = FUTEX_WAITERS | changetype<Task>(next as usize).id;
  const seen = compareExchangeLocked(cpu, va, word, named);
  if (seen < 0) return seen as i32;
  if ((seen as u32) != word) return ((seen as u32) & FUTEX_TID_MASK) == word ? -EAGAIN : -EINVAL;
  setOwner(state, next);
  unlockMutex(state);
  return 0;
}
