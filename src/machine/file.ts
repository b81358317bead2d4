import { FaultlineError, UsageError } from "../base/errors.ts";
import { halves, type Address } from "./address.ts";
import type { Machine } from "./machine.ts";
import { levelOf, type PageSize } from "./pageSize.ts";

/** A file-like object: its pages appear on first use, zeroed. */
export class UserFile {
  readonly #machine: Machine;
  readonly handle: number;
  readonly size: Address;

  private constructor(machine: Machine, handle: number, size: Address) {
    this.#machine = machine;
    this.handle = handle;
    this.size = size;
  }

  /** @throws UsageError for more than 4 GiB; FaultlineError "no-memory" when RAM is full */
  static create(machine: Machine, size: Address, pageSize: PageSize): UserFile {
    const { lo, hi } = halves(size, "size");
    if (hi > 1 || (hi === 1 && lo > 0)) {
      throw new UsageError({ argument: "size", problem: `is ${String(size)}`, valid: "up to 4 GiB" });
    }
    const order = (levelOf(pageSize) - 1) * 9;
    const handle = machine.exports.newFile(lo, hi, order) >>> 0;
    if (handle === 0) throw new FaultlineError("no-memory", "RAM is full: no file record");
    return new UserFile(machine, handle, size);
  }

  /** The content of one 4-KiB page, live. */
  page(index: number): Uint8Array {
    const linear = this.#machine.exports.fileData(this.handle, index) >>> 0;
    if (linear === 0) throw new FaultlineError("no-memory", `no page ${index}: RAM is full or the file too short`);
    return this.#machine.bytes.subarray(linear, linear + this.#machine.constant("PAGE_SIZE"));
  }

  /** Drops this handle; mappings keep the content as long as they need it. */
  close(): void {
    this.#machine.exports.closeFile(this.handle);
  }
}
