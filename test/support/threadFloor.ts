import { expect } from "vitest";
import { Machine, type Task } from "../../src/index.ts";
import type { Crew } from "./threadCrew.ts";

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

/** Hundreds of the core's own waits of 10 and 50 µs. */
const LONG_WAIT_MS = 20;
const PATIENCE_NAPS = 20_000;

/** All workers are in the core and stay there: none gets on in many of its waits. */
export function expectWaiting({ machine, tasks }: Floor, crew: Crew): void {
  for (let naps = 0; !tasks.every(({ cpu }) => inCoreOf(machine, cpu)); naps++) {
    if (naps === PATIENCE_NAPS) throw new Error("not every worker came into the core");
    nap(1);
  }
  nap(LONG_WAIT_MS);
  expect(tasks.map((_, index) => crew.isDone(index))).toEqual(Array(WORKERS).fill(false));
}

function nap(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function inCoreOf(machine: Machine, cpu: number): boolean {
  const at = machine.exports.cpuAddress(cpu) + machine.constant("CPU_IN_CORE");
  return Atomics.load(new Int32Array(machine.core.memory.buffer), at >>> 2) !== 0;
}
