import { FaultlineError } from "../../base/errors.ts";
import type { ConstantName } from "../../core/exports.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { Machine } from "../../machine/machine.ts";
import { designs, requests, type VirtioSndDesign, type VirtioSndRule } from "./description.ts";
import { JournalReader, type VirtioSndEvent } from "./journal.ts";

const NANOSECONDS = 1_000_000n;

/** What a card's journal keeps: nothing, what happened, or also what I/O messages held then. */
export const journals = {
  nothing: "KEEPS_NOTHING",
  steps: "KEEPS_STEPS",
  contents: "KEEPS_CONTENTS",
} as const satisfies Record<string, ConstantName>;
export type VirtioSndJournal = keyof typeof journals;
export const journalNames = Object.keys(journals) as readonly VirtioSndJournal[];

/** A journal, and the bytes that it has room for between two questions. */
export interface JournalWish {
  readonly keeps: VirtioSndJournal;
  readonly bytes: number;
}

const holds = { never: "HOLD_NEVER", later: "HOLD_LATER" } as const;

/** A card's records in the core, and the journal of its device with what the transport saw in between. */
export class CoreCard {
  readonly machine: Machine;
  readonly address: number;
  readonly #journal: JournalReader;
  readonly #events: VirtioSndEvent[] = [];

  /** @throws FaultlineError "no-memory" when RAM is full */
  constructor(
    machine: Machine,
    design: VirtioSndDesign,
    timeoutMilliseconds: number,
    journal: JournalWish,
  ) {
    const timeout = BigInt(timeoutMilliseconds) * NANOSECONDS;
    this.machine = machine;
    this.address = this.allocated(
      machine.exports.virtioCreate(
        machine.constant(designs[design].constant),
        Number(BigInt.asUintN(32, timeout)),
        Number(timeout >> 32n),
        journal.bytes,
        machine.constant(journals[journal.keeps]),
      ),
    );
    this.#journal = new JournalReader(machine, this.deviceWord("SOUND_DEVICE_JOURNAL"));
  }

  /** An address in the core. @throws FaultlineError "no-memory" for 0 */
  allocated(address: number): number {
    if (address !== 0) return address >>> 0;
    throw new FaultlineError("no-memory", "RAM is full: no room for the device");
  }

  /** @throws FaultlineError "no-memory" for another answer than 0 */
  done(result: number): void {
    if (result !== 0) throw new FaultlineError("no-memory", "RAM is full: no room for the device");
  }

  #word(base: number, field: ConstantName, index = 0): number {
    return this.machine.words[((base + this.machine.constant(field)) >>> 2) + index]!;
  }

  #setWord(base: number, field: ConstantName, value: number, index = 0): void {
    this.machine.words[((base + this.machine.constant(field)) >>> 2) + index] = value;
  }

  get #device(): number {
    return this.#word(this.address, "CARD_DEVICE");
  }

  deviceWord(field: ConstantName): number {
    return this.#word(this.#device, field);
  }

  setDeviceWord(field: ConstantName, value: number): void {
    this.#setWord(this.#device, field, value);
  }

  /** The device's record of a queue, by its number. */
  queueAddress(number: number): number {
    const first = this.deviceWord("SOUND_DEVICE_QUEUES");
    return first + number * this.machine.constant("DEVICE_QUEUE_BYTES");
  }

  queueWord(number: number, field: ConstantName): number {
    return this.#word(this.queueAddress(number), field);
  }

  /** Gives the device bytes of its own in place of those it had; their place and length are two words of its record. */
  storeBytes(field: ConstantName, bytes: Uint8Array): void {
    const { exports } = this.machine;
    const [old, oldBytes] = [this.deviceWord(field), this.#word(this.#device, field, 1)];
    if (old === 0 && bytes.length === 0) return;
    exports.virtioFree(old, oldBytes);
    const at = bytes.length === 0 ? 0 : this.allocated(exports.virtioAllocate(bytes.length));
    this.machine.bytes.set(bytes, at);
    this.#setWord(this.#device, field, at);
    this.#setWord(this.#device, field, bytes.length, 1);
  }

  /** A rule behind those there are. @throws FaultlineError "no-memory" when there is no room for one more */
  addRule(rule: VirtioSndRule): void {
    const at = this.allocated(this.machine.exports.virtioRule(this.address));
    const hold = rule.action === undefined ? "HOLD_NOT" : holds[rule.action];
    this.#setWord(at, "RULE_REQUEST", requests[rule.request]);
    this.#setWord(at, "RULE_SKIP", rule.skip ?? 0);
    this.#setWord(at, "RULE_TIMES", rule.times ?? -1);
    this.#setWord(at, "RULE_STATUS", rule.status ?? coreConstants.STATUS_OK);
    this.#setWord(at, "RULE_HOLD", this.machine.constant(hold));
    this.#setWord(at, "RULE_USED_LENGTH", rule.usedLength ?? -1);
    this.#setWord(at, "RULE_KEEP", rule.keep ?? 0);
  }

  /** The transport saw something. */
  note(event: VirtioSndEvent): void {
    this.#events.push(...this.#journal.take(), event);
  }

  takeEvents(): VirtioSndEvent[] {
    return [...this.#events.splice(0), ...this.#journal.take()];
  }

  forgetEvents(): void {
    this.#events.length = 0;
    this.#journal.forget();
  }

  /** Records of the journal for which there was no room. */
  get lostEvents(): number {
    return this.#journal.lost;
  }

  /** First entries of the control requests that the device holds. */
  heldHeads(): number[] {
    const held = this.deviceWord("SOUND_DEVICE_HELD") >>> 2;
    const count = this.deviceWord("SOUND_DEVICE_HELD_COUNT");
    return Array.from({ length: count }, (_, index) => this.machine.words[held + 2 * index]!);
  }
}
