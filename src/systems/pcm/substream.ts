import { checkOptions, optional, whole, type Shape } from "../../base/checks.ts";
import { oneOf } from "../../base/nearest.ts";
import type { ConstantName } from "../../core/exports.ts";
import { anyAddress, halves, type Address } from "../../machine/address.ts";
import type { CoreMemory } from "../../machine/coreMemory.ts";
import { Handle } from "../../machine/handle.ts";
import type { Task } from "../../machine/task.ts";
import { afterUnmapping } from "../../machine/unmapped.ts";
import { takeDriverLog, type DriverCall } from "./driverLog.ts";
import { StreamFields, streamFields, type StreamField } from "./fields.ts";
import { pcmStates, type PcmDirection, type PcmState } from "./states.ts";

/** What the driver answers from now on: 0 or −errno. */
export interface DriverAnswers {
  readonly prepare?: number;
  readonly trigger?: number;
  readonly ack?: number;
}

/** Where the four pointers are put by {@link PcmSubstream.poke}, in frames. */
export interface PokedPointers {
  readonly hwPtrBase: Address;
  readonly hwPtr: Address;
  readonly applPtr: Address;
  readonly hwPtrInterrupt: Address;
}

const answer = optional(whole(-(2 ** 31), 0));
const driverAnswers: Shape<DriverAnswers> = { prepare: answer, trigger: answer, ack: answer };

const pokedPointers: Shape<PokedPointers> = {
  hwPtrBase: anyAddress,
  hwPtr: anyAddress,
  applPtr: anyAddress,
  hwPtrInterrupt: anyAddress,
};

const fieldNames: readonly string[] = streamFields.map(({ name }) => name);

/**
 * An open substream: the kernel's bookkeeping of it to look at, and the device under it to set. Nothing here runs
 * kernel code; what does is the file's ({@link PcmFile}).
 */
export class PcmSubstream {
  readonly task: Task;
  readonly direction: PcmDirection;
  /** What its program has of it, until it is closed. */
  readonly #handle: Handle;
  /** The core's record of it, which stays longer where it is closed while a page of it is mapped. */
  readonly #record: Handle;
  /** What the driver was asked by a release after the close; undefined where none was. */
  #lastCalls: readonly DriverCall[] | undefined;

  /** @param record linear address of its record in the core */
  constructor(task: Task, direction: PcmDirection, record: number) {
    this.task = task;
    this.direction = direction;
    this.#handle = new Handle(task.machine, "stream", record);
    this.#record = new Handle(task.machine, "stream", record);
  }

  /** The machine it is open on, also when its task has ended. @throws UsageError once it was closed */
  get machine(): CoreMemory {
    return this.#handle.machine;
  }

  /** Linear address of its record in the core. @throws UsageError once it was closed */
  get handle(): number {
    return this.#handle.address;
  }

  /** The machine that its device is on. @throws UsageError once it was released */
  protected get deviceMachine(): CoreMemory {
    return this.#record.machine;
  }

  /** Linear address of its record in the core. @throws UsageError once it was released */
  protected get record(): number {
    return this.#record.address;
  }

  /** False once it was closed, or its machine reset. */
  get isOpen(): boolean {
    return this.#handle.isLive;
  }

  /**
   * True once the kernel has released it: with its close, or with the last mapping of its pages if that goes later.
   * Until then its device goes on, and all that is the device's can be asked and set here.
   */
  get isReleased(): boolean {
    return (
      !this.hasRecord || this.#word("STREAM_LIFE") === this.deviceMachine.constant("FILE_RELEASED")
    );
  }

  /** True until the core has given up the record, or its machine was reset. */
  protected get hasRecord(): boolean {
    return this.#record.isLive;
  }

  /** Its life until it is closed. */
  protected get life(): Handle {
    return this.#handle;
  }

  /** The number by which LINK names it. @throws UsageError once it was closed */
  get descriptor(): number {
    this.#handle.check();
    return this.#word("STREAM_DESCRIPTOR");
  }

