import { UsageError } from "../../base/errors.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import type { Task } from "../../machine/task.ts";

/** A call on a PCM file in which a task sleeps. */
export interface PcmSleep {
  /** The file whose call it is; it may sleep on the queue of another one that it is linked with. */
  readonly file: object;
  /** The request as the kernel names it, or the system call. */
  readonly name: string;
  /** What the call makes of its second half's answer. */
  readonly settle: (answer: number) => number;
}

/** The calls that tasks sleep in, by the task's number: what is to be made of an answer only the host knows. */
const machines = new WeakMap<CoreMemory, Map<number, PcmSleep>>();

function sleepsOn(machine: CoreMemory): Map<number, PcmSleep> {
  const sleeps = machines.get(machine) ?? new Map<number, PcmSleep>();
  machines.set(machine, sleeps);
  return sleeps;
}

/** The record of the task that a CPU runs, awake or asleep; 0 = none. */
function taskOn(machine: CoreMemory, cpu: number): number {
  const record = machine.header("HEADER_CPUS") + cpu * machine.constant("CPU_BYTES");
  return machine.words[(record + machine.constant("CPU_TASK")) >>> 2]!;
}

function taskField(machine: CoreMemory, task: number, name: ConstantName): number {
  return machine.words[(task + machine.constant(name)) >>> 2]!;
}

/** Whoever runs on the opener's CPU makes the file's calls: it may be another thread of the program. */
export function fellAsleep({ machine, cpu }: Task, sleep: PcmSleep): void {
  sleepsOn(machine).set(taskField(machine, taskOn(machine, cpu), "TASK_ID"), sleep);
}

export function awoke({ machine, id }: Task): void {
  sleepsOn(machine).delete(id);
}

/** A task has one continuation, so while it sleeps it makes no other call. @throws UsageError */
export function requireAwake({ machine, cpu }: Task): void {
  const caller = taskOn(machine, cpu);
  if (caller === 0 || taskField(machine, caller, "TASK_BLOCKED_ON") === 0) return;
  const sleep = sleepsOn(machine).get(taskField(machine, caller, "TASK_ID"));
  throw new UsageError({
    argument: "task",
    problem: `sleeps in ${sleep?.name ?? "a system call"}`,
    valid: "finish() of the file that it sleeps in",
  });
}

/** The call of a file that a task sleeps in. @throws UsageError where it sleeps in none, or in one of another file */
export function sleepIn(task: Task, file: object): PcmSleep {
  const sleep = task.blocked ? sleepsOn(task.machine).get(task.id) : undefined;
  if (sleep?.file === file) return sleep;
  const asleep = sleep === undefined ? "a system call" : `${sleep.name} of another file`;
  throw new UsageError({
    argument: "task",
    problem: task.blocked ? `sleeps in ${asleep}` : "does not sleep",
    valid: "a task that sleeps in a call of this file, which answered pcmBlocked",
  });
}
