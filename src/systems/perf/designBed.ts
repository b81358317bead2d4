/** Samples by one design for where the copy of the user registers lives: the core's DesignBed, as kernel code uses it. */

import { checkOptions, flag, listOf, wholeNumber, wrong } from "../../base/checks.ts";
import { UsageError } from "../../base/errors.ts";
import { Handle } from "../../machine/handle.ts";
import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import { madeMachine, type Machine } from "../../machine/machine.ts";
import {
  aWordInPage,
  checkDesign,
  checkPlaces,
  sampleFields,
  type CopyDesign,
  type SamplePlaces,
} from "./copyDesign.ts";
import { CoreRecord } from "./coreRecord.ts";
import {
  MOST_COUNTED,
  MOST_INTERRUPTIONS,
  aContext,
  interruptionShape,
  sampleContexts,
  type Interruption,
  type SampleContext,
} from "./interruption.ts";
import { madeSource, type PebsSource } from "./pebs.ts";
import { madeEvent, type PerfEvent } from "./perfEvent.ts";
import { RegisterFrame, madeFrame } from "./registers.ts";

/** Where a CPU's memory for samples lies. */
export interface Region {
  readonly from: number;
  readonly to: number;
}

const WORD_BYTES = 8;
const MOST_ENTRY = 2n ** 64n - 1n;
/** Bits of a context's part in the word with the slots. */
const SLOT_BITS = 8;
const SLOT_MASK = 255;

/** Samples of one CPU by one design, with the memory that they are taken in. */
export class DesignBed {
  readonly #machine: Machine;
  readonly #cpu: number;
  readonly #design: CopyDesign;
  readonly #places: SamplePlaces;
  readonly #buffers: KernelBuffer[] = [];
  readonly #place: CoreRecord;
  readonly #handle: Handle;
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
   * @param copiesAt where in a line the first copy begins, in bytes: a multiple of 8
   * @throws UsageError for a design that has too few copies, or a structure without a member that it needs;
   *   FaultlineError "no-memory" when RAM is full
   */
  constructor(
    machine: Machine,
    cpu: number,
    design: CopyDesign,
    places: SamplePlaces,
    copiesAt = 0,
  ) {
    madeMachine("machine", machine);
    this.#machine = machine;
    this.#cpu = machine.checkedCpu(cpu);
    checkDesign(design);
    checkPlaces(design, places);
    aWordInPage("copiesAt", copiesAt);
    this.#design = design;
    this.#places = places;
    const frameBytes = machine.constant("PT_REGS_BYTES");
    const slotBytes = design.slotBytes ?? frameBytes;
    this.#place = new CoreRecord(machine, this.#buffer(machine.constant("DESIGN_BED_BYTES")));
    this.#handle = new Handle(machine, "bed", this.#place.address);
    const stack = this.#buffer(places.bytes * sampleContexts.length);
    this.stack = { from: stack, to: stack + places.bytes * sampleContexts.length };
    const copies = this.#buffer(copiesAt + design.slots * slotBytes + WORD_BYTES) + copiesAt;
    this.copies = { from: copies, to: copies + design.slots * slotBytes };
    this.image = this.#frame(frameBytes);
    this.truth = this.#frame(frameBytes);
    this.before = this.#frame(frameBytes);
    this.#fill(slotBytes);
  }

