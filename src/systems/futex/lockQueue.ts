import type { Machine } from "../../machine/machine.ts";
import type { Task } from "../../machine/task.ts";

/** The rt mutex behind a contended PI futex, as the kernel has it while somebody sleeps on it. */
export interface LockQueue {
  /** Who holds it: the number of a task; null where its holder died and the next one has not run yet. */
  readonly holder: number | null;
  /** Who sleeps on it, in the order in which they get it. */
  readonly waiters: readonly number[];
}

/** The queue that a task stands in; null for one that waits for no rt mutex. Asking changes nothing. */
export function lockQueueOf({ machine, handle }: Task): LockQueue | null {
  const waiter = field(machine, handle, "TASK_RT_WAITER");
  const mutex = waiter === 0 ? 0 : field(machine, waiter, "RT_WAITER_MUTEX");
  if (mutex === 0) return null;
  const holder = field(machine, mutex, "RT_MUTEX_HOLDER");
  const waiters: number[] = [];
  let at = field(machine, mutex, "RT_MUTEX_TOP");
  while (at !== 0) {
    waiters.push(numberOf(machine, field(machine, at, "RT_WAITER_TASK")));
    at = field(machine, at, "RT_WAITER_NEXT");
  }
  return { holder: holder === 0 ? null : numberOf(machine, holder), waiters };
}

type Field = Parameters<Machine["constant"]>[0];

function field(machine: Machine, record: number, name: Field): number {
  return machine.words[(record + machine.constant(name)) >>> 2]!;
}

function numberOf(machine: Machine, task: number): number {
  return field(machine, task, "TASK_ID");
}
