import { byteArray, wholeNumber } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";
import type { Address } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";

/** What a mapping asks of the task whose address space it lies in. */
export interface AddressSpace {
  readonly machine: CoreMemory;
  touch(at: Address, access: "read" | "write"): boolean;
  /** Makes a page present whatever its protection; false where none can be. */
  force(at: Address): boolean;
  linearOf(at: Address): number | null;
  protect(at: Address, length: Address, protection: string): number;
  unmap(at: Address, length: Address): number;
}

/** A mapped range, and a debugger's view of its content: reading and writing here is no access of the emulated system. */
export class Mapping {
  readonly #task: AddressSpace;
  readonly address: bigint;
  readonly length: number;

  constructor(task: AddressSpace, address: bigint, length: number) {
    this.#task = task;
    this.address = address;
    this.length = length;
  }

  get #pageSize(): number {
    return this.#task.machine.constant("PAGE_SIZE");
  }

  /**
   * Makes the pages present, as the program's own stores (or loads, where it may not store) would; stops at the first
   * page that cannot be.
   */
  populate(): void {
    for (let at = 0; at < this.length; at += this.#pageSize) {
      const va = this.address + BigInt(at);
      if (!this.#task.touch(va, "write") && !this.#task.touch(va, "read")) return;
    }
  }

  /**
   * Puts bytes into the range whatever its protection; pages not yet present, or shared behind a private mapping, are
   * replaced by pages of the task's own.
   * @throws UsageError for bytes outside the range; FaultlineError "not-present" where no page can be (past the end of
   *   the file, RAM full)
   */
  write(offset: number, bytes: Uint8Array): void {
    byteArray("bytes", bytes);
    this.#checkPart(offset, bytes.length);
    this.#pieces(offset, bytes.length, (va, at, length) => {
      const linear = this.#task.force(va) ? this.#task.linearOf(va) : null;
      if (linear === null) {
        throw new FaultlineError("not-present", `no page can be present at 0x${va.toString(16)}`);
      }
      this.#task.machine.bytes.set(bytes.subarray(at, at + length), linear);
    });
  }

  /**
   * The bytes of a part of the range; pages not present read as zeros and stay absent.
   * @throws UsageError for a part outside the range; FaultlineError "no-memory" where the host has not so much
   */
  read(offset: number, length: number): Uint8Array {
    this.#checkPart(offset, length);
    const bytes = newBytes(length);
    this.#pieces(offset, length, (va, at, piece) => {
      const linear = this.#task.linearOf(va);
      if (linear !== null) bytes.set(this.#task.machine.bytes.subarray(linear, linear + piece), at);
    });
    return bytes;
  }

  #checkPart(offset: number, length: number): void {
    wholeNumber("offset", offset, 0, this.length);
    wholeNumber("length", length, 0, this.length - offset);
  }

  /** Cuts a part of the range into pieces that each lie on one page. */
  #pieces(
    offset: number,
    length: number,
    use: (va: bigint, at: number, length: number) => void,
  ): void {
    for (let at = 0; at < length;) {
      const va = this.address + BigInt(offset + at);
      const piece = Math.min(length - at, this.#pageSize - Number(va % BigInt(this.#pageSize)));
      use(va, at, piece);
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

/** A mapping may be longer than anything the host can hold. */
function newBytes(length: number): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new FaultlineError("no-memory", `the host has no ${length} bytes at once`, { cause });
  }
}
