import type { Machine, Task } from "../../../src/index.ts";
import { importBuffer, importVector } from "../../../src/systems/kernel/vector.ts";
import type { UserIterator } from "../../../src/systems/kernel/userIterator.ts";
import { machineOf, PAGE, ramp } from "../../machine/pool.ts";

/** Where the good memory of the tests ends: behind it nothing is mapped. */
export const END = 0x40010000;
const PAGES = 20;

/** A task with PAGES good pages before {@link END}, and one more that stands alone far off, for vectors. */
export interface Bed {
  readonly machine: Machine;
  readonly task: Task;
}

export const VECTORS = 0x60000000;

export async function makeBed(): Promise<Bed> {
  const machine = await machineOf({ kernel: "6.18" });
  const task = machine.createTask();
  task.map({ at: END - PAGES * PAGE, length: PAGES * PAGE }).write(0, ramp(PAGES * PAGE));
  task.map({ at: VECTORS, length: PAGE });
  return { machine, task };
}

/** The last `length` bytes before {@link END}, or as many behind them where `beyond` is given. */
export function tail(task: Task, length: number, beyond = 0): UserIterator {
  return importBuffer(task, BigInt(END + beyond - length), BigInt(length)) as UserIterator;
}

/** What those bytes hold from the start. */
export function tailBytes(length: number): Uint8Array {
  return ramp(PAGES * PAGE).subarray(PAGES * PAGE - length);
}

/** Imports a vector that is written to user memory first. */
export function vectorOf(
  task: Task,
  elements: readonly (readonly [address: number | bigint, length: number | bigint])[],
  count = BigInt(elements.length),
): UserIterator | number {
  elements.forEach(([address, length], index) => {
    task.uaccess.putUser(VECTORS + 16 * index, 8, address);
    task.uaccess.putUser(VECTORS + 16 * index + 8, 8, length);
  });
  return importVector(task, BigInt(VECTORS), count);
}
