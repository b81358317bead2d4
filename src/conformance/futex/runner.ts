/** Who runs the threads of a case. */

import type { Task } from "../../machine/task.ts";
import type { OperationOf } from "./steps.ts";
import type { World } from "./world.ts";

/** Threads that had slept and whose calls returned, by their numbers. */
export type Returned = readonly { readonly thread: number; readonly result: number }[];

export interface FutexRunner {
  /** Gives a new task its place, and answers the task that makes its calls from there. */
  seat(task: Task): Task;
  /** Its next call comes. */
  prepare(task: Task): void;
  /** The same task for the machine's own host, who may look while it sleeps. */
  observer(task: Task): Task;
  /** Lets every sleeper that was woken go on until it returns or sleeps again. */
  settle(world: World): Returned;
  /** Several threads at once on one word, to their ends; the counter that their lock guarded. */
  contend(world: World, step: OperationOf<"contend">): number;
  /** A task is about to end: it may sleep. */
  leave(task: Task): void;
}
