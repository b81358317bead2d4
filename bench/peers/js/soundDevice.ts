// The device's side of a virtio sound card's tx queue in the JavaScript peer. It shares nothing with the driver but the
// rings and the memory that they point to, and trusts none of it: what reaches out of RAM ends a message.

import { RAM } from "./layout.ts";
import {
  DESCRIPTOR_BYTES,
  DESCRIPTOR_INDIRECT,
  DESCRIPTOR_NEXT,
  DESCRIPTOR_WRITE,
  INDEX_MASK,
  NO_SIGNAL,
} from "./virtqueue.ts";
import type { RingMemory, Vring } from "./virtqueue.ts";

export const HEADER_BYTES = 4;
export const STATUS_BYTES = 8;
const STATUS_OK = 0x8000;

export class SoundDevice {
  readonly #memory: RingMemory;
  readonly #ring: Vring;
  readonly #ramBytes: number;
  readonly #output: number;
  readonly #outputBytes: number;
  /** Heads of the messages that it has, oldest first. */
  readonly #waiting: Uint16Array;
  #waitingCount = 0;
  #returned = 0;
  /** Messages that it has taken, over 16 bits. */
  taken = 0;
  /** Bytes of the message that it played last. */
  played = 0;

  /** `output`: where it puts what it plays. */
  constructor(memory: RingMemory, ring: Vring, output: number, outputBytes: number) {
    this.#memory = memory;
    this.#ring = ring;
    this.#ramBytes = memory.bytes.length - RAM;
    this.#output = output;
    this.#outputBytes = outputBytes;
    this.#waiting = new Uint16Array(ring.entries);
  }

  waitingHeads(): number[] {
    return [...this.#waiting.subarray(0, this.#waitingCount)];
  }

  /** Takes what the driver exposed since the last look. */
  look(): void {
    const { halves } = this.#memory;
    const { available, entries } = this.#ring;
    const first = available >> 1;
    while (this.taken !== halves[first + 1]! && this.#waitingCount < entries) {
      const head = halves[first + 2 + (this.taken & (entries - 1))]!;
      this.#waiting[this.#waitingCount++] = head;
      this.taken = (this.taken + 1) & INDEX_MASK;
    }
  }

  /** Plays the oldest message and returns it; false where it has none. */
  play(): boolean {
    if (this.#waitingCount === 0) return false;
    const head = this.#waiting[0]!;
    this.#waitingCount--;
    for (let at = 0; at < this.#waitingCount; at++) this.#waiting[at] = this.#waiting[at + 1]!;
    const { words } = this.#memory;
    const status = this.#read(head);
    if (status !== 0) {
      words[status >> 2] = STATUS_OK;
      words[(status >> 2) + 1] = 0;
    }
    this.#giveBack(head);
    return true;
  }

  #giveBack(head: number): void {
    const { words, halves } = this.#memory;
    const { used, entries } = this.#ring;
    const entry = (used >> 2) + 1 + 2 * (this.#returned & (entries - 1));
    words[entry] = head;
    words[entry + 1] = STATUS_BYTES;
    this.#returned = (this.#returned + 1) & INDEX_MASK;
    halves[(used >> 1) + 1] = this.#returned;
  }

  /** The driver wants to be interrupted. */
  get isInterruptDue(): boolean {
    return (this.#memory.halves[this.#ring.available >> 1]! & NO_SIGNAL) === 0;
  }

  /** Address of a piece, 0 where it does not all lie in RAM. */
  #addressAt(word: number): number {
    const { words } = this.#memory;
    const address = words[word]! >>> 0;
    const length = words[word + 2]! >>> 0;
    return words[word + 1] === 0 && address + length <= this.#ramBytes ? RAM + address : 0;
  }

  /** Reads the bytes behind the header, pieces that are adjacent in one go: where the status goes, 0 for nowhere. */
  #read(head: number): number {
    const { words } = this.#memory;
    const { table, entries } = this.#ring;
    this.played = 0;
    if (head >= entries) return 0;
    const entry = (table + head * DESCRIPTOR_BYTES) >> 2;
    const own = this.#addressAt(entry);
    if (own === 0 || (words[entry + 3]! & DESCRIPTOR_INDIRECT) === 0) return 0;
    const count = Math.trunc((words[entry + 2]! >>> 0) / DESCRIPTOR_BYTES);
    let skip = HEADER_BYTES;
    let start = 0;
    let bytes = 0;
    let status = 0;
    for (let index = 0, left = count; left > 0; left--) {
      if (index >= count) return 0;
      const piece = (own + index * DESCRIPTOR_BYTES) >> 2;
      const address = this.#addressAt(piece);
      if (address === 0) return 0;
      const length = words[piece + 2]! >>> 0;
      const link = words[piece + 3]!;
      if ((link & DESCRIPTOR_WRITE) !== 0) {
        status = length >= STATUS_BYTES ? address : 0;
      } else {
        const skipped = Math.min(skip, length);
        skip -= skipped;
        if (address + skipped !== start + bytes) {
          this.#hear(start, bytes);
          start = address + skipped;
          bytes = 0;
        }
        bytes += length - skipped;
      }
      if ((link & DESCRIPTOR_NEXT) === 0) break;
      index = link >>> 16;
    }
    this.#hear(start, bytes);
    return status;
  }

  #hear(start: number, bytes: number): void {
    const part = Math.min(bytes, this.#outputBytes - this.played);
    if (part === 0) return;
    this.#memory.bytes.copyWithin(this.#output + this.played, start, start + part);
    this.played += part;
  }
}
