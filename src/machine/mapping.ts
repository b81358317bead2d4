import { FaultlineError } from "../base/errors.ts";
import type { Task } from "./task.ts";

/** A mapped range, and a debugger's view of its content: reading and writing here is no access of the emulated system. */
export class Mapping {
  readonly #task: Task;
  readonly address: bigint;
  readonly length: number;

  constructor(task: Task, address: bigint, length: number) {
    this.#task = task;
    this.address = address;
    this.length = length;
  }

  get #pageSize(): number {
    return this.#task.machine.constant("PAGE_SIZE");
  }

  /** Makes every page present, as the program's own stores (or loads, where it may not store) would. */
  populate(): void {
    for (let at = 0; at < this.length; at += this.#pageSize) {
      const va = this.address + BigInt(at);
      if (!this.#task.touch(va, "write")) this.#task.touch(va, "read");
    }
  }

  /**
   * Puts bytes into the range whatever its protection; pages not yet present are made so.
   * @throws FaultlineError "not-present" where the mapping can have no page (PROT_NONE, past the end of its file)
   */
  write(offset: number, bytes: Uint8Array): void {
    this.#pieces(offset, bytes.length, (linear, at, length) => {
      this.#task.machine.bytes.set(bytes.subarray(at, at + length), linear);
    }, "write");
  }

  /** The bytes of a part of the range; pages not present read as zeros and stay absent. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const va = this.address + BigInt(offset + at);
      const piece = Math.min(length - at, this.#pageSize - Number(va % BigInt(this.#pageSize)));
      const linear = this.#task.linearOf(va);
      if (linear !== null) bytes.set(this.#task.machine.bytes.subarray(linear, linear + piece), at);
      at += piece;
    }
    return bytes;
  }

  #pieces(offset: number, length: number, use: (linear: number, at: number, length: number) => void, access: "write" | "read"): void {
    for (let at = 0; at < length; ) {
      const va = this.address + BigInt(offset + at);
      const piece = Math.min(length - at, this.#pageSize - Number(va % BigInt(this.#pageSize)));
      if (this.#task.linearOf(va) === null) this.#task.touch(va, access);
      const linear = this.#task.linearOf(va);
      if (linear === null) throw new FaultlineError("not-present", `no page can be present at 0x${va.toString(16)}`);
      use(linear, at, piece);
      at += piece;
    }
  }

  protect(protection: string): number {
    return this.#task.protect(this.address, this.length, protection);
  }

  unmap(): number {
    return this.#task.unmap(this.address, this.length);
  }
}
