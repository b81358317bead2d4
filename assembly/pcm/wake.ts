import { fetchAdd, storeShared } from "../base/atomics";
import { header } from "../machine/map";
import { Task } from "../mm/task";
import { Stream, addressOf, streamAt } from "./runtime";

/**
 * The two wait queues of a stream. A sleep stands at the top of a system call: its task holds the continuation, and
 * being woken means that it may be resumed.
 *
 *   Task.blockedOn   WAIT_*
 *   Task.wait0       linear address of the stream
 *   Task.wait1       what the kind of sleep needs
 */
export const WAIT_PCM_TRANSFER: u32 = 16; // readers and writers (tsleep)
export const WAIT_PCM_DRAIN: u32 = 17; // with the pollers (sleep)
export const WAIT_PCM_DRIVER: u32 = 18; // the driver, in the call that wait1 names (DRIVER_*): it is made again

function wakeQueue(stream: Stream, kind: u32): void {
  for (let at = header().tasks; at != 0; at = changetype<Task>(at as usize).next) {
    const task = changetype<Task>(at as usize);
    if (task.blockedOn == kind && task.wait0 == addressOf(stream)) wake(task);
  }
}

/** Its thread may be parked on that word. */
function wake(task: Task): void {
  const woken = changetype<usize>(task) + offsetof<Task>("woken");
  storeShared(woken, 1);
  if (THREADS) atomic.notify(woken, 1);
}

@inline
export function wakeTransfers(stream: Stream): void {
  if (stream.sleepers != 0) wakeQueue(stream, WAIT_PCM_TRANSFER);
}

@inline
export function wakePollers(stream: Stream): void {
  if (stream.sleepers != 0) wakeQueue(stream, WAIT_PCM_DRAIN);
}

@inline
export function wakeAll(stream: Stream): void {
  wakeTransfers(stream);
  wakePollers(stream);
}

/** Whoever begins or ends a sleep need not hold the stream's lock. */
function countSleepers(stream: Stream, delta: i32): void {
  fetchAdd(changetype<usize>(stream) + offsetof<Stream>("sleepers"), delta);
}

/** Puts the CPU's task to sleep on a stream, at most until `limit` nanoseconds from now (0 = for ever). */
export function sleepOn(task: Task, stream: Stream, kind: u32, limit: u64): void {
  countSleepers(stream, 1);
  task.blockedOn = kind;
  task.wait0 = addressOf(stream);
  task.woken = 0;
  task.wakeAt = stream.noPeriodWakeup != 0 ? 0 : header().nanoseconds + limit;
}

/** Puts the CPU's task to sleep within a call down to the driver, at most for `limit` nanoseconds. */
export function sleepInDriver(task: Task, stream: Stream, call: u32, limit: u64): void {
  countSleepers(stream, 1);
  task.blockedOn = WAIT_PCM_DRIVER;
  task.wait0 = addressOf(stream);
  task.wait1 = call;
  task.woken = 0;
  task.wakeAt = header().nanoseconds + limit;
}

@inline
export function timeIsUp(task: Task): bool {
  return task.wakeAt != 0 && header().nanoseconds >= task.wakeAt;
}

/** The stream that the call is on in which a task sleeps; 0 = it does not sleep in one. */
@inline
function streamOfCall(task: Task): u64 {
  if (task.blockedOn == WAIT_PCM_TRANSFER || task.blockedOn == WAIT_PCM_DRIVER) return task.wait0;
  return task.blockedOn == WAIT_PCM_DRAIN ? task.wait1 : 0;
}

/** True while a task sleeps in a call on the stream: the call holds the file, so the record must stay. */
export function isHeld(stream: Stream): bool {
  let at = header().tasks;
  while (at != 0 && streamOfCall(changetype<Task>(at as usize)) != addressOf(stream)) {
    at = changetype<Task>(at as usize).next;
  }
  return at != 0;
}

/**
 * Drains of linked streams that sleep on this one's queue are woken and leave it, as a member that is no longer in the
 * group is not looked at again (snd_pcm_drain). From then on they count as sleepers of their own stream.
 */
export function releaseDrains(stream: Stream): void {
  for (let at = header().tasks; at != 0; at = changetype<Task>(at as usize).next) {
    const task = changetype<Task>(at as usize);
    if (task.blockedOn != WAIT_PCM_DRAIN || task.wait0 != addressOf(stream)) continue;
    countSleepers(stream, -1);
    countSleepers(streamAt(task.wait1 as u32), 1);
    task.wait0 = task.wait1;
    task.woken = 1;
  }
}

/** Ends a sleep; its continuation goes on, perhaps to sleep again. */
export function endSleep(task: Task, stream: Stream): void {
  countSleepers(stream, -1);
  task.blockedOn = 0;
  task.wakeAt = 0;
}
