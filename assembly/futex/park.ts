import { loadShared, waitOnWord } from "../base/atomics";
import { BLOCKED, EINTR } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { signalPending } from "../mm/signal";
import { Task } from "../mm/task";
import { checkClosedAtSleep } from "../uaccess/block";
import { hasPassed } from "./time";
import { taskOn } from "./call";
import { returnToProgram } from "./restart";
import { resumeFutex } from "./resume";

/**
 * How a sleeping task waits in the threads build: its worker leaves the core, so that nobody waits for it there, and
 * parks on Task.woken. In the other builds one thread runs many tasks, and the host goes on with another.
 */

/** The clock is virtual: whoever moves it wakes no worker, so that one with a time limit looks at it now and then. */
const NAP_NANOSECONDS: i64 = 1_000_000;

@inline
function mayGoOn(task: Task): bool {
  if (loadShared(changetype<usize>(task) + offsetof<Task>("woken")) != 0) return true;
  if (signalPending(task)) return true;
  return task.wakeAt != 0 && hasPassed(task.wakeAt);
}

/** Waits until the CPU's task may go on, through at most `naps` naps: false where it may not yet. */
export function park(cpu: Cpu, naps: u32): bool {
  const task = taskOn(cpu);
  checkClosedAtSleep(cpu);
  leaveCore(cpu);
  const woken = changetype<usize>(task) + offsetof<Task>("woken");
  let over = mayGoOn(task);
  for (let nap: u32 = 0; THREADS && !over && nap < naps; nap++) {
    waitOnWord(woken, 0, NAP_NANOSECONDS);
    over = mayGoOn(task);
  }
  enterCore(cpu);
  return over;
}

/** A call to its end, however often it sleeps: its result; −EINTR where nobody wakes it in so many naps. */
export function toItsEnd(cpu: Cpu, answer: i32, naps: u32): i32 {
  let result = returnToProgram(cpu, answer);
  while (result == BLOCKED) {
    if (!park(cpu, naps)) return -EINTR;
    result = returnToProgram(cpu, resumeFutex(cpu));
  }
  return result;
}
