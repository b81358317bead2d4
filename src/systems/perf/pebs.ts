/** What a processor with precise event sampling writes, and how the kernel takes it over (arch/x86/events/intel/ds.c). */

import {
  checkOptions,
  checkThat,
  nameOf,
  objectOf,
  orNull,
  whole,
  type Check,
  type Shape,
} from "../../base/checks.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import { madeMachine, type Machine } from "../../machine/machine.ts";
import { CoreRecord } from "./coreRecord.ts";
import type { FrameWord } from "./registers.ts";

/** Ways to make registers out of a record and the interrupt's own. */
export const pebsWays = [
  { name: "full", constant: "PEBS_FULL", meaning: "all of the interrupt's registers are copied" },
  { name: "slim", constant: "PEBS_SLIM", meaning: "cs and flags alone are copied" },
  {
    name: "guarded",
    constant: "PEBS_GUARDED",
    meaning: "likewise, and a mask tells readers which words were set",
  },
  {
    name: "always",
    constant: "PEBS_ALWAYS",
    meaning:
      "the record's registers are taken whether asked for or not, and from the interrupt the rest",
  },
] as const satisfies readonly {
  readonly name: string;
  readonly constant: ConstantName;
  readonly meaning: string;
}[];

export type PebsWay = (typeof pebsWays)[number]["name"];

export const pebsWayNames: readonly PebsWay[] = pebsWays.map(({ name }) => name);

/** Registers that a record holds besides flags and ip. */
const recorded = {
  ax: "PEBS_RECORD_AX",
  bx: "PEBS_RECORD_BX",
  cx: "PEBS_RECORD_CX",
  dx: "PEBS_RECORD_DX",
  si: "PEBS_RECORD_SI",
  di: "PEBS_RECORD_DI",
  bp: "PEBS_RECORD_BP",
  sp: "PEBS_RECORD_SP",
  r8: "PEBS_RECORD_R8",
  r9: "PEBS_RECORD_R9",
  r10: "PEBS_RECORD_R10",
  r11: "PEBS_RECORD_R11",
  r12: "PEBS_RECORD_R12",
  r13: "PEBS_RECORD_R13",
  r14: "PEBS_RECORD_R14",
  r15: "PEBS_RECORD_R15",
} as const satisfies Partial<Record<FrameWord, ConstantName>>;

export type RecordedRegister = keyof typeof recorded;
export const recordedRegisters = Object.keys(recorded) as readonly RecordedRegister[];

/** A record, as the hardware left it. */
export interface PebsContent {
  readonly registers: Readonly<Record<RecordedRegister, bigint>>;
  readonly flags: bigint;
  /** Behind the instruction. */
  readonly ip: bigint;
  /** Of the instruction itself, from format 2 on. */
  readonly realIp: bigint;
}

/** What the processor can do, and how the kernel takes a record over. */
export interface PebsOptions {
  readonly way: PebsWay;
  /** Of the record: from 2 on it has the ip of the instruction itself. */
  readonly format: number;
  /** What the branch records make of the ip; null = nothing. */
  readonly fixedIp: bigint | null;
}

const MOST_FORMAT = 0xffff_ffff;
const aWord = checkThat("a bigint", (value) => typeof value === "bigint");

const contentShape: Shape<PebsContent> = {
  registers: objectOf(
    Object.fromEntries(recordedRegisters.map((name) => [name, aWord])) as Record<
      RecordedRegister,
      Check
    >,
  ),
  flags: aWord,
  ip: aWord,
  realIp: aWord,
};

const optionsShape: Shape<PebsOptions> = {
  way: nameOf(pebsWayNames),
  format: whole(0, MOST_FORMAT),
  fixedIp: orNull(aWord),
};

/** A record in the core, and how it is taken over. */
export class PebsSource {
  readonly #pebs: CoreRecord;
  readonly #record: CoreRecord;
  readonly #buffers: readonly KernelBuffer[];

  /** @throws UsageError for a record or a way that there is not; FaultlineError "no-memory" when RAM is full */
  constructor(machine: Machine, content: PebsContent, options: PebsOptions) {
    madeMachine("machine", machine);
    checkOptions("content", content, contentShape);
    checkOptions("options", options, optionsShape);
    const { way, format, fixedIp } = options;
    const buffers = (["PEBS_BYTES", "PEBS_RECORD_BYTES"] as const).map((bytes) =>
      machine.allocKernel(machine.constant(bytes)),
    );
    this.#buffers = buffers;
    this.#pebs = new CoreRecord(machine, buffers[0]!.linear);
    this.#record = new CoreRecord(machine, buffers[1]!.linear);
    const { constant } = pebsWays.find(({ name }) => name === way)!;
    this.#pebs.set32("PEBS_WAY", machine.constant(constant));
    this.#pebs.set32("PEBS_FORMAT", format);
    this.#pebs.set64("PEBS_FIXED_IP", fixedIp ?? 0n);
    this.#record.set64("PEBS_RECORD_FLAGS", content.flags);
    this.#record.set64("PEBS_RECORD_IP", content.ip);
    this.#record.set64("PEBS_RECORD_REAL_IP", content.realIp);
    for (const name of recordedRegisters) {
      this.#record.set64(recorded[name], content.registers[name]);
    }
  }

  /** Made here: an object that inherits from one, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is PebsSource {
    return typeof value === "object" && value !== null && #buffers in value;
  }

  /** How it is taken over. @throws UsageError once it was given up */
  get pebs(): CoreRecord {
    this.#check();
    return this.#pebs;
  }

  /** The hardware's record. @throws UsageError once it was given up */
  get record(): CoreRecord {
    this.#check();
    return this.#record;
  }

  #check(): void {
    for (const buffer of this.#buffers) void buffer.linear;
  }

  free(): void {
    for (const buffer of this.#buffers) buffer.free();
  }
}

export const madeSource = checkThat("a new PebsSource(machine, …)", (value) =>
  PebsSource.isOne(value),
);
