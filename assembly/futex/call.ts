import { BLOCKED } from "../base/errno";
import { loadShared, storeShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { kfree, kmalloc, slabAlloc, slabFree } from "../machine/slab";
import { signalPending, takeSignal } from "../mm/signal";
import { Task } from "../mm/task";
import { Entry, entryAt } from "./entry";
import { NEVER, hasPassed } from "./time";

/**
 * A call that may sleep, and its continuation: such a call is two functions, one up to the sleep and one from there on.
 *
 *   FutexCall │ RtWaiter │ Entry │ Entry … (futex_waitv)
 *
 *   Task.blockedOn   WAIT_FUTEX
 *   Task.wait0       linear address of the FutexCall
 *   Task.futexCall   the same, from the call's beginning to its end
 */
export const WAIT_FUTEX: u32 = 32;

/** What the call goes on with. */
export const CALL_WAIT: u32 = 1;
export const CALL_VECTOR: u32 = 2;
export const CALL_LOCK: u32 = 3;
export const CALL_REQUEUE: u32 = 4;

@unmanaged
export class FutexCall {
  kind: u32; // CALL_*
  count: u32; // entries
  deadline: u64; // on the machine's clock, or NEVER
  target: u64; // address of the PI futex that a requeue goes to, or of futex_waitv's list
  isLarge: u32; // in whole pages, not in a slab
  targetFlags: u32;
}

/** A task in the queue of an rt mutex (rt_mutex_waiter). */
@unmanaged
export class RtWaiter {
  task: u32;
  mutex: u32; // RtMutex, 0 = in none
  next: u32; // by priority, then by age
  priority: u32; // the effective one it was put in with
}

export const ENTRIES_AT: u32 = offsetof<FutexCall>() + offsetof<RtWaiter>();
const ENTRY_STRIDE: u32 = (offsetof<Entry>() + 7) & ~7;
const LARGEST_SLAB: u32 = 2048;

@inline
export function callAt(address: u64): FutexCall {
  return changetype<FutexCall>(address as usize);
}

@inline
export function taskOn(cpu: Cpu): Task {
  return changetype<Task>(cpu.task as usize);
}

@inline
export function waiterOf(call: FutexCall): RtWaiter {
  return changetype<RtWaiter>(changetype<usize>(call) + offsetof<FutexCall>());
}

@inline
export function entryOf(call: FutexCall, index: u32 = 0): Entry {
  return entryAt((changetype<usize>(call) as u32) + ENTRIES_AT + index * ENTRY_STRIDE);
}

/** The mutex of the state that a waiter's first entry has, of which the state is the beginning. */
export function mutexAwaited(waiter: RtWaiter): u32 {
  return entryAt((changetype<usize>(waiter) as u32) + offsetof<RtWaiter>()).piState;
}

/** A zeroed call of the CPU's task with so many entries; 0 when RAM is full. */
export function newCall(cpu: Cpu, kind: u32, count: u32): usize {
  takeSignal(taskOn(cpu)); // one that came before the call was handled before it
  const bytes = ENTRIES_AT + count * ENTRY_STRIDE;
  const isLarge: u32 = bytes > LARGEST_SLAB ? 1 : 0;
  const address = isLarge != 0 ? kmalloc(bytes) : slabAlloc(bytes);
  if (address == 0) return 0;
  const call = changetype<FutexCall>(address);
  call.kind = kind;
  call.count = count;
  call.isLarge = isLarge;
  call.deadline = NEVER;
  for (let index: u32 = 0; index < count; index++) entryOf(call, index).task = cpu.task;
  waiterOf(call).task = cpu.task;
  taskOn(cpu).futexCall = address as u32;
  return address;
}

/** The call is over: its result. */
export function endCall(call: FutexCall, result: i32): i32 {
  const address = changetype<usize>(call);
  changetype<Task>(waiterOf(call).task as usize).futexCall = 0;
  if (call.isLarge != 0) kfree(address);
  else slabFree(address);
  return result;
}

@inline
function wokenOf(task: Task): usize {
  return changetype<usize>(task) + offsetof<Task>("woken");
}

/** set_current_state: before the task is queued, so that no wake is lost. */
export function beAboutToSleep(task: Task): void {
  storeShared(wokenOf(task), 0);
}

export function wakeTask(task: Task): void {
  storeShared(wokenOf(task), 1);
  if (THREADS) atomic.notify(wokenOf(task), -1);
}

/** True where a sleep is over before it began: woken already, a signal came, or the end time has passed. */
export function needNotSleep(task: Task, call: FutexCall): bool {
  return loadShared(wokenOf(task)) != 0 || signalPending(task) || hasPassed(call.deadline);
}

/** The task leaves the CPU until it is woken or its time is up. */
export function sleepIn(task: Task, call: FutexCall): i32 {
  task.blockedOn = WAIT_FUTEX;
  task.wait0 = changetype<usize>(call);
  task.wakeAt = call.deadline == NEVER ? 0 : call.deadline;
  return BLOCKED;
}

export function endSleep(task: Task): void {
  task.blockedOn = 0;
  task.wakeAt = 0;
}
