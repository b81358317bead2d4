import { Machine, type Task } from "../../src/index.ts";

/** A machine whose CPUs but the first are for threads of their own. */

export const WORKERS = 3;
/** Where what they work on is mapped. */
export const ARGUMENT = 0x10000000;

export interface Floor {
  readonly machine: Machine;
  /** On CPU 0, with this thread. */
  readonly main: Task;
  /** One for each worker, in main's address space. */
  readonly tasks: readonly Task[];
}

/** `sharing` = false gives each worker's task an address space of its own. */
export async function newFloor(sharing = true): Promise<Floor> {
  const machine = await Machine.create({ build: "threads", cpus: 1 + WORKERS, memory: "8M" });
  const main = machine.createTask({ cpu: 0 });
  const tasks = Array.from({ length: WORKERS }, (_, index) =>
    machine.createTask({ cpu: 1 + index, ...(sharing && { sharing: main }) }),
  );
  return { machine, main, tasks };
}
