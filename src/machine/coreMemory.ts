import { madeCore, type Core } from "../core/core.ts";
import type { ConstantName, CoreExports } from "../core/exports.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { checkOptions, wholeNumber, wrong } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import { unknownName } from "../base/nearest.ts";
import { halves, join, type Address, type Halves } from "./address.ts";
import type { ArchName } from "./arch.ts";
import { machineShape, type MachineShape } from "./options.ts";

const MAX_WORD = 2 ** 32 - 1;

/** By name: of so many, a Map finds one in half the time that an object takes. */
const constants: ReadonlyMap<unknown, number> = new Map(Object.entries(coreConstants));

/**
 * A core's memory as the host reads it: by the names of the numbers that the core exports, never by numbers of its
 * own. What stands on a machine (tasks, buffers, files) needs no more than this.
 */
export class CoreMemory {
  readonly core: Core;
  readonly shape: MachineShape;
  #epoch: number;
  #moment = 0;
  readonly #takenBack: { readonly after: number; readonly upTo: number }[] = [];
  #words: Uint32Array;
  #bytes: Uint8Array;

  /** @throws UsageError for what is no machine's core: machines come from Machine.create() */
  protected constructor(core: Core, shape: MachineShape) {
    madeCore("core", core);
    checkOptions("shape", shape, machineShape);
    this.core = core;
    this.shape = shape;
    this.#epoch = core.epoch;
    this.#words = new Uint32Array(core.memory.buffer);
    this.#bytes = new Uint8Array(core.memory.buffer);
  }

  /** After memory has grown the old views are empty. */
  refreshViews(): void {
    this.#words = new Uint32Array(this.core.memory.buffer);
    this.#bytes = new Uint8Array(this.core.memory.buffer);
  }

  /** False once another machine was brought up in this memory. */
  get isCurrent(): boolean {
    return this.core.epoch === this.#epoch;
  }

  /** From here on this machine is the one in its memory. */
  protected takeOver(): void {
    this.core.epoch += 1;
    this.#epoch = this.core.epoch;
  }

  /** Numbers the beginnings and ends of handles, so that a restore can take back those since its snapshot. */
  nextMoment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  get moment(): number {
    return this.#moment;
  }

  /** A restore: whatever happened to handles after `moment` did not happen. */
  takeBackSince(moment: number): void {
    wholeNumber("moment", moment, 0, this.#moment);
    while ((this.#takenBack.at(-1)?.after ?? -1) >= moment) this.#takenBack.pop();
    this.#takenBack.push({ after: moment, upTo: this.#moment });
  }

  wasTakenBack(moment: number): boolean {
    wholeNumber("moment", moment, 0, this.#moment);
    return this.#takenBack.some(({ after, upTo }) => after < moment && moment <= upTo);
  }

  #checkCurrent(): void {
    if (this.isCurrent) return;
    throw new UsageError({
      argument: "machine",
      problem: "was reset since",
      valid: "the machine that reset() returned",
    });
  }

  /** @throws UsageError once the machine was reset */
  get exports(): CoreExports {
    this.#checkCurrent();
    return this.core.exports;
  }

  /** The exports as they are: what an operation of a program calls, because a scheduler leaves and takes it up. */
  get rawExports(): CoreExports {
    this.#checkCurrent();
    return this.core.rawExports;
  }

  get arch(): ArchName {
    return this.shape.arch;
  }

  /** All of linear memory, as bytes and as words: for views, not for guessing at layouts. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get words(): Uint32Array {
    return this.#words;
  }

  /** A number of the core's, by its name there. @throws UsageError for an unknown name */
  constant(name: ConstantName): number {
    const value = constants.get(name);
    if (value === undefined) throw unknownConstant(name);
    return value;
  }

  /** A word of the machine's header, by the core's name for its place. */
  header(field: ConstantName): number {
    return this.#words[(this.exports.headerAddress() + this.constant(field)) >>> 2]!;
  }

  setHeader(field: ConstantName, value: number): void {
    const at = (this.exports.headerAddress() + this.constant(field)) >>> 2;
    this.#words[at] = wholeNumber(field, value, 0, MAX_WORD);
  }

  /** Bytes of the kernel's long. */
  get wordBytes(): number {
    return this.#words[
      (this.exports.profileAddress() + this.constant("PROFILE_WORD_BYTES")) >>> 2
    ]!;
  }

  /**
   * Splits a number that a word of the kernel must hold: an address or a size_t.
   * @throws UsageError for one that does not fit: there is no such pointer in a 32-bit kernel
   */
  word(value: Address, argument: string): Halves {
    const split = halves(value, argument);
    if (split.hi !== 0 && this.wordBytes === 4) {
      throw new UsageError({
        argument,
        problem: `is 0x${BigInt(value).toString(16)} on ${this.arch}`,
        valid: "a whole number from 0 to 2^32 - 1 (its kernel's pointers have 32 bits)",
      });
    }
    return split;
  }

  /** A 64-bit number at a linear address. */
  wideAt(address: number): bigint {
    wholeNumber("address", address, 0, this.#bytes.length - 8);
    return join(this.#words[address >>> 2]!, this.#words[(address >>> 2) + 1]!);
  }

  /** @throws UsageError for a CPU the machine has not */
  checkedCpu(cpu: number): number {
    return wholeNumber("cpu", cpu, 0, this.shape.cpus - 1);
  }

  /** Nanoseconds of the virtual clock; it stands still unless it is moved. */
  get nanoseconds(): bigint {
    return this.wideAt(this.exports.headerAddress() + this.constant("HEADER_NANOSECONDS"));
  }
}

function unknownConstant(name: unknown): UsageError {
  const known = Object.keys(coreConstants);
  if (typeof name === "string") return unknownName("constant", name, known);
  return wrong("constant", name, "a name of the core's constants");
}
