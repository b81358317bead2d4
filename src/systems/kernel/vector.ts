/**
 * How a call takes over the user memory it was given: one buffer, or a vector of them that lies in user memory itself
 * (lib/iov_iter.c; spec/remote-vm.md §2.7 step 2).
 */

import { errnos } from "../../base/errno.ts";
import type { Task } from "../../machine/task.ts";
import { IOVEC_BYTES, MAX_RW_COUNT, UIO_MAXIOV } from "./limits.ts";
import { UserIterator, type UserRange } from "./userIterator.ts";

const { EFAULT, EINVAL } = errnos;

const WORD_BYTES = 8;
const SIGN_BIT = 1n << 63n;

/** An element as the program wrote it. */
interface Element {
  readonly address: bigint;
  readonly length: bigint;
}

/** The single buffer of read, write, send, recv and getrandom: checked with its full length, then capped. */
export function importBuffer(task: Task, address: bigint, length: bigint): UserIterator | number {
  if (!task.uaccess.accessOk(address, length)) return -EFAULT;
  return new UserIterator(task, [{ address, length: capped(length, MAX_RW_COUNT) }]);
}

/**
 * The vector of readv and writev (import_iovec): what it names, or −EINVAL, −EFAULT.
 * @param list address of the elements in user memory, not looked at when there are none
 * @param count the program's argument; the kernel looks at 32 bits of it
 */
export function importVector(task: Task, list: bigint, count: bigint): UserIterator | number {
  const segments = Number(BigInt.asUintN(32, count));
  if (segments > UIO_MAXIOV) return -EINVAL;
  const elements = readElements(task, list, segments);
  if (typeof elements === "number") return elements;
  return elements.length === 1 ? importOne(task, elements[0]!) : importSeveral(task, elements);
}

/** copy_iovec_from_user: element by element, the length first. */
function readElements(task: Task, list: bigint, segments: number): Element[] | number {
  if (segments === 0) return [];
  if (!task.uaccess.begin("read", list, segments * IOVEC_BYTES)) return -EFAULT;
  try {
    const elements: Element[] = [];
    for (let at = list; elements.length < segments; at += BigInt(IOVEC_BYTES)) {
      const length = task.uaccess.unsafeGetUser(at + BigInt(WORD_BYTES), WORD_BYTES);
      const address = task.uaccess.unsafeGetUser(at, WORD_BYTES);
      if (length.error !== 0 || address.error !== 0) return -EFAULT;
      if (length.value >= SIGN_BIT) return -EINVAL;
      elements.push({ address: address.value, length: length.value });
    }
    return elements;
  } finally {
    task.uaccess.end("read");
  }
}

/** A vector of one is a plain buffer: capped before its range is checked. */
function importOne(task: Task, { address, length }: Element): UserIterator | number {
  const range = { address, length: capped(length, MAX_RW_COUNT) };
  return task.uaccess.accessOk(address, range.length) ? new UserIterator(task, [range]) : -EFAULT;
}

/** Each of several is checked with its full length, then the running total is capped. */
function importSeveral(task: Task, elements: readonly Element[]): UserIterator | number {
  const ranges: UserRange[] = [];
  let room = MAX_RW_COUNT;
  for (const { address, length } of elements) {
    if (!task.uaccess.accessOk(address, length)) return -EFAULT;
    const range = { address, length: capped(length, room) };
    room -= range.length;
    ranges.push(range);
  }
  return new UserIterator(task, ranges);
}

function capped(length: bigint, most: number): number {
  return length < BigInt(most) ? Number(length) : most;
}
