import { BLOCKED, EPERM, ESRCH } from "../base/errno";
import { Cpu, cpuAt } from "../machine/cpu";
import { header } from "../machine/map";
import { leaveCore } from "../mm/shootdown";
import { sysFutexRequeue, sysFutexWait, sysFutexWaitv, sysFutexWake } from "../futex/futex2";
import { getRobustList as readRobustList, setRobustList as takeRobustList } from "../futex/robust";
import { buryCpu as buryDeadCpu } from "../futex/bury";
import { park } from "../futex/park";
import { returnToProgram } from "../futex/restart";
import { resumeFutex } from "../futex/resume";
import { changePriority } from "../futex/rtMutex";
import { sysFutex } from "../futex/syscall";
import { Task } from "../mm/task";
import { checkClosedAtReturn, checkClosedAtSleep } from "../uaccess/block";
import { WAIT_UMCG } from "../umcg/control";
import { resumeIdle } from "../umcg/idle";
import { loseReservations as loseReservationsOf } from "../uaccess/exclusive";
import { enter } from "./entry";
import { wide } from "./tasks";

/**
 * The futex calls of the task that runs on a CPU. Addresses and 64-bit numbers come as (low, high) halves. Each answers
 * as the kernel does, or BLOCKED: the task sleeps then, and `resumeTask` goes on once it may.
 */

/** A call that went to sleep leaves the CPU as one that returns does: with the guard closed. */
function leave(cpu: Cpu, answer: i32): i32 {
  const result = returnToProgram(cpu, answer);
  if (result == BLOCKED) checkClosedAtSleep(cpu);
  else checkClosedAtReturn(cpu);
  leaveCore(cpu);
  return result;
}

/** futex; `timeout` is a pointer or, for some commands, a count. */
export function futex(
  index: u32,
  lo: u32,
  hi: u32,
  op: u32,
  value: u32,
  timeoutLo: u32,
  timeoutHi: u32,
  lo2: u32,
  hi2: u32,
  value3: u32,
): i32 {
  const cpu = enter(index);
  const timeout = wide(timeoutLo, timeoutHi);
  return leave(cpu, sysFutex(cpu, wide(lo, hi), op, value, timeout, wide(lo2, hi2), value3));
}

/** futex_waitv. */
export function futexWaitv(
  index: u32,
  listLo: u32,
  listHi: u32,
  count: u32,
  flags: u32,
  timeoutLo: u32,
  timeoutHi: u32,
  clock: u32,
): i32 {
  const cpu = enter(index);
  const timeout = wide(timeoutLo, timeoutHi);
  return leave(cpu, sysFutexWaitv(cpu, wide(listLo, listHi), count, flags, timeout, clock));
}

/** futex_wake. */
export function futexWake(
  index: u32,
  lo: u32,
  hi: u32,
  maskLo: u32,
  maskHi: u32,
  count: i32,
  flags: u32,
): i32 {
  const cpu = enter(index);
  return leave(cpu, sysFutexWake(cpu, wide(lo, hi), wide(maskLo, maskHi), count, flags));
}

/** futex_wait. */
export function futexWait(
  index: u32,
  lo: u32,
  hi: u32,
  valueLo: u32,
  valueHi: u32,
  maskLo: u32,
  maskHi: u32,
  flags: u32,
  timeoutLo: u32,
  timeoutHi: u32,
  clock: u32,
): i32 {
  const cpu = enter(index);
  const value = wide(valueLo, valueHi);
  const mask = wide(maskLo, maskHi);
  const timeout = wide(timeoutLo, timeoutHi);
  return leave(cpu, sysFutexWait(cpu, wide(lo, hi), value, mask, flags, timeout, clock));
}

/** futex_requeue. */
export function futexRequeue(
  index: u32,
  pairLo: u32,
  pairHi: u32,
  flags: u32,
  wake: i32,
  requeue: i32,
): i32 {
  const cpu = enter(index);
  return leave(cpu, sysFutexRequeue(cpu, wide(pairLo, pairHi), flags, wake, requeue));
}

/** The second half of any of these, or of umcg_wait. */
export function futexResume(index: u32): i32 {
  const cpu = enter(index);
  const kind = changetype<Task>(cpu.task as usize).blockedOn;
  return leave(cpu, kind == WAIT_UMCG ? resumeIdle(cpu) : resumeFutex(cpu));
}

/** study: the futex in a design that loses wakes (COUNTS_LATE), for whoever wants to see that be found. */
export function setFutexDesign(design: u32): void {
  if (STUDY) header().futexDesign = design;
}

/** set_robust_list. */
export function setRobustList(index: u32, lo: u32, hi: u32, lengthLo: u32, lengthHi: u32): i32 {
  return takeRobustList(cpuAt(index), wide(lo, hi), wide(lengthLo, lengthHi));
}

/** get_robust_list of `target` (0 = no such task): 0, −ESRCH, −EPERM, −EFAULT. */
export function getRobustList(
  index: u32,
  target: u32,
  headLo: u32,
  headHi: u32,
  lengthLo: u32,
  lengthHi: u32,
): i32 {
  if (target == 0) return -ESRCH;
  const cpu = enter(index);
  const other = changetype<Task>(target as usize);
  const own = changetype<Task>(cpu.task as usize);
  if (own.privileged == 0 && own.uid != other.uid) return leave(cpu, -EPERM);
  return leave(cpu, readRobustList(cpu, other, wide(headLo, headHi), wide(lengthLo, lengthHi)));
}

/** set_tid_address: the clear-child-tid word of the CPU's task; its number. */
export function setTidAddress(index: u32, lo: u32, hi: u32): i32 {
  const task = changetype<Task>(cpuAt(index).task as usize);
  task.clearChildTid = wide(lo, hi);
  return task.id;
}

/** sched_setscheduler: SCHED_FIFO with a priority of 1 to 99, or normal with 0. */
export function setPriority(index: u32, task: u32, priority: u32): void {
  changePriority(cpuAt(index), changetype<Task>(task as usize), priority);
}

/** Makes a task one of the kernel's own, which owns no user lock. */
export function makeKernelThread(task: u32): void {
  changetype<Task>(task as usize).kernelThread = 1;
}

/** The number of the next task, as the program that writes to ns_last_pid chooses it. */
export function setNextTaskId(id: u32): void {
  header().nextTaskId = id - 1;
}

/** The CPU's next `count` store-exclusives fail, as if another CPU had written to the line. */
export function loseReservations(index: u32, count: u32): void {
  loseReservationsOf(cpuAt(index), count);
}

/**
 * threads: the worker of the CPU's sleeping task waits until that may go on, or for so many milliseconds: 1 or 0. The
 * other builds do not wait.
 */
export function futexPark(index: u32, milliseconds: u32): u32 {
  const cpu = enter(index);
  const over = park(cpu, milliseconds);
  leaveCore(cpu);
  return over ? 1 : 0;
}

/**
 * threads: the thread of a CPU has ended, wherever it was. Another one, which serves CPU 0, gives back what it held: 0,
 * and its task is ready to be ended; else the address space that it died in the middle of changing, which stays locked.
 */
export function buryCpu(index: u32): u32 {
  return THREADS ? buryDeadCpu(cpuAt(0), cpuAt(index)) : 0;
}
