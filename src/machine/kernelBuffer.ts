import { FaultlineError, UsageError } from "../base/errors.ts";
import { wholeNumber } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";

const MAX_BUFFER = 64 << 20;

/** A kernel object of known size in emulated RAM. */
export class KernelBuffer {
  readonly #machine: CoreMemory;
  /** Linear address inside the core's memory. */
  readonly linear: number;
  readonly length: number;

  private constructor(machine: CoreMemory, linear: number, length: number) {
    this.#machine = machine;
    this.linear = linear;
    this.length = length;
  }

  /** @throws FaultlineError "no-memory" when RAM is full */
  static alloc(machine: CoreMemory, bytes: number): KernelBuffer {
    wholeNumber("bytes", bytes, 1, MAX_BUFFER);
    const linear = machine.exports.allocKernelBuffer(bytes) >>> 0;
    if (linear === 0) throw new FaultlineError("no-memory", `RAM is full: no kernel buffer of ${bytes} bytes`);
    return new KernelBuffer(machine, linear, bytes);
  }

  /** The content, live. */
  get bytes(): Uint8Array {
    return this.#machine.bytes.subarray(this.linear, this.linear + this.length);
  }

  /** The buffer as the kernel names it: a pointer into its direct map of RAM. */
  get kernelPointer(): bigint {
    const profile = this.#machine.exports.profileAddress();
    const base = this.#machine.wideAt(profile + this.#machine.constant("PROFILE_KERNEL_BASE"));
    return base + BigInt(this.linear - this.#machine.header("HEADER_RAM"));
  }

  /** @throws UsageError the second time */
  free(): void {
    if (this.#machine.exports.freeKernelBuffer(this.linear, this.length) === 0) return;
    throw new UsageError({ argument: "buffer", problem: "was freed before", valid: "one free a buffer" });
  }
}
