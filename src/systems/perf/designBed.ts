/** Samples by one design for where the copy of the user registers lives: the core's DesignBed, as kernel code uses it. */

import { UsageError } from "../../base/errors.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import type { Machine } from "../../machine/machine.ts";
import { CoreRecord } from "./coreRecord.ts";
import type { PebsSource } from "./pebs.ts";
import type { PerfEvent } from "./perfEvent.ts";
import { RegisterFrame } from "./registers.ts";

/** Contexts of a CPU, each of which only those behind it may interrupt. */
export const sampleContexts = ["task", "softirq", "irq", "nmi"] as const;
export type SampleContext = (typeof sampleContexts)[number];

/** What makes a design. */
export interface CopyDesign {
  readonly storage: Extract<ConstantName, `STORAGE_${string}`>;
  readonly fetching: Extract<ConstantName, `FETCH_${string}`>;
  readonly marking: Extract<ConstantName, `MARK_${string}`>;
  /** Which registers a copy for an NMI trusts. */
  readonly saving: Extract<ConstantName, `SAVED_${string}`>;
  /** Copies a CPU has outside of samples. */
  readonly slots: number;
  /** Bytes from one to the next. Default: those of struct pt_regs. */
  readonly slotBytes?: number;
}

/** Where the members of struct perf_sample_data stand. */
export interface SamplePlaces {
  readonly bytes: number;
  readonly offsets: ReadonlyMap<string, number>;
  readonly init: readonly { readonly offset: number }[];
}

/** Members by the core's numbers for them. */
const fields = {
  FIELD_FLAGS: "sample_flags",
  FIELD_TYPE: "type",
  FIELD_IP: "ip",
  FIELD_TID: "tid_entry",
  FIELD_TIME: "time",
  FIELD_ID: "id",
  FIELD_CPU: "cpu_entry",
  FIELD_CALLCHAIN: "callchain",
  FIELD_USER_ABI: "regs_user.abi",
  FIELD_USER_REGS: "regs_user.regs",
  FIELD_USER_COPY: "regs_user_copy",
  FIELD_INTR_ABI: "regs_intr.abi",
  FIELD_INTR_REGS: "regs_intr.regs",
  FIELD_STACK_SIZE: "stack_user_size",
} as const satisfies Partial<Record<ConstantName, string>>;

/** A sample that interrupts another at a point. */
export interface Interruption {
  /** The point's number, counted from 0 over all samples in progress. */
  readonly at: number;
  readonly context: SampleContext;
  readonly event: PerfEvent;
  /** What it interrupts. */
  readonly regs: RegisterFrame;
}

/** Where a CPU's memory for samples lies. */
export interface Region {
  readonly from: number;
  readonly to: number;
}

/** So many contexts can be interrupted by another. */
const MOST_INTERRUPTIONS = sampleContexts.length - 1;
const WORD_BYTES = 8;
/** Bits of a context's part in the word with the slots. */
const SLOT_BITS = 8;
const SLOT_MASK = 255;

export class DesignBed {
  readonly #machine: Machine;
  readonly #cpu: number;
  readonly #design: CopyDesign;
  readonly #places: SamplePlaces;
  readonly #buffers: KernelBuffer[] = [];
  readonly #record: CoreRecord;
  /** A struct perf_sample_data for each context. */
  readonly stack: Region;
  /** The copies that are no part of one; empty where there are none. */
  readonly copies: Region;
  /** What a PEBS record is turned into. */
  readonly image: RegisterFrame;
  /** What the user registers are, and were in the entry before, for whoever looks. */
  readonly truth: RegisterFrame;
  readonly before: RegisterFrame;
  #entries = 0n;
  #planned: readonly Interruption[] = [];

