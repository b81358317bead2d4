import { wholeNumber, wrong } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";
import type { CoreMemory } from "./coreMemory.ts";
import { Handle } from "./handle.ts";

const MAX_BUFFER = 64 << 20;

/** A kernel object of known size in emulated RAM. */
export class KernelBuffer {
  readonly #handle: Handle;
  readonly length: number;

  private constructor(handle: Handle, length: number) {
    this.#handle = handle;
    this.length = length;
  }

  /** @throws FaultlineError "no-memory" when RAM is full */
  static alloc(machine: CoreMemory, bytes: number): KernelBuffer {
    wholeNumber("bytes", bytes, 1, MAX_BUFFER);
    const linear = machine.exports.allocKernelBuffer(bytes) >>> 0;
    if (linear === 0) {
      throw new FaultlineError("no-memory", `RAM is full: no kernel buffer of ${bytes} bytes`);
    }
    return new KernelBuffer(new Handle(machine, "kernel buffer", linear), bytes);
  }

  /** Linear address inside the core's memory. @throws UsageError once it was freed */
  get linear(): number {
    return this.#handle.address;
  }

  /** The address of an argument, for use on a machine. @throws UsageError as {@link linearOn}, or for no buffer */
  static linearOf(argument: string, buffer: unknown, machine: CoreMemory): number {
    if (KernelBuffer.#isOne(buffer)) return buffer.linearOn(machine);
    throw wrong(argument, buffer, "a buffer from machine.allocKernel()");
  }

  /** Made here: an object that inherits from a buffer, or a Proxy of one, lacks what is private. */
  static #isOne(value: unknown): value is KernelBuffer {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** Linear address, for use on a machine. @throws UsageError once it was freed, or on another machine */
  linearOn(machine: CoreMemory): number {
    return this.#handle.addressOn(machine);
  }

  /** The content, live. */
  get bytes(): Uint8Array {
    return this.#handle.machine.bytes.subarray(this.linear, this.linear + this.length);
  }

  /** The buffer as the kernel names it: a pointer into its direct map of RAM. */
  get kernelPointer(): bigint {
    const { machine } = this.#handle;
    const base = machine.wideAt(
      machine.exports.profileAddress() + machine.constant("PROFILE_KERNEL_BASE"),
    );
    return base + BigInt(this.linear - machine.header("HEADER_RAM"));
  }

  /** @throws UsageError the second time */
  free(): void {
    this.#handle.machine.exports.freeKernelBuffer(this.linear, this.length);
    this.#handle.release("was freed");
  }
}
