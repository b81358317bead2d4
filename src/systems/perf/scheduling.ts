/** Tasks that leave their CPU and come back, and timers that run off, as events see them (kernel/sched/, 6.18). */

import type { PerfTask } from "./perfTask.ts";
import { recordSwitch } from "./sideBand.ts";

/** Switches of kernel threads while a task sleeps: somebody has to look after the timer. */
const KERNEL_SWITCHES = 2;

/** The task sleeps: it leaves the CPU, kernel threads come and go, and it comes back. */
export function sleep(task: PerfTask, nanoseconds: bigint): void {
  const { machine, cpu, handle } = task.task;
  switchOut(task);
  machine.exports.runTask(cpu, 0);
  for (let count = 0; count < KERNEL_SWITCHES; count++) countSwitch(task);
  if (nanoseconds > 0n) machine.advanceClock(nanoseconds);
  machine.exports.runTask(cpu, handle);
  recordSwitch(task, false);
}

function switchOut(task: PerfTask): void {
  countSwitch(task);
  recordSwitch(task, true);
}

/**
 * Whoever runs on the CPU leaves it; the scheduler's own registers are what the sample has, of which
 * perf_fetch_caller_regs leaves the stack segment out.
 */
function countSwitch({ task, kernelFrame }: PerfTask): void {
  const number = task.machine.constant("SW_CONTEXT_SWITCHES");
  const entered = kernelFrame.get("ss");
  kernelFrame.set("ss", 0n);
  task.machine.exports.perfSoftware(task.cpu, number, 0, 0, kernelFrame.address);
  kernelFrame.set("ss", entered);
}

/** The program computes for a while: the clocks' timers interrupt it every `period`. */
export function spin(task: PerfTask, nanoseconds: bigint, period: bigint): void {
  const { machine, cpu } = task.task;
  for (let done = 0n; done + period <= nanoseconds; done += period) {
    machine.advanceClock(period);
    for (const clock of ["SW_CPU_CLOCK", "SW_TASK_CLOCK"] as const) {
      machine.exports.perfClock(cpu, machine.constant(clock), task.frame.address);
    }
  }
}
