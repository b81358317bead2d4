import type { Task } from "./task.ts";

/** How an instruction of the program ends that cannot have its page. */
export type Signal = "SIGSEGV" | "SIGBUS";

/**
 * The program stores bytes with ordinary instructions, upward: null, or the signal at the first byte that it cannot
 * store; the bytes before it are stored.
 */
export function storeByProgram(task: Task, at: bigint, bytes: Uint8Array): Signal | null {
  return byPage(task, at, bytes.length, "ACCESS_WRITE", (linear, done, length) =>
    task.machine.bytes.set(bytes.subarray(done, done + length), linear),
  );
}

/** The program loads bytes: null, or the signal at the first byte that it cannot load. */
export function loadByProgram(task: Task, at: bigint, into: Uint8Array): Signal | null {
  return byPage(task, at, into.length, "ACCESS_READ", (linear, done, length) =>
    into.set(task.machine.bytes.subarray(linear, linear + length), done),
  );
}

/** Takes the faults that the hardware would, page by page, and moves each page's part. */
function byPage(
  task: Task,
  at: bigint,
  length: number,
  access: "ACCESS_READ" | "ACCESS_WRITE",
  move: (linear: number, done: number, length: number) => void,
): Signal | null {
  const { machine } = task;
  const pageSize = machine.constant("PAGE_SIZE");
  const kind = machine.constant(access);
  for (let done = 0; done < length;) {
    const va = BigInt.asUintN(64, at + BigInt(done));
    const lo = Number(va & 0xffff_ffffn);
    const hi = Number(va >> 32n);
    const fault = machine.exports.touchPage(task.cpu, task.handle, lo, hi, kind);
    if (fault !== 0) {
      return (fault & machine.constant("VM_FAULT_SIGBUS")) === 0 ? "SIGSEGV" : "SIGBUS";
    }
    const piece = Math.min(length - done, pageSize - (lo % pageSize));
    move(machine.exports.inspectAddress(task.handle, lo, hi) >>> 0, done, piece);
    done += piece;
  }
  return null;
}