  /**
   * @param copiesAt where in a line the first copy begins, in bytes
   * @throws UsageError for a structure without a member that the design needs
   */
  constructor(
    machine: Machine,
    cpu: number,
    design: CopyDesign,
    places: SamplePlaces,
    copiesAt = 0,
  ) {
    this.#machine = machine;
    this.#cpu = machine.checkedCpu(cpu);
    this.#design = design;
    this.#places = places;
    checkPlaces(design, places);
    const frameBytes = machine.constant("PT_REGS_BYTES");
    const slotBytes = design.slotBytes ?? frameBytes;
    this.#record = new CoreRecord(machine, this.#buffer(machine.constant("DESIGN_BED_BYTES")));
    const stack = this.#buffer(places.bytes * sampleContexts.length);
    this.stack = { from: stack, to: stack + places.bytes * sampleContexts.length };
    const copies = this.#buffer(copiesAt + design.slots * slotBytes + WORD_BYTES) + copiesAt;
    this.copies = { from: copies, to: copies + design.slots * slotBytes };
    this.image = new RegisterFrame(machine, this.#buffer(frameBytes));
    this.truth = new RegisterFrame(machine, this.#buffer(frameBytes));
    this.before = new RegisterFrame(machine, this.#buffer(frameBytes));
    this.#fill(slotBytes);
  }

  #buffer(bytes: number): number {
    const buffer = this.#machine.allocKernel(bytes);
    buffer.bytes.fill(0);
    this.#buffers.push(buffer);
    return buffer.linear;
  }

  #fill(slotBytes: number): void {
    const { storage, fetching, marking, saving } = this.#design;
    const numbers = {
      DESIGN_STORAGE: this.#machine.constant(storage),
      DESIGN_FETCHING: this.#machine.constant(fetching),
      DESIGN_MARKING: this.#machine.constant(marking),
      DESIGN_SAVING: this.#machine.constant(saving),
      DESIGN_STACK: this.stack.from,
      DESIGN_SAMPLE_BYTES: this.#places.bytes,
      DESIGN_PER_CPU: this.copies.from,
      DESIGN_SLOT_BYTES: slotBytes,
      DESIGN_MARK: this.copies.to,
      DESIGN_IMAGE: this.image.address,
      DESIGN_INIT_WORDS: this.#places.init.length,
    } as const;
    for (const [name, value] of Object.entries(numbers)) {
      this.#record.set32(name as keyof typeof numbers, value);
    }
    for (const [field, path] of Object.entries(fields)) {
      const number = this.#machine.constant(field as keyof typeof fields);
      this.#setWord("DESIGN_FIELDS_AT", number, this.#places.offsets.get(path) ?? 0);
    }
    this.#places.init.forEach(({ offset }, at) => this.#setWord("DESIGN_INIT_AT", at, offset));
  }

  #setWord(table: "DESIGN_FIELDS_AT" | "DESIGN_INIT_AT", index: number, value: number): void {
    const at = this.#record.address + this.#machine.constant(table);
    this.#machine.words[(at >>> 2) + index] = value;
  }

  #in<Result>(context: SampleContext, work: () => Result): Result {
    const { exports } = this.#machine;
    exports.setContext(this.#cpu, sampleContexts.indexOf(context));
    const result = work();
    exports.setContext(this.#cpu, 0);
    this.#checkRefused();
    return result;
  }

  /** An interruption was due while a context was running that it cannot interrupt. */
  #checkRefused(): void {
    const refused = this.#record.get32("DESIGN_REFUSED");
    if (refused === 0) return;
    this.#record.set32("DESIGN_REFUSED", 0);
    const running = sampleContexts[refused - 1]!;
    const number = this.#record.get32("DESIGN_DUE") - 1;
    const { at, context } = this.#planned[number]!;
    const higher = sampleContexts.slice(refused);
    throw new UsageError({
      argument: `interruptions[${number}].context`,
      problem: `is ${context}, at point ${at}, where ${running} is running`,
      valid: higher.join(", ") || "none there: nothing interrupts an NMI",
    });
  }

