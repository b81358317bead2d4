import { Cpu } from "../machine/cpu";
import { EXIT_DONE, EXIT_RUNS, Task, mmOfTask } from "../mm/task";
import { putSized } from "../uaccess/sized";
import { bucketAt, lockBucket, unlockBucket } from "./bucket";
import {
  CALL_LOCK,
  CALL_REQUEUE,
  FutexCall,
  WAIT_FUTEX,
  callAt,
  endCall,
  endSleep,
  entryOf,
  taskOn,
  waiterOf,
} from "./call";
import { MOVED_WAITS, lockBucketOf, unqueueOwn } from "./entry";
import { giveOthersTime, leaveLock } from "./lockPi";
import { getStateNotZero, piStateAt, putState, setOwner } from "./piState";
import { exitRobustLists, wakeOne } from "./robust";
import { giveUpWaiting, lockRt, unlockMutex, unlockRt } from "./rtMutex";

/** What a task that ends leaves of its futexes (futex_exit_release, mm_release; kernel/futex/core.c, kernel/fork.c, 6.18). */

/**
 * The CPU's task ends: robust lists, then PI futexes, then its clear-child-tid word. It may do so in a sleep, as one that
 * is killed.
 */
export function exitFutexes(cpu: Cpu): void {
  const task = taskOn(cpu);
  if (task.mm == 0 || task.exitState == EXIT_DONE) return;
  if (task.blockedOn == WAIT_FUTEX) abortSleep(cpu, task);
  task.exitState = EXIT_RUNS;
  exitRobustLists(cpu);
  leavePiStates(cpu, task);
  task.exitState = EXIT_DONE;
  clearChildTid(cpu, task);
}

/** The call that a killed task sleeps in comes to nothing. */
function abortSleep(cpu: Cpu, task: Task): void {
  const call = callAt(task.wait0);
  endSleep(task);
  const first = entryOf(call);
  // a CPU may have died before it queued its task, or after it took it off: then the entry has no state, or no bucket
  const isLocking = call.kind == CALL_LOCK || first.moved == MOVED_WAITS;
  if (isLocking && first.bucket != 0 && first.piState != 0) abortLock(cpu, call);
  else {
    for (let index: u32 = 0; index < call.count; index++) unqueueOwn(cpu, entryOf(call, index));
  }
  endCall(call, 0);
}

/** Out of the rt mutex's queue; the mutex may have been got meanwhile, and is then left by a dead owner. */
function abortLock(cpu: Cpu, call: FutexCall): void {
  const entry = entryOf(call);
  lockBucketOf(cpu, entry);
  lockRt(cpu);
  const got = giveUpWaiting(piStateAt(entry.piState), taskOn(cpu), waiterOf(call));
  unlockRt();
  leaveLock(cpu, entry, call.kind == CALL_REQUEUE ? call.target : entry.address, got ? 0 : -1);
}

/** exit_pi_state_list: the latest first. Who waits first for each is woken, and writes the word itself. */
function leavePiStates(cpu: Cpu, task: Task): void {
  while (true) {
    lockRt(cpu);
    const address = task.ownedStates;
    const alive = address != 0 && getStateNotZero(piStateAt(address));
    unlockRt();
    if (address == 0) return;
    if (alive) leaveState(cpu, task, address);
    else giveOthersTime(cpu); // its last waiter is about to take it away
  }
}

/** The locks in their order: the bucket's comes first, and the state may have changed hands by then. */
function leaveState(cpu: Cpu, task: Task, address: u32): void {
  const state = piStateAt(address);
  const bucket = bucketAt(state.bucket);
  lockBucket(cpu, bucket);
  lockRt(cpu);
  if (state.owner == (changetype<usize>(task) as u32)) {
    setOwner(state, 0);
    unlockMutex(state);
  }
  unlockRt();
  unlockBucket(bucket);
  putState(cpu, address);
}

/** Only where somebody is left in the address space to see it. */
function clearChildTid(cpu: Cpu, task: Task): void {
  const va = task.clearChildTid;
  task.clearChildTid = 0;
  if (va == 0 || mmOfTask(cpu.task).users <= 1) return;
  putSized(cpu, va, 0, 4);
  wakeOne(cpu, va);
}
