import { loadShared } from "../base/atomics";
import { BLOCKED, EFAULT, EINTR, EINVAL, ESRCH, ETIMEDOUT } from "../base/errno";
import { beAboutToSleep, endSleep } from "../futex/call";
import { hasPassed } from "../futex/time";
import { Cpu } from "../machine/cpu";
import { signalPending, takeSignal } from "../mm/signal";
import { Task } from "../mm/task";
import { getSized } from "../uaccess/sized";
import { WAIT_UMCG, wakeUmcg } from "./control";
import { UMCG_RUNNING } from "./state";
import { unlockWorker, workerTimesOut } from "./transitions";
import { nextTidOf, readWord, stateIn } from "./word";

/**
 * umcg_idle_loop (kernel/sched/umcg.c, v0.6 and v0.7): a task sleeps until its word says RUNNING. A worker may not run without a
 * server, so of the signals only a fatal one ends that; others are flushed.
 *
 *   Task.blockedOn   WAIT_UMCG
 *   Task.wakeAt      end time on the machine's clock, 0 = none
 *   Task.wait1       STEP_*
 */

/**
 * umcg_wait (T5) up to its sleep: a worker's LOCKED is taken back, and who is named as the next to run is woken (T4). 0,
 * BLOCKED, −errno.
 */
export function umcgWait(cpu: Cpu, task: Task, deadline: u64, steps: u32): i32 {
  if (task.umcg == 0) return -EINVAL;
  if (getSized(cpu, nextTidOf(task), 4) != 0) return -EFAULT;
  const next = cpu.value as u32;
  if (task.umcgWorker != 0 && !unlockWorker(cpu, task, steps)) return -EFAULT;
  if (next != 0 && !wakeUmcg(next)) return -ESRCH;
  return idleLoop(cpu, task, deadline, steps);
}

/** 0 for a task that runs already, BLOCKED, −ETIMEDOUT, −EFAULT, −EINTR. */
function idleLoop(cpu: Cpu, task: Task, deadline: u64, steps: u32): i32 {
  beAboutToSleep(task);
  const result = isRunning(cpu, task, steps);
  if (result != NOT_RUNNING) return result;
  task.wakeAt = deadline;
  task.wait1 = steps;
  task.blockedOn = WAIT_UMCG;
  return mayGoOn(task) ? resumeIdle(cpu) : BLOCKED;
}

/** Not an errno. */
const NOT_RUNNING: i32 = 1;

function isRunning(cpu: Cpu, task: Task, steps: u32): i32 {
  if (readWord(cpu, task, steps) != 0) return -EFAULT;
  return stateIn(task, cpu.value) == UMCG_RUNNING ? 0 : NOT_RUNNING;
}

function isLate(task: Task): bool {
  return task.wakeAt != 0 && hasPassed(task.wakeAt);
}

function mayGoOn(task: Task): bool {
  if (loadShared(changetype<usize>(task) + offsetof<Task>("woken")) != 0) return true;
  return signalPending(task) || isLate(task);
}

/** The second half. The time is looked at before the word: a worker comes back only where that says RUNNING. */
export function resumeIdle(cpu: Cpu): i32 {
  const task = changetype<Task>(cpu.task as usize);
  if (task.blockedOn != WAIT_UMCG) return -EINVAL;
  if (!mayGoOn(task)) return BLOCKED;
  const late = isLate(task);
  const deadline = task.wakeAt;
  const steps = task.wait1 as u32;
  endSleep(task);
  if (late) return task.umcgWorker != 0 ? workerTimesOut(cpu, task, steps) : -ETIMEDOUT;
  const result = isRunning(cpu, task, steps);
  if (result != NOT_RUNNING) return result;
  if (task.killed != 0) return -EINTR;
  takeSignal(task);
  return idleLoop(cpu, task, deadline, steps);
}
