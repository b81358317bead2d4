import type {
  AbiName,
  Machine,
  PcmOpenOptions,
  PcmStream,
  StrategyName,
  Task,
} from "../../../src/index.ts";
import type { Mapping } from "../../../src/machine/mapping.ts";
import { takeDriverLog } from "../../../src/systems/pcm/driverLog.ts";
import { StreamFields, type StreamField } from "../../../src/systems/pcm/fields.ts";
import { abiTable } from "./abiTable.ts";
import { preparedStream } from "./playback.ts";

/** A prepared stream and two pages whose border an argument can be put across. */

export const PAGE = 4096;
export const PAGES = 0x10000000;
export const BORDER = PAGES + PAGE;
export const PATTERN = 0xee;

/** SYNC_PTR's flag bits. */
export const HWSYNC = 1;
export const APPL = 2;
export const AVAIL_MIN = 4;
/** Both values are the kernel's own to report. */
export const REPORT = APPL | AVAIL_MIN;

export interface Argument {
  readonly flags: number;
  readonly applPtr?: bigint;
  readonly availMin?: bigint;
}

export class SyncBed {
  readonly machine: Machine;
  readonly task: Task;
  readonly stream: PcmStream;
  readonly pages: Mapping;

  constructor(machine: Machine, options: PcmOpenOptions = {}) {
    this.machine = machine;
    this.task = machine.createTask();
    this.pages = this.task.map({ at: PAGES, length: 2 * PAGE, populate: true });
    this.stream = preparedStream(this.task, { nonblock: true, ...options });
    this.acks(); // HW_PARAMS and PREPARE are not of interest
  }

  /** An argument of pattern bytes with the flags and the two values that a program may give. */
  argument(abi: AbiName, { flags, applPtr, availMin }: Argument): Uint8Array {
    const { bytes, fields } = abiTable[abi];
    const image = new Uint8Array(bytes).fill(PATTERN);
    const view = new DataView(image.buffer);
    const put = ([offset, width]: readonly [number, number], value: bigint): void => {
      if (width === 8) view.setBigUint64(offset, value, true);
      else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
    };
    put([0, 4], BigInt(flags));
    if (applPtr !== undefined) put(fields[7]!, applPtr);
    if (availMin !== undefined) put(fields[8]!, availMin);
    return image;
  }

  /** Puts an argument so that it begins `before` bytes below the border. */
  put(image: Uint8Array, before: number): number {
    this.pages.write(PAGE - before, image);
    return BORDER - before;
  }

  get(address: number, length: number): Uint8Array {
    return this.pages.read(address - PAGES, length);
  }

  /** Lets the second page be read, or nothing at all. */
  protectSecond(protection: "r" | "none" | "rw"): void {
    this.task.protect(BORDER, PAGE, protection);
  }

  sync(address: number | bigint, abi: AbiName, strategy: StrategyName = "kernel"): number {
    return this.stream.syncPtr({ address, abi, strategy });
  }

  /** One call with an argument on the first page. */
  syncWith(abi: AbiName, argument: Argument, strategy: StrategyName = "kernel"): number {
    return this.sync(this.put(this.argument(abi, argument), PAGE), abi, strategy);
  }

  /** The stream's bookkeeping by name. */
  field(name: StreamField): bigint {
    const words = new Uint32Array(2);
    new StreamFields(this.machine, [name]).read(this.stream.handle, words);
    return new BigUint64Array(words.buffer)[0]!;
  }

  /** Positions that the driver was told since the last time. */
  acks(): bigint[] {
    return takeDriverLog(this.machine, this.stream.handle)
      .filter(({ name }) => name === "ack")
      .map(({ argument }) => argument);
  }

  /** Sets what SYNC_PTR reports, past all rules: the kernel's records as memory. */
  setReported(values: readonly bigint[]): void {
    const { machine, stream } = this;
    const [state, hwPtr, sec, nsec, suspended, audioSec, audioNsec, applPtr, availMin] =
      values as bigint[];
    const pointer = (
      name: "STREAM_STATUS_PAGE" | "STREAM_CONTROL_PAGE" | "STREAM_AVAIL_MIN_AT",
    ): number => machine.words[(stream.handle + machine.constant(name)) >>> 2]!;
    const view = new DataView(machine.bytes.buffer);
    const status = pointer("STREAM_STATUS_PAGE");
    view.setUint32(status + machine.constant("STATUS_STATE"), Number(state), true);
    view.setUint32(status + machine.constant("STATUS_SUSPENDED_STATE"), Number(suspended), true);
    view.setBigUint64(status + machine.constant("STATUS_HW_PTR"), hwPtr!, true);
    view.setBigUint64(status + machine.constant("STATUS_TSTAMP"), sec!, true);
    view.setBigUint64(status + machine.constant("STATUS_TSTAMP") + 8, nsec!, true);
    view.setBigUint64(status + machine.constant("STATUS_AUDIO_TSTAMP"), audioSec!, true);
    view.setBigUint64(status + machine.constant("STATUS_AUDIO_TSTAMP") + 8, audioNsec!, true);
    const putWord = (at: number, value: bigint): void => {
      if (machine.wordBytes === 8) view.setBigUint64(at, value, true);
      else view.setUint32(at, Number(value), true);
    };
    putWord(pointer("STREAM_CONTROL_PAGE"), applPtr!);
    putWord(pointer("STREAM_AVAIL_MIN_AT"), availMin!);
  }
}

/** The 32-bit boundary of a 400-frame buffer: the largest 400 × 2^k up to 0x7fffffff − 400. */
export const BOUNDARY32 = 0x64000000n;