  /** A whole sample of what `regs` interrupted: its record goes into the event's ring. */
  sample(context: SampleContext, event: PerfEvent, regs: RegisterFrame): void {
    this.#in(context, () =>
      this.#machine.exports.perfDesignSample(
        this.#cpu,
        this.#record.address,
        event.record.address,
        regs.address,
      ),
    );
  }

  /** A loop of samples, for measuring. */
  sampleLoop(
    context: SampleContext,
    event: PerfEvent,
    regs: RegisterFrame,
  ): (turns: number) => void {
    const { exports } = this.#machine;
    const places = [this.#record.address, event.record.address, regs.address] as const;
    return (turns) =>
      this.#in(context, () => exports.measurePerfDesign(this.#cpu, ...places, turns));
  }

  /** A sample out of a record of the hardware's. */
  samplePebs(
    context: SampleContext,
    event: PerfEvent,
    source: PebsSource,
    regs: RegisterFrame,
  ): void {
    this.#in(context, () =>
      this.#machine.exports.perfDesignPebs(
        this.#cpu,
        this.#record.address,
        event.record.address,
        source.pebs.address,
        source.record.address,
        regs.address,
      ),
    );
  }

  /** Begins a sample without taking one: init. */
  open(context: SampleContext): void {
    this.#in(context, () => this.#machine.exports.perfDesignOpen(this.#cpu, this.#record.address));
  }

  /** perf_fetch_regs_user: the ABI, and where the user registers are read from (0: nowhere). */
  fetch(context: SampleContext, regs: RegisterFrame): { abi: bigint; regs: number } {
    this.#in(context, () =>
      this.#machine.exports.perfDesignFetch(this.#cpu, this.#record.address, regs.address),
    );
    return this.fetched(context);
  }

  /** What a context's sample has for the user registers: their ABI, and where they are. */
  fetched(context: SampleContext): { abi: bigint; regs: number } {
    return {
      abi: this.#member(context, "regs_user.abi"),
      regs: Number(this.#member(context, "regs_user.regs")),
    };
  }

  #member(context: SampleContext, path: string): bigint {
    return this.#machine.wideAt(this.sampleRegion(context).from + this.#places.offsets.get(path)!);
  }

  /** The sample is written. */
  release(context: SampleContext): void {
    this.#in(context, () =>
      this.#machine.exports.perfDesignRelease(this.#cpu, this.#record.address),
    );
  }

  /** The copies and, behind them, the word of their mark. */
  get perCpu(): Region {
    return { from: this.copies.from, to: this.copies.to + WORD_BYTES };
  }

  /** The struct perf_sample_data of a context. */
  sampleRegion(context: SampleContext): Region {
    const from = this.stack.from + sampleContexts.indexOf(context) * this.#places.bytes;
    return { from, to: from + this.#places.bytes };
  }

  /** The member regs_user_copy of a context's sample; null without. */
  copyInSample(context: SampleContext): Region | null {
    const offset = this.#places.offsets.get("regs_user_copy");
    if (offset === undefined) return null;
    const from = this.sampleRegion(context).from + offset;
    return { from, to: from + this.#machine.constant("PT_REGS_BYTES") };
  }

  /** A new entry from user mode: its number. One bit of a mark is cleared by it, a name stays. */
  enterFromUser(): bigint {
    this.#entries += 1n;
    this.entry = this.#entries;
    const { marking } = this.#design;
    if (marking === "MARK_FIRST" || marking === "MARK_LAST") {
      this.#machine.bytes[this.copies.to] = 0;
    }
    return this.#entries;
  }

  /** The entry that the running task is in: a task switch changes nothing else. */
  set entry(entry: bigint) {
    this.#record.set64("DESIGN_ENTRY", entry);
  }

  /** The task has softirqs disabled. */
  set bottomHalvesOff(off: boolean) {
    this.#record.set32("DESIGN_BOTTOM_HALVES_OFF", off ? 1 : 0);
  }

  /** From here on what samples get is compared with `truth` and `before`; differences are findings (study build). */
  watch(): void {
    this.#record.set32("DESIGN_TRUTH", this.truth.address);
    this.#record.set32("DESIGN_BEFORE", this.before.address);
  }

  /** Study build: samples that come at points of the next ones, in the order of their points. */
  plan(interruptions: readonly Interruption[]): void {
    if (interruptions.length > MOST_INTERRUPTIONS) {
      throw new UsageError({
        argument: "interruptions",
        problem: `has ${interruptions.length}`,
        valid: `at most ${MOST_INTERRUPTIONS}: a context is interrupted by a higher one alone`,
      });
    }
    interruptions.forEach((interruption, index) => this.#setInterruption(interruption, index));
    this.#planned = [...interruptions];
    this.#record.set32("DESIGN_PLANNED", interruptions.length);
    this.#record.set32("DESIGN_DUE", 0);
    this.#record.set32("DESIGN_POINTS", 0);
  }

  #setInterruption({ at, context, event, regs }: Interruption, index: number): void {
    const { machine, address } = this.#record;
    const place = machine.constant("DESIGN_INTERRUPTIONS_AT");
    const bytes = machine.constant("INTERRUPTION_BYTES");
    const record = new CoreRecord(machine, address + place + index * bytes);
    record.set32("INTERRUPTION_AT", at);
    record.set32("INTERRUPTION_CONTEXT", sampleContexts.indexOf(context));
    record.set32("INTERRUPTION_EVENT", event.record.address);
    record.set32("INTERRUPTION_REGS", regs.address);
  }

  /** Study build: points passed since the plan was made. */
  get points(): number {
    return this.#record.get32("DESIGN_POINTS");
  }

  /** Copies chosen while another context was using them. */
  get collisions(): number {
    return this.#record.get32("DESIGN_COLLISIONS");
  }

  /** Study build: registers that went into samples as −1. */
  get unknown(): number {
    return this.#record.get32("DESIGN_UNKNOWN");
  }

  /** The copy that a context used last; null for none. */
  chosen(context: SampleContext): number | null {
    const shift = sampleContexts.indexOf(context) * SLOT_BITS;
    const slot = (this.#record.get32("DESIGN_CHOSEN") >>> shift) & SLOT_MASK;
    return slot === 0 ? null : slot - 1;
  }

  free(): void {
    for (const buffer of this.#buffers) buffer.free();
  }
}

function checkPlaces({ storage, fetching }: CopyDesign, { offsets }: SamplePlaces): void {
  const needed = [
    ...(storage === "STORAGE_SAMPLE" ? ["regs_user_copy"] : []),
    ...(fetching === "FETCH_FLAG" ? ["sample_flags"] : []),
  ];
  const missing = needed.find((name) => !offsets.has(name));
  if (missing === undefined) return;
  throw new UsageError({
    argument: "places",
    problem: `has no member ${missing}`,
    valid: "a structure with every member that the design uses",
  });
}
