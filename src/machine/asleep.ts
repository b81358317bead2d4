import { UsageError } from "../base/errors.ts";
import type { Task } from "./task.ts";

/** Whether a task may begin a system call, or finish one. */

/** Who sleeps in one system call makes no other. @throws UsageError for a task that sleeps or is a zombie */
export function requireAwake(task: Task): void {
  if (task.hasAddressSpace && !task.blocked) return;
  throw new UsageError({
    argument: "task",
    problem: task.hasAddressSpace ? "sleeps in a system call" : "has ended",
    valid: "a live task that is awake (finish() ends its sleep)",
  });
}

/** Only who sleeps in a call can finish it. @throws UsageError for others */
export function requireSleepIn(task: Task, sleep: "WAIT_FUTEX" | "WAIT_UMCG", valid: string): void {
  const { machine } = task;
  const asleepIn = machine.words[(task.handle + machine.constant("TASK_BLOCKED_ON")) >>> 2]!;
  if (asleepIn === machine.constant(sleep)) return;
  const problem = task.blocked ? "sleeps in another system call" : "does not sleep";
  throw new UsageError({ argument: "task", problem, valid });
}