  #word(field: ConstantName): number {
    const { machine, address } = this.#record;
    return machine.words[(address + machine.constant(field)) >>> 2]!;
  }

  /** A word of the kernel's bookkeeping. Asking changes nothing. */
  field(name: StreamField): bigint {
    oneOf("name", name, fieldNames);
    const words = new Uint32Array(2);
    new StreamFields(this.deviceMachine, [name]).read(this.record, words);
    return (BigInt(words[1]!) << 32n) | BigInt(words[0]!);
  }

  /** The stream's state, as the kernel has it. Asking changes nothing. */
  get state(): PcmState {
    return pcmStates[Number(this.field("state"))]!;
  }

  /** The ring's bytes, live, until the next HW_PARAMS, HW_FREE or close; empty while there is no ring. */
  ring(): Uint8Array {
    const at = this.#word("STREAM_RING");
    const length = at === 0 ? 0 : this.#word("STREAM_DMA_BYTES");
    return this.deviceMachine.bytes.subarray(at, at + length);
  }

  /**
   * Calls down to the driver since the last question, oldest first (the log keeps 256). Of a file that was closed before
   * it was released, those of its release too.
   */
  takeDriverCalls(): readonly DriverCall[] {
    if (this.#lastCalls === undefined || this.hasRecord) {
      return takeDriverLog(this.deviceMachine, this.record);
    }
    const calls = this.#lastCalls;
    this.#lastCalls = [];
    return calls;
  }

  /** The position that the device reports from now on, in frames, right or wrong; all ones reports an xrun. */
  setPosition(frames: Address): void {
    const { lo, hi } = halves(frames, "frames");
    // Past the core's exports, because an operation that is being taken up again may pass here.
    const at = (this.#word("STREAM_DEVICE") + this.deviceMachine.constant("DEVICE_POSITION")) >>> 2;
    this.deviceMachine.words[at] = lo;
    this.deviceMachine.words[at + 1] = hi;
  }

  /** What the driver answers from now on, 0 or −errno. What is not named answers 0. */
  setAnswers(answers: DriverAnswers): void {
    checkOptions("answers", answers, driverAnswers);
    const { prepare = 0, trigger = 0, ack = 0 } = answers;
    this.deviceMachine.exports.deviceSetAnswers(this.record, prepare, trigger, ack);
  }

  /** The stream's extra delay in frames, which DELAY and STATUS report on top; may be negative. */
  setDelay(frames: Address): void {
    const negative = (typeof frames === "number" || typeof frames === "bigint") && frames < 0;
    anyAddress("frames", negative ? -frames : frames);
    const { lo, hi } = halves(BigInt.asUintN(64, BigInt(frames)));
    this.deviceMachine.exports.deviceSetDelay(this.record, lo, hi);
  }

  /** Puts the pointers somewhere else, past all rules; the silent part then begins at appl_ptr. */
  poke(pointers: PokedPointers): void {
    checkOptions("pointers", pointers, pokedPointers);
    const base = halves(pointers.hwPtrBase);
    const hw = halves(pointers.hwPtr);
    const appl = halves(pointers.applPtr);
    const last = halves(pointers.hwPtrInterrupt);
    this.deviceMachine.exports.pcmPoke(
      this.record,
      base.lo,
      base.hi,
      hw.lo,
      hw.hi,
      appl.lo,
      appl.hi,
      last.lo,
      last.hi,
    );
  }

  /** Gives the file up, and its record with it if it is released by now. Returns the driver calls that nobody has taken. */
  close(): readonly DriverCall[] {
    const { isReleased, machine } = this; // first, as another thread may be about to release it
    const calls = this.takeDriverCalls();
    this.#lastCalls = undefined; // of a close that a restore took back
    this.#handle.release("was closed");
    if (isReleased) this.#forget();
    else afterUnmapping(machine, () => this.#isForgotten());
    return calls;
  }

  /** Gives the record up once it is released, later than closed. */
  #isForgotten(): boolean {
    if (!this.isReleased) return false;
    if (this.hasRecord) {
      this.#lastCalls = this.takeDriverCalls();
      this.#forget();
    }
    return true;
  }

  #forget(): void {
    this.deviceMachine.exports.pcmFree(this.record);
    this.#record.release("was closed");
  }
}
