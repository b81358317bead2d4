import type { Task } from "../../machine/task.ts";

/** One piece of user memory that passed the range check. */
export interface UserRange {
  readonly address: bigint;
  /** Bytes, at most MAX_RW_COUNT. */
  readonly length: number;
}

/**
 * Walks over the pieces of user memory that a call was given, one stream of bytes across all of them (struct iov_iter,
 * lib/iov_iter.c). Every move stops exactly at the first byte that cannot be had, and the walk stands there.
 */
export class UserIterator {
  readonly #task: Task;
  readonly #ranges: readonly UserRange[];
  #index = 0;
  /** Bytes of the current range that are done. */
  #done = 0;
  #remaining: number;

  constructor(task: Task, ranges: readonly UserRange[]) {
    this.#task = task;
    this.#ranges = ranges;
    this.#remaining = ranges.reduce((sum, { length }) => sum + length, 0);
  }

  /** Bytes not yet moved (iov_iter_count). */
  get remaining(): number {
    return this.#remaining;
  }

  /** The machine that the memory is on. */
  get machine(): Task["machine"] {
    return this.#task.machine;
  }

  /** Moves up to `length` bytes of user memory to a linear address inside a kernel buffer; bytes moved. */
  copyFromUser(linear: number, length: number): number {
    const { exports } = this.machine;
    const form = this.machine.constant("COPY_UNCHECKED");
    return this.#walk(length, (lo, hi, bytes, at) =>
      exports.copyIn(this.#task.cpu, form, linear + at, lo, hi, bytes),
    );
  }

  /** Moves up to `length` bytes from a linear address inside a kernel buffer to user memory; bytes moved. */
  copyToUser(linear: number, length: number): number {
    const { exports } = this.machine;
    const form = this.machine.constant("COPY_UNCHECKED");
    return this.#walk(length, (lo, hi, bytes, at) =>
      exports.copyOut(this.#task.cpu, form, lo, hi, linear + at, bytes),
    );
  }

  /** Zeroes up to `length` bytes of user memory; bytes zeroed. */
  clearUser(length: number): number {
    const { exports } = this.machine;
    const form = this.machine.constant("COPY_UNCHECKED");
    return this.#walk(length, (lo, hi, bytes) =>
      exports.clearOut(this.#task.cpu, form, lo, hi, bytes),
    );
  }

  /** Cuts the move into pieces that lie in one range each; `move` answers the bytes it left undone. */
  #walk(
    length: number,
    move: (lo: number, hi: number, bytes: number, at: number) => number,
  ): number {
    let moved = 0;
    while (moved < length && this.#remaining > 0) {
      const range = this.#ranges[this.#index]!;
      const bytes = Math.min(range.length - this.#done, length - moved);
      const address = range.address + BigInt(this.#done);
      const left =
        bytes === 0
          ? 0
          : move(Number(address & 0xffff_ffffn), Number(address >> 32n), bytes, moved) >>> 0;
      moved += bytes - left;
      this.#advance(bytes - left);
      if (left > 0) break;
    }
    return moved;
  }

  #advance(bytes: number): void {
    this.#done += bytes;
    this.#remaining -= bytes;
    if (this.#done < this.#ranges[this.#index]!.length) return;
    this.#index += 1;
    this.#done = 0;
  }
}
