import { Cpu } from "../machine/cpu";
import { spinLock, spinUnlock } from "../machine/held";
import { header } from "../machine/map";
import { Mm } from "./mm";

/** A user task: who runs on a CPU, in which address space, and what it sleeps in. */
@unmanaged
export class Task {
  id: u32;
  mm: u32;
  next: u32; // in the list of all tasks
  pagefaultDisabled: u32; // > 0: a fault must not be repaired
  oopsed: u32; // the kernel code running for it died in a bad access
  wordBytes: u32; // 4 for a 32-bit program on a 64-bit kernel
  tagged: u32; // arm64, RISC-V: the task may pass tagged pointers
  blockedOn: u32; // what kind of sleep its continuation belongs to; 0 = it runs
  amr: u64; // book3s/64: the user's own protection-key denials
  wakeAt: u64; // virtual nanoseconds at which a sleep gives up; 0 = never
  wait0: u64; // the continuation's own words
  wait1: u64;
  woken: u32;
  uid: u32; // all three user ids
  stackLimit: u64; // RLIMIT_STACK, soft
  privileged: u32; // it has all capabilities
  killed: u32; // a fatal signal is pending
  lock: u32; // alloc_lock: whoever changes `mm`, or takes hold of it for another task, holds it
  perf: u32; // PerfTask: how samples see it, 0 = they never do
  priority: u8; // real-time priority 1 … 99 that it was given; 0 = normal
  boosted: u8; // the one it has, with what waiters for its locks lend it
  exitState: u8; // EXIT_*: how far its futexes are cleaned up
  kernelThread: u8;
  rtWaiter: u32; // what it stands in an rt mutex's queue with (futex/rtMutex.ts)
  heldMutexes: u32; // rt mutexes it holds
  ownedStates: u32; // pi states it owns, the latest first
  robustList32: u32; // robust list of a 32-bit program on a 64-bit kernel
  robustList: u64; // address of its robust list's head; 0 = none
  clearChildTid: u64; // word to clear when it ends; 0 = none
  umcg: u64; // address of its struct umcg_task; 0 = it is none
  umcgWorker: u8; // it is a worker, not a server
  umcgVersion: u8; // of the patches, UMCG_VERSION_* (umcg/state.ts)
  umcgServer: u32; // number of the server whose pages are pinned beside its own; 0 = none are
  futexCall: u32; // the futex call that it is in, asleep or not (futex/call.ts); 0 = none
  signal: u32; // a signal is pending, fatal ones apart: HANDLER_* (mm/signal.ts)
  limitAt: u64; // where its futex call's time limit stands,
  limitSince: u32; // and what that counts from (futex/time.ts)
}

/** A task that ends is found as an owner until its locks are settled; afterwards it is no more. */
export const EXIT_ALIVE: u8 = 0;
export const EXIT_RUNS: u8 = 1;
export const EXIT_DONE: u8 = 2;

/** How large a stack the code that runs for a task may let grow. */
@inline
export function stackLimitOf(task: u32): u64 {
  return changetype<Task>(task as usize).stackLimit;
}

/** fatal_signal_pending, for the task on the CPU; a kernel thread gets no signals. */
export function fatalSignalPending(cpu: Cpu): bool {
  return cpu.task != 0 && changetype<Task>(cpu.task as usize).killed != 0;
}

@inline
export function mmOfTask(task: u32): Mm {
  return changetype<Mm>(changetype<Task>(task as usize).mm as usize);
}

/** task_lock. */
@inline
export function lockTask(task: Task): void {
  spinLock(changetype<usize>(task) + offsetof<Task>("lock"));
}

@inline
export function unlockTask(task: Task): void {
  spinUnlock(changetype<usize>(task) + offsetof<Task>("lock"));
}

/** find_task_by_vpid: the task of a number, among all processes; 0 = there is none. */
export function findTask(id: u32): u32 {
  let at = header().tasks;
  while (at != 0 && changetype<Task>(at as usize).id != id) at = changetype<Task>(at as usize).next;
  return at;
}
