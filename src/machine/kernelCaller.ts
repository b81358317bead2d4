import type { ConstantName, CoreExports } from "../core/exports.ts";
import { wholeNumber } from "../base/checks.ts";
import { join, type Address, type Halves } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";
import { KernelBuffer } from "./kernelBuffer.ts";

const MAX_LENGTH = 2 ** 31 - 1;

/** The task whose kernel code calls the primitives. */
export interface Caller {
  readonly machine: CoreMemory;
  /** The CPU it runs on. */
  readonly cpu: number;
}

/** How the primitives reach the core: on the caller's CPU, with what they were given checked and in the core's form. */
export class KernelCaller {
  readonly #task: Caller;

  constructor(task: Caller) {
    this.#task = task;
  }

  get machine(): CoreMemory {
    return this.#task.machine;
  }

  get core(): CoreExports {
    return this.#task.machine.exports;
  }

  get cpu(): number {
    return this.#task.cpu;
  }

  constant(name: ConstantName): number {
    return this.#task.machine.constant(name);
  }

  /** A user or kernel pointer as halves. */
  pointer(address: Address): Halves {
    return this.#task.machine.word(address, "address");
  }

  /** Linear address of a kernel object of the caller's machine. */
  linear(argument: string, buffer: KernelBuffer): number {
    return KernelBuffer.linearOf(argument, buffer, this.#task.machine);
  }

  /** What the last call into the core gave besides its answer. */
  value(): bigint {
    return join(this.core.readValueLow(this.cpu), this.core.readValueHigh(this.cpu));
  }
}

/** @throws UsageError for what no size_t of the primitives can be */
export function checkedLength(length: number): number {
  return wholeNumber("length", length, 0, MAX_LENGTH);
}

/** String limits may be zero or negative, as in the kernel. */
export function checkedLimit(limit: number): number {
  return wholeNumber("limit", limit, -MAX_LENGTH, MAX_LENGTH);
}
