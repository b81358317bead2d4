import { errnos } from "../../base/errno.ts";
import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import type { Machine } from "../../machine/machine.ts";
import type { UserIterator } from "./userIterator.ts";

const { EAGAIN, EFAULT, ENOMEM } = errnos;

/** Buffers of a fresh pipe: 65536 bytes (PIPE_DEF_BUFFERS, include/linux/pipe_fs_i.h). */
const RING_SLOTS = 16;
const SLOT_WORDS = 3;
const SLOTS_AT = 2;
const WORD_BYTES = 4;

/**
 * A non-blocking pipe (fs/pipe.c, 6.18): a ring of pages, each with the part of it that is data.
 * It works in whole pages: what a fault cuts short within one is not counted, in either direction. Waiting readers and
 * writers are left out. The record stands in emulated RAM:
 *
 *   ┌──────┬───────┬──────────────────────┬───
 *   │ tail │ count │ page, offset, length │ … 16 slots
 *   └──────┴───────┴──────────────────────┴───
 */
export class Pipe {
  readonly #machine: Machine;
  readonly #record: KernelBuffer;

  /** @throws FaultlineError "no-memory" when RAM is full */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#record = machine.allocKernel((SLOTS_AT + RING_SLOTS * SLOT_WORDS) * WORD_BYTES);
  }

  #word(index: number): number {
    return this.#machine.words[(this.#record.linear >>> 2) + index]!;
  }

  #setWord(index: number, value: number): void {
    this.#machine.words[(this.#record.linear >>> 2) + index] = value;
  }

  get #tail(): number {
    return this.#word(0);
  }

  get #count(): number {
    return this.#word(1);
  }

  /** First word of the slot that is `place` behind the oldest. */
  #slot(place: number): number {
    return SLOTS_AT + ((this.#tail + place) % RING_SLOTS) * SLOT_WORDS;
  }

  #setSlot(slot: number, page: number, offset: number, length: number): void {
    this.#setWord(slot, page);
    this.#setWord(slot + 1, offset);
    this.#setWord(slot + 2, length);
  }

  get #pageSize(): number {
    return this.#machine.constant("PAGE_SIZE");
  }

  /** Bytes that can be read. */
  get queued(): number {
    let sum = 0;
    for (let place = 0; place < this.#count; place++) sum += this.#word(this.#slot(place) + 2);
    return sum;
  }

  /** What can be read, without reading it. */
  content(): Uint8Array {
    const bytes = new Uint8Array(this.queued);
    let at = 0;
    for (let place = 0; place < this.#count; place++) {
      const slot = this.#slot(place);
      const start = this.#word(slot) + this.#word(slot + 1);
      const length = this.#word(slot + 2);
      bytes.set(this.#machine.bytes.subarray(start, start + length), at);
      at += length;
    }
    return bytes;
  }

  /** pipe_write: bytes taken, −EFAULT where not even the first page could be filled, −EAGAIN when the pipe is full, −ENOMEM. */
  write(from: UserIterator): number {
    const total = from.remaining;
    let taken = this.#mergeIntoLast(from);
    while (taken >= 0 && taken < total) {
      if (this.#count === RING_SLOTS) return taken || -EAGAIN;
      const added = this.#append(from, Math.min(this.#pageSize, total - taken));
      if (added < 0) return taken || added;
      taken += added;
    }
    return taken;
  }

  /** The odd bytes of a write go behind the newest data where its page has room: bytes taken, or −EFAULT. */
  #mergeIntoLast(from: UserIterator): number {
    const odd = from.remaining % this.#pageSize;
    if (odd === 0 || this.#count === 0) return 0;
    const slot = this.#slot(this.#count - 1);
    const [page, offset, length] = [this.#word(slot), this.#word(slot + 1), this.#word(slot + 2)];
    if (offset + length + odd > this.#pageSize) return 0;
    if (from.copyFromUser(page + offset + length, odd) < odd) return -EFAULT;
    this.#setSlot(slot, page, offset, length + odd);
    return odd;
  }

  /** A page filled with `length` bytes becomes the newest: `length`, or −EFAULT and the page is thrown away. */
  #append(from: UserIterator, length: number): number {
    const { exports } = this.#machine;
    const page = exports.allocKernelBuffer(this.#pageSize) >>> 0;
    if (page === 0) return -ENOMEM;
    if (from.copyFromUser(page, length) < length) {
      exports.freeKernelBuffer(page, this.#pageSize);
      return -EFAULT;
    }
    this.#setSlot(this.#slot(this.#count), page, 0, length);
    this.#setWord(1, this.#count + 1);
    return length;
  }

  /** pipe_read: bytes given; −EFAULT where not even the oldest page's part could be stored; −EAGAIN when empty. */
  read(to: UserIterator): number {
    let given = 0;
    while (to.remaining > 0) {
      if (this.#count === 0) return given || -EAGAIN;
      const slot = this.#slot(0);
      const length = this.#word(slot + 2);
      const wanted = Math.min(length, to.remaining);
      if (to.copyToUser(this.#word(slot) + this.#word(slot + 1), wanted) < wanted) {
        return given || -EFAULT;
      }
      given += wanted;
      if (wanted === length) this.#dropOldest();
      else this.#setSlot(slot, this.#word(slot), this.#word(slot + 1) + wanted, length - wanted);
    }
    return given;
  }

  #dropOldest(): void {
    this.#machine.exports.freeKernelBuffer(this.#word(this.#slot(0)), this.#pageSize);
    this.#setWord(0, (this.#tail + 1) % RING_SLOTS);
    this.#setWord(1, this.#count - 1);
  }

  /** Both ends are closed: its pages go. */
  close(): void {
    while (this.#count > 0) this.#dropOldest();
    this.#record.free();
  }
}
