import { EDEADLK } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { HEADER, Header, header } from "../machine/map";
import { Task } from "../mm/task";
import { releaseLock, takeLock } from "./bucket";
import { RtWaiter, mutexAwaited, wakeTask } from "./call";

/**
 * Mutexes with priority inheritance (kernel/locking/rtmutex.c, rtmutex_api.c, 6.18), as far as the futex uses them. One
 * lock stands for the kernel's many (each mutex's, each task's pi_lock): chains then need no careful dance to walk.
 *
 *   Task.rtWaiter ─▶ RtWaiter.mutex ─▶ RtMutex.holder ─▶ Task …        whom a task waits for
 *   Task.heldMutexes ─▶ RtMutex.nextHeld ─▶ …                          what lends it their priority
 */
@unmanaged
export class RtMutex {
  holder: u32; // Task, 0 = free
  top: u32; // RtWaiter: by effective priority, then by age
  nextHeld: u32;
}

/** Tasks in a chain beyond which the kernel gives up (max_lock_depth). */
const LONGEST_CHAIN: u32 = 1024;

export function lockRt(cpu: Cpu): void {
  takeLock(cpu, HEADER + offsetof<Header>("rtLock"));
}

export function unlockRt(): void {
  releaseLock(HEADER + offsetof<Header>("rtLock"));
}

@inline
function taskAt(address: u32): Task {
  return changetype<Task>(address as usize);
}

@inline
function addressOfTask(task: Task): u32 {
  return changetype<usize>(task) as u32;
}

@inline
function mutexAt(address: u32): RtMutex {
  return changetype<RtMutex>(address as usize);
}

@inline
function addressOfMutex(mutex: RtMutex): u32 {
  return changetype<usize>(mutex) as u32;
}

@inline
export function waiterAt(address: u32): RtWaiter {
  return changetype<RtWaiter>(address as usize);
}

@inline
function addressOfWaiter(waiter: RtWaiter): u32 {
  return changetype<usize>(waiter) as u32;
}

/** Puts a waiter behind its equals, with its task's present priority. */
function enqueue(mutex: RtMutex, waiter: RtWaiter): void {
  waiter.priority = taskAt(waiter.task).boosted;
  waiter.mutex = addressOfMutex(mutex);
  let before: u32 = 0;
  let at = mutex.top;
  while (at != 0 && waiterAt(at).priority >= waiter.priority) {
    before = at;
    at = waiterAt(at).next;
  }
  waiter.next = at;
  if (before == 0) mutex.top = addressOfWaiter(waiter);
  else waiterAt(before).next = addressOfWaiter(waiter);
}

function dequeue(mutex: RtMutex, waiter: RtWaiter): void {
  const address = addressOfWaiter(waiter);
  if (mutex.top == address) mutex.top = waiter.next;
  else {
    let at = mutex.top;
    while (waiterAt(at).next != address) at = waiterAt(at).next;
    waiterAt(at).next = waiter.next;
  }
  waiter.mutex = 0;
}

/** rt_mutex_adjust_prio: a task has the highest of its own priority and of those who wait first for what it holds. */
function adjust(task: Task): void {
  let highest: u32 = task.priority;
  for (let at = task.heldMutexes; at != 0; at = mutexAt(at).nextHeld) {
    const top = mutexAt(at).top;
    if (top != 0) highest = max<u32>(highest, waiterAt(top).priority);
  }
  task.boosted = highest as u8;
}

/** After a task's priority may have changed: its place in a queue, and so the next holder's priority, follow. */
export function settle(task: Task): void {
  for (let depth: u32 = 0; depth < LONGEST_CHAIN; depth++) {
    adjust(task);
    if (task.rtWaiter == 0) return;
    const waiter = waiterAt(task.rtWaiter);
    if (waiter.priority == task.boosted) return;
    const holder = reorder(waiter);
    if (holder == 0) return;
    task = taskAt(holder);
  }
}

/** Takes a waiter out and puts it in again; the mutex's holder, or 0 after waking who may take the free one. */
function reorder(waiter: RtWaiter): u32 {
  const mutex = mutexAt(waiter.mutex);
  dequeue(mutex, waiter);
  enqueue(mutex, waiter);
  if (mutex.holder == 0) wakeTask(taskAt(waiterAt(mutex.top).task));
  return mutex.holder;
}

/** The task is from now on who holds the mutex. */
export function setHolder(mutex: RtMutex, task: Task): void {
  mutex.holder = addressOfTask(task);
  mutex.nextHeld = task.heldMutexes;
  task.heldMutexes = addressOfMutex(mutex);
  adjust(task);
}

/** The mutex is free; what its waiters lent goes back. */
export function clearHolder(mutex: RtMutex): void {
  const task = taskAt(mutex.holder);
  mutex.holder = 0;
  const address = addressOfMutex(mutex);
  if (task.heldMutexes == address) task.heldMutexes = mutex.nextHeld;
  else {
    let at = task.heldMutexes;
    while (mutexAt(at).nextHeld != address) at = mutexAt(at).nextHeld;
    mutexAt(at).nextHeld = mutex.nextHeld;
  }
  settle(task);
}

/**
 * try_to_take_rt_mutex: takes a free mutex for a task that is the first to wait, or stands above who is. `waiter` is
 * its place in the queue; one that is not in the queue yet has a mutex of 0.
 */