  /** Its record in the core. @throws UsageError once the bed was given up */
  get #record(): CoreRecord {
    this.#handle.check();
    return this.#place;
  }

  #frame(bytes: number): RegisterFrame {
    return new RegisterFrame(this.#machine, this.#buffer(bytes), () => this.#handle.check());
  }

  #buffer(bytes: number): number {
    const buffer = this.#allocated(bytes);
    buffer.bytes.fill(0);
    this.#buffers.push(buffer);
    return buffer.linear;
  }

  /** Where RAM is full, what the bed has so far is given back. */
  #allocated(bytes: number): KernelBuffer {
    try {
      return this.#machine.allocKernel(bytes);
    } catch (error) {
      for (const buffer of this.#buffers) buffer.free();
      throw error;
    }
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
    for (const [field, path] of Object.entries(sampleFields)) {
      const number = this.#machine.constant(field as keyof typeof sampleFields);
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
    for (const { event, regs } of this.#planned) {
      this.#eventHere("event", event);
      this.#frameHere("regs", regs);
    }
    exports.setContext(this.#cpu, sampleContexts.indexOf(context));
    const result = work();
    exports.setContext(this.#cpu, 0);
    this.#checkRefused();
    return result;
  }

  /** Linear address of the bed for a call in a context. @throws UsageError for no context, or once it was given up */
  #bedIn(context: SampleContext): number {
    aContext("context", context);
    return this.#record.address;
  }

  /** Linear address of an event of this machine. */
  #eventHere(argument: string, event: PerfEvent): number {
    madeEvent(argument, event);
    return this.#here(argument, event.record);
  }

  /** Linear address of a frame of this machine. */
  #frameHere(argument: string, regs: RegisterFrame): number {
    madeFrame(argument, regs);
    return this.#here(argument, regs.record);
  }

  #here(argument: string, { machine, address }: CoreRecord): number {
    if (machine === this.#machine) return address;
    throw new UsageError({
      argument,
      problem: "belongs to another machine",
      valid: "one of the bed's machine",
    });
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

  /**
   * A whole sample of what `regs` interrupted: its record goes into the event's ring.
   * @throws UsageError where a planned sample of a context comes that is not above the running one
   */
  sample(context: SampleContext, event: PerfEvent, regs: RegisterFrame): void {
    const places = this.#placesOf(context, event, regs);
    this.#in(context, () => this.#machine.exports.perfDesignSample(this.#cpu, ...places));
  }

  /** The addresses of bed, event and frame. */
  #placesOf(
    context: SampleContext,
    event: PerfEvent,
    regs: RegisterFrame,
  ): readonly [bed: number, event: number, regs: number] {
    return [this.#bedIn(context), this.#eventHere("event", event), this.#frameHere("regs", regs)];
  }

  /** A loop of samples, for measuring. */
  sampleLoop(
    context: SampleContext,
    event: PerfEvent,
    regs: RegisterFrame,
  ): (turns: number) => void {
    const { exports } = this.#machine;
    this.#placesOf(context, event, regs);
    return (turns) => {
      wholeNumber("turns", turns, 0, MOST_COUNTED);
      const places = this.#placesOf(context, event, regs);
      this.#in(context, () => exports.measurePerfDesign(this.#cpu, ...places, turns));
    };
  }

  /** A sample out of a record of the hardware's. */
  samplePebs(
    context: SampleContext,
    event: PerfEvent,
    source: PebsSource,
    regs: RegisterFrame,
  ): void {
    const [bed, ofEvent, ofRegs] = this.#placesOf(context, event, regs);
    madeSource("source", source);
    const pebs = this.#here("source", source.pebs);
    const record = this.#here("source", source.record);
    this.#in(context, () =>
      this.#machine.exports.perfDesignPebs(this.#cpu, bed, ofEvent, pebs, record, ofRegs),
    );
  }

  /** Begins a sample without taking one: init. */
  open(context: SampleContext): void {
    const bed = this.#bedIn(context);
    this.#in(context, () => this.#machine.exports.perfDesignOpen(this.#cpu, bed));
  }

  /** perf_fetch_regs_user: the ABI, and where the user registers are read from (0: nowhere). */
  fetch(context: SampleContext, regs: RegisterFrame): { abi: bigint; regs: number } {
    const bed = this.#bedIn(context);
    const frame = this.#frameHere("regs", regs);
    this.#in(context, () => this.#machine.exports.perfDesignFetch(this.#cpu, bed, frame));
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
    const bed = this.#bedIn(context);
    this.#in(context, () => this.#machine.exports.perfDesignRelease(this.#cpu, bed));
  }

  /** The copies and, behind them, the word of their mark. */
  get perCpu(): Region {
    return { from: this.copies.from, to: this.copies.to + WORD_BYTES };
  }

  /** The struct perf_sample_data of a context. */
  sampleRegion(context: SampleContext): Region {
    this.#bedIn(context);
    const from = this.stack.from + sampleContexts.indexOf(context) * this.#places.bytes;
    return { from, to: from + this.#places.bytes };
  }

  /** The member regs_user_copy of a context's sample; null without. */
  copyInSample(context: SampleContext): Region | null {
    this.#bedIn(context);
    const offset = this.#places.offsets.get("regs_user_copy");
    if (offset === undefined) return null;
    const from = this.sampleRegion(context).from + offset;
    return { from, to: from + this.#machine.constant("PT_REGS_BYTES") };
  }

  /** A new entry from user mode: its number. One bit of a mark is cleared by it, a name stays. */
  enterFromUser(): bigint {
    this.#handle.check();
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
    if (typeof entry !== "bigint" || entry < 0n || entry > MOST_ENTRY) {
      throw wrong("entry", entry, "a bigint from 0 to 2^64 - 1");
    }
    this.#record.set64("DESIGN_ENTRY", entry);
  }

  /** The task has softirqs disabled. */
  set bottomHalvesOff(off: boolean) {
    flag("bottomHalvesOff", off);
    this.#record.set32("DESIGN_BOTTOM_HALVES_OFF", off ? 1 : 0);
  }

  /** From here on what samples get is compared with `truth` and `before`; differences are findings (study build). */
  watch(): void {
    this.#record.set32("DESIGN_TRUTH", this.truth.address);
    this.#record.set32("DESIGN_BEFORE", this.before.address);
  }

  /** Study build: samples that come at points of the next ones, in the order of their points. */
  plan(interruptions: readonly Interruption[]): void {
    listOf((argument, entry) => this.#checkInterruption(argument, entry as Interruption))(
      "interruptions",
      interruptions,
    );
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

  #checkInterruption(argument: string, interruption: Interruption): void {
    checkOptions(argument, interruption, interruptionShape);
    this.#eventHere(`${argument}.event`, interruption.event);
    this.#frameHere(`${argument}.regs`, interruption.regs);
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
    this.#bedIn(context);
    const shift = sampleContexts.indexOf(context) * SLOT_BITS;
    const slot = (this.#record.get32("DESIGN_CHOSEN") >>> shift) & SLOT_MASK;
    return slot === 0 ? null : slot - 1;
  }

  /** Its memory is given back: nothing of it can be used any more. */
  free(): void {
    this.#handle.release("was given up");
    for (const buffer of this.#buffers) buffer.free();
  }
}
