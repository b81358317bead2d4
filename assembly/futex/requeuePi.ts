import { EAGAIN, EDEADLK, EFAULT, EINVAL, ENOMEM, ERESTARTNOINTR, ETIMEDOUT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { signalPending } from "../mm/signal";
import { getSized } from "../uaccess/sized";
import { readWordLocked } from "./atomic";
import { Bucket, bucketAt, bucketOf, unlockBucket } from "./bucket";
import {
  CALL_REQUEUE,
  FutexCall,
  callAt,
  endCall,
  entryOf,
  needNotSleep,
  newCall,
  sleepIn,
  taskOn,
  waiterOf,
  wakeTask,
} from "./call";
import {
  Entry,
  MOVED_LOCKED,
  MOVED_NOT,
  MOVED_WAITS,
  entryAt,
  firstMatch,
  keyOf,
  lockBucketOf,
  moveEntry,
  nextMatch,
  setBucket,
  takeOff,
  targetOf,
  taskOf,
} from "./entry";
import { FLAG_PRIVATE, FUTEX_WAITERS, MATCH_ANY } from "./flags";
import {
  INTENT_READ,
  INTENT_WRITE,
  Key,
  copyKey,
  firstKey,
  getKey,
  sameKey,
  secondKey,
} from "./key";
import { beforeRetry, finishLock, leaveLock, mayRetry } from "./lockPi";
import { LOCKED, getState, piStateAt, putState, takeWord } from "./piState";
import { beginRequeue, endRequeue } from "./requeue";
import { TAKEN, lockRt, startToWait, unlockRt, waiterAt } from "./rtMutex";
import { hasPassed } from "./time";
import { describeWait, setUpWait } from "./wait";

/**
 * FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: from a word that is waited on, a condition, straight into the queue
 * of a PI futex (kernel/futex/requeue.c, 6.18). Both sides look at what became of an entry under its bucket's lock; the
 * kernel saves the waiter that lock with a small protocol of its own (Q_REQUEUE_PI_*).
 */

/** Sleeps until it was moved to the PI futex at `target` and that is this task's: 0, BLOCKED, −errno. */
export function futexWaitRequeuePi(
  cpu: Cpu,
  va: u64,
  flags: u32,
  expected: u32,
  deadline: u64,
  target: u64,
): i32 {
  if (va == target) return -EINVAL;
  const address = newCall(cpu, CALL_REQUEUE, 1);
  if (address == 0) return -ENOMEM;
  const call = callAt(address);
  call.deadline = deadline;
  call.target = target;
  const entry = entryOf(call);
  describeWait(entry, va, flags, expected, MATCH_ANY);
  entry.rtWaiter = changetype<usize>(waiterOf(call)) as u32;
  return startRequeue(cpu, call);
}

/** The first half, from the keys on. */
export function startRequeue(cpu: Cpu, call: FutexCall): i32 {
  const entry = entryOf(call);
  let result = getKey(cpu, call.target, entry.flags, INTENT_WRITE, targetOf(entry));
  if (result == 0) result = setUpWait(cpu, entry);
  if (result != 0) return endCall(call, result);
  return needNotSleep(taskOn(cpu), call) ? finishRequeue(cpu, call) : sleepIn(taskOn(cpu), call);
}

/** The second half, by what the requeuer did with the entry. */
export function finishRequeue(cpu: Cpu, call: FutexCall): i32 {
  const entry = entryOf(call);
  const bucket = bucketAt(lockBucketOf(cpu, entry));
  if (entry.moved == MOVED_NOT) {
    takeOff(entry);
    unlockBucket(bucket);
    return leaveEarly(cpu, call);
  }
  if (entry.moved == MOVED_LOCKED && entry.piState != 0) {
    return endCall(call, leaveLock(cpu, entry, call.target, 0));
  }
  unlockBucket(bucket);
  return entry.moved == MOVED_LOCKED ? endCall(call, 0) : finishLock(cpu, call);
}

/** handle_early_requeue_pi_wakeup: nobody has moved it. A wake for nothing looks like a word that differs. */
function leaveEarly(cpu: Cpu, call: FutexCall): i32 {
  if (hasPassed(call.deadline)) return endCall(call, -ETIMEDOUT);
  return signalPending(taskOn(cpu)) ? -ERESTARTNOINTR : endCall(call, -EAGAIN);
}

/**
 * The first waiter on a word gets the PI futex, or waits for it; `requeue` more wait for it too, where the word is still
 * `expected`. How many in all, or −errno.
 */
export function futexCmpRequeuePi(
  cpu: Cpu,
  va: u64,
  flags: u32,
  va2: u64,
  wake: i32,
  requeue: i32,
  expected: u32,
): i32 {
  if (requeue < 0 || va == va2 || wake != 1) return -EINVAL;
  let result = requeuePiKeys(cpu, va, flags, va2);
  while (result == 0) {
    const done = requeueIfEqual(cpu, va, va2, requeue, expected);
    const keysStay = (flags & FLAG_PRIVATE) != 0 && (done == UNREAD || done == -EFAULT);
    if (done == UNREAD) result = getSized(cpu, va, 4);
    else if (mayRetry(done)) result = beforeRetry(cpu, va2, done);
    else return done == UNEQUAL ? -EAGAIN : done;
    if (result == 0 && !keysStay) result = requeuePiKeys(cpu, va, flags, va2);
  }
  return result;
}

/** Not errnos: the first word could not be read with faults disabled, or is not as expected. */
const UNREAD: i32 = i32.MIN_VALUE;
const UNEQUAL: i32 = UNREAD + 1;

/** One try under both locks. */
function requeueIfEqual(cpu: Cpu, va: u64, va2: u64, requeue: i32, expected: u32): i32 {
  const first = bucketOf(firstKey(cpu));
  const second = beginRequeue(cpu, first);
  let done = UNREAD;
  if (readWordLocked(cpu, va) == 0) {
    done = UNEQUAL;
    if ((cpu.value as u32) == expected) {
      done = serveFirst(cpu, va2, first, second, requeue);
      if (done >= 0) done = moveAll(cpu, first, second, requeue, done);
    }
  }
  endRequeue(first, second);
  return done;
}

function requeuePiKeys(cpu: Cpu, va: u64, flags: u32, va2: u64): i32 {
  let result = getKey(cpu, va, flags, INTENT_READ, firstKey(cpu));
  if (result == 0) result = getKey(cpu, va2, flags, INTENT_WRITE, secondKey(cpu));
  if (result != 0) return result;
  return sameKey(firstKey(cpu), secondKey(cpu)) ? -EINVAL : 0;
}

/**
 * futex_proxy_trylock_atomic: takes the PI futex for the first waiter, who is then woken: 1; or finds its state: 0.
 * The state, or 0, is left in `cpu.value`, with a reference. −errno.
 */
function serveFirst(cpu: Cpu, va2: u64, first: Bucket, second: Bucket, requeue: i32): i32 {
  const result = readWordLocked(cpu, va2);
  if (result != 0) return result;
  cpu.value = 0;
  const to = secondKey(cpu);
  const at = firstMatch(first, firstKey(cpu));
  if (at == 0) return 0;
  const entry = entryAt(at);
  if (!waitsFor(entry, to)) return -EINVAL;
  const waiters: u32 = requeue != 0 ? FUTEX_WAITERS : 0;
  const taken = takeWord(cpu, va2, second, to, taskOf(entry), waiters);
  if (taken == LOCKED) wakeAsOwner(entry, second);
  return taken;
}

/** True for an entry that waits to be moved to that PI futex. */
function waitsFor(entry: Entry, target: Key): bool {
  return entry.rtWaiter != 0 && entry.piState == 0 && sameKey(targetOf(entry), target);
}

/** requeue_pi_wake_futex: the PI futex is its task's. */
function wakeAsOwner(entry: Entry, second: Bucket): void {
  takeOff(entry);
  copyKey(keyOf(entry), targetOf(entry));
  entry.moved = MOVED_LOCKED;
  setBucket(entry, second);
  wakeTask(taskOf(entry));
}

/** `done` were dealt with already; the state in `cpu.value` gets the others as waiters. */
function moveAll(cpu: Cpu, first: Bucket, second: Bucket, requeue: i32, done: i32): i32 {
  const address = cpu.value as u32;
  const from = firstKey(cpu);
  let error: i32 = 0;
  let at = firstMatch(first, from);
  while (at != 0 && done - 1 < requeue) {
    const entry = entryAt(at);
    at = nextMatch(entry.next, from);
    error = moveOne(cpu, entry, second, address);
    if (error != 0) break;
    done += 1;
  }
  putState(cpu, address);
  return error != 0 ? error : done;
}

/** Puts a waiter into the PI futex's queue; one that would wait for itself stays where it is. 0, −EINVAL, −EDEADLK. */
function moveOne(cpu: Cpu, entry: Entry, second: Bucket, address: u32): i32 {
  if (!waitsFor(entry, secondKey(cpu))) return -EINVAL;
  const state = piStateAt(address);
  lockRt(cpu);
  const started = startToWait(state, taskOf(entry), waiterAt(entry.rtWaiter));
  unlockRt();
  if (started == -EDEADLK) return started;
  getState(state);
  entry.piState = address;
  if (started == TAKEN) {
    wakeAsOwner(entry, second);
    return 0;
  }
  moveEntry(entry, second, secondKey(cpu));
  entry.moved = MOVED_WAITS;
  return 0;
}