export function tryToTake(mutex: RtMutex, task: Task, waiter: RtWaiter): bool {
  if (mutex.holder != 0) return false;
  const top = mutex.top;
  const first = top == 0 || top == addressOfWaiter(waiter);
  if (!first && task.boosted <= waiterAt(top).priority) return false;
  if (waiter.mutex != 0) {
    dequeue(mutex, waiter);
    task.rtWaiter = 0;
  }
  setHolder(mutex, task);
  return true;
}

/** What starting to wait came to. */
export const TAKEN: i32 = 1;

/**
 * rt_mutex_start_proxy_lock: takes the mutex for a task, or puts the task into its queue. TAKEN, 0, or −EDEADLK where
 * the task would wait for itself; it is then in no queue.
 */
export function startToWait(mutex: RtMutex, task: Task, waiter: RtWaiter): i32 {
  if (tryToTake(mutex, task, waiter)) return TAKEN;
  if (mutex.holder == addressOfTask(task)) return -EDEADLK;
  enqueue(mutex, waiter);
  task.rtWaiter = addressOfWaiter(waiter);
  const result = mutex.holder == 0 ? 0 : followChain(mutex, task);
  if (result != 0) stopWaiting(mutex, task, waiter);
  return result;
}

/**
 * rt_mutex_adjust_prio_chain for a task that has just been queued: lends its priority along the chain of holders, until
 * that ends, or comes back to the mutex or to the task. What was lent before that is seen is taken back later: it has
 * put waiters behind their equals by then.
 */
function followChain(mutex: RtMutex, task: Task): i32 {
  let holder = taskAt(mutex.holder);
  adjust(holder);
  for (let depth: u32 = 0; depth < LONGEST_CHAIN; depth++) {
    if (holder.rtWaiter == 0) return 0;
    const waiter = waiterAt(holder.rtWaiter);
    const next = mutexAt(waiter.mutex);
    if (next == mutex || next.holder == addressOfTask(task)) return -EDEADLK;
    if (waiter.priority != holder.boosted) reorder(waiter);
    if (next.holder == 0) return 0;
    holder = taskAt(next.holder);
    adjust(holder);
  }
  return -EDEADLK;
}

/** remove_waiter: the task no longer waits. A free mutex is then offered to who is first now. */
export function stopWaiting(mutex: RtMutex, task: Task, waiter: RtWaiter): void {
  const wasFirst = mutex.top == addressOfWaiter(waiter);
  dequeue(mutex, waiter);
  task.rtWaiter = 0;
  if (mutex.holder != 0) settle(taskAt(mutex.holder));
  else if (wasFirst && mutex.top != 0) wakeTask(taskAt(waiterAt(mutex.top).task));
}

/**
 * rt_mutex_cleanup_proxy_lock, after waiting came to nothing: a last try, then out of the queue. True where the mutex
 * was got after all, or had been.
 */
export function giveUpWaiting(mutex: RtMutex, task: Task, waiter: RtWaiter): bool {
  if (tryToTake(mutex, task, waiter)) return true;
  if (mutex.holder == addressOfTask(task)) return true;
  if (waiter.mutex != 0) stopWaiting(mutex, task, waiter);
  return false;
}

/** rt_mutex_futex_trylock: never steals from who was there before. */
export function tryLock(mutex: RtMutex, task: Task): bool {
  if (mutex.holder != 0 || mutex.top != 0) return false;
  setHolder(mutex, task);
  return true;
}

/** rt_mutex_futex_unlock: frees the mutex and wakes who is first, who takes it when it runs. */
export function unlockMutex(mutex: RtMutex): void {
  if (mutex.holder != 0) clearHolder(mutex);
  if (mutex.top != 0) wakeTask(taskAt(waiterAt(mutex.top).task));
}

/**
 * The lock's holder has died in the middle of a change: no task holds a mutex that is not its own, each that waits stands
 * in its queue, and who may take a free mutex knows.
 */
export function mendRt(): void {
  for (let at = header().tasks; at != 0; at = taskAt(at).next) dropForeignMutexes(taskAt(at));
  for (let at = header().tasks; at != 0; at = taskAt(at).next) mendWaiter(taskAt(at));
  for (let at = header().tasks; at != 0; at = taskAt(at).next) settle(taskAt(at));
}

function dropForeignMutexes(task: Task): void {
  let before: u32 = 0;
  for (let at = task.heldMutexes; at != 0; at = mutexAt(at).nextHeld) {
    if (mutexAt(at).holder == addressOfTask(task)) before = at;
    else if (before == 0) task.heldMutexes = mutexAt(at).nextHeld;
    else mutexAt(before).nextHeld = mutexAt(at).nextHeld;
  }
}

function mendWaiter(task: Task): void {
  if (task.rtWaiter == 0) return;
  const waiter = waiterAt(task.rtWaiter);
  const mutex = mutexAt(mutexAwaited(waiter));
  let at = mutex.top;
  while (at != 0 && at != addressOfWaiter(waiter)) at = waiterAt(at).next;
  if (at == 0) enqueue(mutex, waiter);
  if (mutex.holder == 0) wakeTask(taskAt(waiterAt(mutex.top).task));
}

/** sched_setscheduler: a task's own priority; what it lends and where it waits follow. */
export function changePriority(cpu: Cpu, task: Task, priority: u32): void {
  lockRt(cpu);
  task.priority = priority as u8;
  settle(task);
  unlockRt();
}
