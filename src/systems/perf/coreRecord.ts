import type { ConstantName } from "../../core/exports.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";

const LOW_HALF = 0xffff_ffffn;

/** A record of the core's, read and written by the names of its fields' offsets. */
export class CoreRecord {
  readonly machine: CoreMemory;
  readonly address: number;

  constructor(machine: CoreMemory, address: number) {
    this.machine = machine;
    this.address = address;
  }

  #word(field: ConstantName): number {
    return (this.address + this.machine.constant(field)) >>> 2;
  }

  get32(field: ConstantName): number {
    return this.machine.words[this.#word(field)]!;
  }

  set32(field: ConstantName, value: number): void {
    this.machine.words[this.#word(field)] = value;
  }

  get64(field: ConstantName): bigint {
    return this.machine.wideAt(this.address + this.machine.constant(field));
  }

  set64(field: ConstantName, value: bigint): void {
    const word = this.#word(field);
    this.machine.words[word] = Number(value & LOW_HALF);
    this.machine.words[word + 1] = Number((value >> 32n) & LOW_HALF);
  }
}
