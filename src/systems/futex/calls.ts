import type { CoreExports } from "../../core/exports.ts";
import { halves, type Address } from "../../machine/address.ts";
import type { Task } from "../../machine/task.ts";

/**
 * The futex system calls of a task, as numbers in and a number out: what the kernel answers, −errno, or BLOCKED where
 * the task sleeps in it (`task.blocked`; `task.resume()` goes on once `task.canResume`).
 */

/** futex(2); `timeout` is a pointer, or a count for the commands that have two. */
export interface FutexArguments {
  readonly address: Address;
  /** Command and its bits. */
  readonly op: number;
  readonly value: number;
  readonly timeout?: Address;
  readonly address2?: Address;
  readonly value3?: number;
}

/** A system call with its arguments: what is left is to make it, through the exports of the task's core. */
export type SystemCall = (core: CoreExports) => number;

/** futex, by the task that runs on its CPU from now on. */
export function futexCall(task: Task, call: FutexArguments): SystemCall {
  const { machine, cpu } = onCpu(task);
  const first = machine.word(call.address, "address");
  const timeout = halves(call.timeout ?? 0, "timeout");
  const second = machine.word(call.address2 ?? 0, "address2");
  const { op, value, value3 = 0 } = call;
  return (core) =>
    core.futex(
      cpu,
      first.lo,
      first.hi,
      op,
      value,
      timeout.lo,
      timeout.hi,
      second.lo,
      second.hi,
      value3,
    );
}

/** futex. */
export function futex(task: Task, call: FutexArguments): number {
  return futexCall(task, call)(task.machine.exports);
}

/** What futex_waitv is given. */
export interface WaitvArguments {
  readonly list: Address;
  readonly count: number;
  readonly flags: number;
  readonly timeout: Address;
  readonly clock: number;
}

/** futex_waitv, by the task that runs on its CPU from now on. */
export function waitvCall(task: Task, call: WaitvArguments): SystemCall {
  const { machine, cpu } = onCpu(task);
  const at = machine.word(call.list, "list");
  const end = machine.word(call.timeout, "timeout");
  const { count, flags, clock } = call;
  return (core) => core.futexWaitv(cpu, at.lo, at.hi, count, flags, end.lo, end.hi, clock);
}

/** futex_waitv: the index of a word that was woken. */
export function futexWaitv(task: Task, call: WaitvArguments): number {
  return waitvCall(task, call)(task.machine.exports);
}

/** futex_wake: how many were woken. */
export function futexWake(
  task: Task,
  address: Address,
  mask: Address,
  count: number,
  flags: number,
): number {
  const { machine, cpu } = onCpu(task);
  const at = machine.word(address, "address");
  const bits = halves(mask, "mask");
  return machine.exports.futexWake(cpu, at.lo, at.hi, bits.lo, bits.hi, count, flags);
}

/** What futex_wait is given. */
export interface WaitArguments {
  readonly address: Address;
  readonly value: Address;
  readonly mask: Address;
  readonly flags: number;
  readonly timeout: Address;
  readonly clock: number;
}

/** futex_wait. */
export function futexWait(task: Task, call: WaitArguments): number {
  const { machine, cpu } = onCpu(task);
  const at = machine.word(call.address, "address");
  const value = halves(call.value, "value");
  const mask = halves(call.mask, "mask");
  const end = machine.word(call.timeout, "timeout");
  return machine.exports.futexWait(
    cpu,
    at.lo,
    at.hi,
    value.lo,
    value.hi,
    mask.lo,
    mask.hi,
    call.flags,
    end.lo,
    end.hi,
    call.clock,
  );
}

/** futex_requeue of a pair of waiters: how many were woken or moved. */
export function futexRequeue(
  task: Task,
  pair: Address,
  flags: number,
  wake: number,
  requeue: number,
): number {
  const { machine, cpu } = onCpu(task);
  const at = machine.word(pair, "pair");
  return machine.exports.futexRequeue(cpu, at.lo, at.hi, flags, wake, requeue);
}

/** set_robust_list: 0 or −EINVAL. */
export function setRobustList(task: Task, head: Address, length: Address): number {
  const { machine, cpu } = onCpu(task);
  const at = machine.word(head, "head");
  const bytes = halves(length, "length");
  return machine.exports.setRobustList(cpu, at.lo, at.hi, bytes.lo, bytes.hi);
}

/** get_robust_list of a task, which stores head and length: 0 or −errno. */
export function getRobustList(task: Task, of: Task, headAt: Address, lengthAt: Address): number {
  const { machine, cpu } = onCpu(task);
  const head = machine.word(headAt, "headAt");
  const length = machine.word(lengthAt, "lengthAt");
  const target = of.handleOn(machine);
  return machine.exports.getRobustList(cpu, target, head.lo, head.hi, length.lo, length.hi);
}

/** set_tid_address: the task's number. */
export function setTidAddress(task: Task, address: Address): number {
  const { machine, cpu } = onCpu(task);
  const at = machine.word(address, "address");
  return machine.exports.setTidAddress(cpu, at.lo, at.hi);
}

/** sched_setscheduler: SCHED_FIFO with a priority of 1 to 99, or normal with 0. */
export function setPriority(task: Task, priority: number): void {
  task.machine.exports.setPriority(task.cpu, task.handle, priority);
}

/** The real-time priority that a task has now, with what waiters for its locks lend it; 0 = normal. */
export function effectivePriority({ machine, handle }: Task): number {
  return machine.bytes[handle + machine.constant("TASK_BOOSTED")]!;
}

/** The calls are those of the task that runs on the CPU. */
function onCpu(task: Task): Task {
  task.runOn(task.cpu);
  return task;
}
