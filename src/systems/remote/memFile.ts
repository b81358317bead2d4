import { halfPair, halves, join } from "../../machine/address.ts";
import { Handle } from "../../machine/handle.ts";
import type { Task } from "../../machine/task.ts";

/** Which way bytes go: from the other process, or to it. */
export type RemoteDirection = "read" | "write";

/**
 * /proc/PID/mem of a process, opened read-write by another (or by itself) with FOLL_FORCE's rights. It is bound to the
 * address space of that moment: after an exec or exit of the target every transfer gives 0 (fs/proc/base.c, 6.18).
 * Results are bytes moved or −errno.
 */
export class MemFile {
  readonly #caller: Task;
  readonly #handle: Handle;

  private constructor(caller: Task, address: number) {
    this.#caller = caller;
    this.#handle = new Handle(caller.machine, "mem file", address);
  }

  /** The open file, or −ESRCH for a process that has ended, −EACCES, −ENOMEM. */
  static open(caller: Task, target: Task): MemFile | number {
    const { machine, cpu } = caller;
    caller.runOn(cpu);
    const result = machine.exports.openMemFile(cpu, target.handleOn(machine));
    return result < 0 ? result : new MemFile(caller, machine.exports.readValueLow(cpu) >>> 0);
  }

  get #position(): number {
    return this.#handle.address + this.#caller.machine.constant("MEM_FILE_POSITION");
  }

  /** Where read and write go on. Any number of 64 bits may be set, as lseek does. */
  get position(): bigint {
    const { words } = this.#caller.machine;
    return join(words[this.#position >>> 2]!, words[(this.#position + 4) >>> 2]!);
  }

  set position(position: bigint) {
    const { lo, hi } = halves(position, "position");
    const { words } = this.#caller.machine;
    words[this.#position >>> 2] = lo;
    words[(this.#position + 4) >>> 2] = hi;
  }

  /** read or write of the caller's buffer at the position, which moves on by what whole pieces moved. */
  move(direction: RemoteDirection, buffer: bigint, length: bigint): number {
    const { machine, cpu } = this.#ready();
    return machine.exports.memMove(
      cpu,
      this.#handle.address,
      ...halfPair(buffer, "buffer"),
      ...halfPair(length, "length"),
      follOf(this.#caller, direction),
    );
  }

  /** pread or pwrite. */
  moveAt(direction: RemoteDirection, buffer: bigint, length: bigint, position: bigint): number {
    const { machine, cpu } = this.#ready();
    return machine.exports.memMoveAt(
      cpu,
      this.#handle.address,
      ...halfPair(buffer, "buffer"),
      ...halfPair(length, "length"),
      ...halfPair(position, "position"),
      follOf(this.#caller, direction),
    );
  }

  /** preadv or pwritev of a list of `count` elements that lies in the caller's memory. */
  moveList(direction: RemoteDirection, list: bigint, count: number, position: bigint): number {
    const { machine, cpu } = this.#ready();
    return machine.exports.memMoveList(
      cpu,
      this.#handle.address,
      ...halfPair(list, "list"),
      count,
      ...halfPair(position, "position"),
      follOf(this.#caller, direction),
    );
  }

  /** @throws UsageError the second time */
  close(): void {
    this.#handle.machine.exports.closeMemFile(this.#handle.address);
    this.#handle.release("was closed");
  }

  #ready(): Task {
    this.#caller.runOn(this.#caller.cpu);
    return this.#caller;
  }
}

/** FOLL_* of a direction; force is the mem file's own. */
export function follOf({ machine }: Task, direction: RemoteDirection): number {
  return direction === "write" ? machine.constant("FOLL_WRITE") : 0;
}
