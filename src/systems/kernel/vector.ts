/**
 * How a call takes over the user memory it was given: one buffer, or a vector of them that lies in user memory itself
 * (lib/iov_iter.c, 6.18).
 */

import { errnos } from "../../base/errno.ts";
import { halves, join } from "../../machine/address.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Task } from "../../machine/task.ts";
import { UserIterator, type UserRange } from "./userIterator.ts";

/** The single buffer of read, write, send, recv and getrandom: checked with its full length, then capped. */
export function importBuffer(task: Task, address: bigint, length: bigint): UserIterator | number {
  if (!task.uaccess.accessOk(address, length)) return -errnos.EFAULT;
  const most = task.machine.constant("MAX_RW_COUNT");
  const taken = length < BigInt(most) ? Number(length) : most;
  return new UserIterator(task, [{ address, length: taken }]);
}

/**
 * The vector of readv and writev (import_iovec): what it names, or −EINVAL, −EFAULT, −ENOMEM.
 * @param list address of the elements in user memory, not looked at when there are none
 * @param count the program's argument; the kernel looks at 32 bits of it
 */
export function importVector(task: Task, list: bigint, count: bigint): UserIterator | number {
  const { machine, cpu } = task;
  const { exports } = machine;
  const at = halves(list, "list");
  task.runOn(cpu);
  const result = exports.importVector(cpu, at.lo, at.hi, halves(count, "count").lo);
  if (result !== 0) return result;
  const vector = exports.readValueLow(cpu) >>> 0;
  const ranges = rangesOf(machine, vector);
  exports.freeVector(vector);
  return new UserIterator(task, ranges);
}

/** The elements of a vector as the core keeps them. */
function rangesOf(machine: Machine, vector: number): UserRange[] {
  const { words } = machine;
  const count = words[(vector + machine.constant("VECTOR_COUNT")) >>> 2]!;
  const bytes = machine.constant("SEGMENT_BYTES");
  return Array.from({ length: count }, (_, index) => {
    const segment = vector + machine.constant("VECTOR_ELEMENTS") + index * bytes;
    const base = (segment + machine.constant("SEGMENT_BASE")) >>> 2;
    const length = (segment + machine.constant("SEGMENT_LENGTH")) >>> 2;
    return { address: join(words[base]!, words[base + 1]!), length: words[length]! };
  });
}
