import { errnos } from "../../base/errno.ts";
import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import type { Machine } from "../../machine/machine.ts";
import type { UserIterator } from "./userIterator.ts";

const { EAGAIN, EFAULT, EMSGSIZE, ENOBUFS } = errnos;

export const socketTypes = ["stream", "dgram"] as const;
export type SocketType = (typeof socketTypes)[number];

/** A stream's data travels in pieces of at most about this; no recorded fault lies behind the first. */
const STREAM_PIECE = 48 << 10;
/** What a socket may have queued at its peer (net.core.wmem_default). */
const SEND_BUFFER = 212_992;

/** A message in emulated RAM: header words, then the data from `HEAD_BYTES` on. */
const HEAD_BYTES = 16;
const NEXT = 0;
const SIZE = 1;
const OFFSET = 2;

/**
 * One direction of a pair of connected, non-blocking UNIX sockets (net/unix/af_unix.c, 6.18): the
 * queue of messages between them. Addresses, credentials, waiting and shutdown are left out. Queue and messages stand
 * in emulated RAM:
 *
 *   record ┌──────┬──────┐   message ┌──────┬──────┬────────┬──┬──────┐
 *          │ head │ tail │           │ next │ size │ offset │  │ data │
 *          └──────┴──────┘           └──────┴──────┴────────┴──┴──────┘
 */
export class UnixSocket {
  readonly type: SocketType;
  readonly #machine: Machine;
  readonly #record: KernelBuffer;

  /** @throws FaultlineError "no-memory" when RAM is full */
  constructor(machine: Machine, type: SocketType) {
    this.#machine = machine;
    this.type = type;
    this.#record = machine.allocKernel(HEAD_BYTES);
  }

  #word(record: number, index: number): number {
    return this.#machine.words[(record >>> 2) + index]!;
  }

  #setWord(record: number, index: number, value: number): void {
    this.#machine.words[(record >>> 2) + index] = value;
  }

  get #head(): number {
    return this.#word(this.#record.linear, 0);
  }

  /** The messages' linear addresses, oldest first. */
  *#messages(): Generator<number> {
    for (let message = this.#head; message !== 0; message = this.#word(message, NEXT)) {
      yield message;
    }
  }

  #bytesLeft(message: number): number {
    return this.#word(message, SIZE) - this.#word(message, OFFSET);
  }

  /** Bytes that can be received. */
  get queued(): number {
    let sum = 0;
    for (const message of this.#messages()) sum += this.#bytesLeft(message);
    return sum;
  }

  /** What can be received, without receiving it. */
  content(): Uint8Array {
    const bytes = new Uint8Array(this.queued);
    let at = 0;
    for (const message of this.#messages()) {
      const start = message + HEAD_BYTES + this.#word(message, OFFSET);
      const length = this.#bytesLeft(message);
      bytes.set(this.#machine.bytes.subarray(start, start + length), at);
      at += length;
    }
    return bytes;
  }

  /** sendmsg: bytes sent, or −EFAULT, −EMSGSIZE, −EAGAIN, −ENOBUFS. A message is queued whole or not at all. */
  send(from: UserIterator): number {
    if (this.type === "stream") return this.#sendStream(from);
    if (from.remaining > SEND_BUFFER) return -EMSGSIZE;
    if (this.queued + from.remaining > SEND_BUFFER) return -EAGAIN;
    return this.#sendMessage(from, from.remaining);
  }

  #sendStream(from: UserIterator): number {
    let sent = 0;
    while (from.remaining > 0) {
      if (this.queued >= SEND_BUFFER) return sent || -EAGAIN;
      const result = this.#sendMessage(from, Math.min(from.remaining, STREAM_PIECE));
      if (result < 0) return sent || result;
      sent += result;
    }
    return sent;
  }

  #sendMessage(from: UserIterator, length: number): number {
    const { exports } = this.#machine;
    const message = exports.allocKernelBuffer(HEAD_BYTES + length) >>> 0;
    if (message === 0) return -ENOBUFS;
    if (from.copyFromUser(message + HEAD_BYTES, length) < length) {
      exports.freeKernelBuffer(message, HEAD_BYTES + length);
      return -EFAULT;
    }
    this.#setWord(message, SIZE, length);
    this.#enqueue(message);
    return length;
  }

  #enqueue(message: number): void {
    const record = this.#record.linear;
    const last = this.#word(record, 1);
    if (last === 0) this.#setWord(record, 0, message);
    else this.#setWord(last, NEXT, message);
    this.#setWord(record, 1, message);
  }

  /**
   * recvmsg: bytes received, −EAGAIN when nothing is queued, −EFAULT. A datagram is gone whatever becomes of it; a
   * stream's data stays until it arrived.
   */
  receive(to: UserIterator): number {
    return this.type === "stream" ? this.#receiveStream(to) : this.#receiveDatagram(to);
  }

  #receiveDatagram(to: UserIterator): number {
    const message = this.#head;
    if (message === 0) return -EAGAIN;
    const length = Math.min(to.remaining, this.#bytesLeft(message));
    const copied = to.copyToUser(message + HEAD_BYTES, length);
    this.#dropFirst();
    return copied < length ? -EFAULT : length;
  }

  #receiveStream(to: UserIterator): number {
    if (this.#head === 0) return -EAGAIN; // whatever is wanted, and be it nothing
    let received = 0;
    while (to.remaining > 0) {
      const message = this.#head;
      if (message === 0) return received;
      const offset = this.#word(message, OFFSET);
      const left = this.#bytesLeft(message);
      const length = Math.min(to.remaining, left);
      if (to.copyToUser(message + HEAD_BYTES + offset, length) < length) return received || -EFAULT;
      received += length;
      if (length === left) this.#dropFirst();
      else this.#setWord(message, OFFSET, offset + length);
    }
    return received;
  }

  #dropFirst(): void {
    const record = this.#record.linear;
    const message = this.#head;
    this.#setWord(record, 0, this.#word(message, NEXT));
    if (this.#head === 0) this.#setWord(record, 1, 0);
    this.#machine.exports.freeKernelBuffer(message, HEAD_BYTES + this.#word(message, SIZE));
  }

  /** Both ends are closed: what was never received goes. */
  close(): void {
    while (this.#head !== 0) this.#dropFirst();
    this.#record.free();
  }
}
