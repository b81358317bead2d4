import { UsageError } from "../../base/errors.ts";
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

/** The call that each task fell asleep in last: what is to be made of its answer only the host knows. */
const sleeps = new WeakMap<Task, PcmSleep>();

export function fellAsleep(task: Task, sleep: PcmSleep): void {
  sleeps.set(task, sleep);
}

/**
 * A task has one continuation, so while it sleeps it makes no other call. Where another task was put on its CPU, the
 * call is that one's. @throws UsageError
 */
export function requireAwake(task: Task): void {
  if (!task.blocked || !task.isOnCpu) return;
  throw new UsageError({
    argument: "task",
    problem: `sleeps in ${sleeps.get(task)?.name ?? "a system call"}`,
    valid: "finish() of the file that it sleeps in",
  });
}

/** The call of a file that its task sleeps in. @throws UsageError where it sleeps in none, or in one of another file */
export function sleepIn(task: Task, file: object): PcmSleep {
  const sleep = task.blocked ? sleeps.get(task) : undefined;
  if (sleep?.file === file) return sleep;
  const asleep = sleep === undefined ? "a system call" : `${sleep.name} of another file`;
  throw new UsageError({
    argument: "task",
    problem: task.blocked ? `sleeps in ${asleep}` : "does not sleep",
    valid: "a task that sleeps in a call of this file, which answered pcmBlocked",
  });
}
