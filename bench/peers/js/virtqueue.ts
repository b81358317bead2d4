// The driver's side of a split virtqueue as the JavaScript peer has it: descriptor table, available and used ring in the
// machine's memory, byte for byte; the list of free entries in the driver's own. Addresses are bytes; those that the
// device sees count from the start of RAM.

import { RAM } from "./layout.ts";
import type { JsMachine } from "./machine.ts";

export const DESCRIPTOR_BYTES = 16;
const DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4;
export const USED_ENTRY_BYTES = 8;
export const DESCRIPTOR_NEXT = 1;
export const DESCRIPTOR_WRITE = 2;
export const DESCRIPTOR_INDIRECT = 4;
/** The device need not interrupt (available), the driver need not notify (used). */
export const NO_SIGNAL = 1;
export const INDEX_MASK = 0xffff;

/** The machine's memory, with 16-bit words too: what both sides of a queue see. */
export interface RingMemory extends JsMachine {
  readonly halves: Uint16Array;
}

export function ringMemory(machine: JsMachine): RingMemory {
  return { ...machine, halves: new Uint16Array(machine.words.buffer) };
}

/** Where the three parts begin, in bytes. `entries` is a power of two. */
export interface Vring {
  readonly entries: number;
  readonly table: number;
  readonly available: number;
  readonly used: number;
}

/** A piece of a message. */
export interface Piece {
  readonly address: number;
  readonly length: number;
  /** The device writes it. */
  readonly writable: boolean;
}

/** The pieces as the words of the descriptors that they become. */
export function descriptorsOf(pieces: readonly Piece[]): Int32Array {
  const words = new Int32Array(pieces.length * DESCRIPTOR_WORDS);
  pieces.forEach(({ address, length, writable }, index) => {
    const next = index + 1 < pieces.length ? DESCRIPTOR_NEXT : 0;
    const flags = next | (writable ? DESCRIPTOR_WRITE : 0);
    words.set([address - RAM, 0, length, flags | ((index + 1) << 16)], index * DESCRIPTOR_WORDS);
  });
  return words;
}

export class Virtqueue {
  readonly #memory: RingMemory;
  readonly #ring: Vring;
  /** The entry after one, in the list of free ones. */
  readonly #next: Uint16Array;
  /** The message that begins at an entry, −1 = none. */
  readonly #tokens: Int32Array;
  /** Where an entry's indirect table lies. */
  readonly #tables: Int32Array;
  #freeHead = 0;
  #freeCount: number;
  #availIndex = 0;
  #lastUsed = 0;

  /** `tables`: room for an indirect table of `tableBytes` for each entry. */
  constructor(memory: RingMemory, ring: Vring, tables: number, tableBytes: number) {
    const { entries } = ring;
    this.#memory = memory;
    this.#ring = ring;
    this.#freeCount = entries;
    this.#next = Uint16Array.from({ length: entries }, (_, at) => (at + 1) % entries);
    this.#tokens = new Int32Array(entries).fill(-1);
    this.#tables = Int32Array.from({ length: entries }, (_, at) => tables + at * tableBytes);
  }

  /** Exposes a message in a table of its own; false where no entry is free. */
  add(descriptors: Int32Array, token: number): boolean {
    if (this.#freeCount === 0) return false;
    const { words, halves } = this.#memory;
    const { table, available, entries } = this.#ring;
    const head = this.#freeHead;
    const next = this.#next[head]!;
    const own = this.#tables[head]!;
    for (let at = 0; at < descriptors.length; at++) words[(own >> 2) + at] = descriptors[at]!;
    const entry = (table >> 2) + head * DESCRIPTOR_WORDS;
    words[entry] = own - RAM;
    words[entry + 1] = 0;
    words[entry + 2] = descriptors.length * 4;
    words[entry + 3] = DESCRIPTOR_INDIRECT | (next << 16);
    this.#tokens[head] = token;
    this.#freeHead = next;
    this.#freeCount--;
    const slot = this.#availIndex & (entries - 1);
    halves[(available >> 1) + 2 + slot] = head;
    this.#availIndex = (this.#availIndex + 1) & INDEX_MASK;
    halves[(available >> 1) + 1] = this.#availIndex;
    return true;
  }

  /** The device wants to be told of what was added. */
  get isKickDue(): boolean {
    return (this.#memory.halves[this.#ring.used >> 1]! & NO_SIGNAL) === 0;
  }

  get #hasUsed(): boolean {
    return this.#memory.halves[(this.#ring.used >> 1) + 1]! !== this.#lastUsed;
  }

  /** The message that came back, −1 where none did. */
  take(): number {
    if (!this.#hasUsed) return -1;
    const { words } = this.#memory;
    const { used, entries } = this.#ring;
    const slot = this.#lastUsed & (entries - 1);
    const head = words[(used >> 2) + 1 + slot * (USED_ENTRY_BYTES / 4)]!;
    const token = head >>> 0 < entries ? this.#tokens[head]! : -1;
    if (token < 0) throw new Error(`the device returned entry ${head}, which it was not given`);
    this.#tokens[head] = -1;
    this.#next[head] = this.#freeHead;
    this.#freeHead = head;
    this.#freeCount++;
    this.#lastUsed = (this.#lastUsed + 1) & INDEX_MASK;
    return token;
  }

  /** While messages are taken no interrupt is wanted. */
  disableInterrupts(): void {
    this.#memory.halves[this.#ring.available >> 1] = NO_SIGNAL;
  }

  /** False where more came back meanwhile. */
  enableInterrupts(): boolean {
    const { halves } = this.#memory;
    const { available, entries } = this.#ring;
    halves[available >> 1] = 0;
    halves[(available >> 1) + 2 + entries] = this.#lastUsed;
    return !this.#hasUsed;
  }
}
