// A playing PCM stream over a virtqueue in the JavaScript peer: the driver that gathers what appl_ptr passed into periods
// (as Linux does from 6.7 on), and the sound core's two pointers. Positions are frames below the boundary, places and
// counts of the ring bytes.

import type { SoundDevice } from "./soundDevice.ts";
import type { Virtqueue } from "./virtqueue.ts";

/** One message a period. */
export interface PeriodMessage {
  readonly descriptors: Int32Array;
  /** Word of its status: two words. */
  readonly status: number;
}

export interface PlaybackSizes {
  readonly frameBytes: number;
  readonly periodBytes: number;
  readonly periods: number;
}

/** Far below where whole numbers end. */
const MOST_FRAMES = 2 ** 50;

export class Playback {
  readonly #words: Int32Array;
  readonly #queue: Virtqueue;
  readonly #device: SoundDevice;
  readonly #messages: readonly PeriodMessage[];
  readonly #frameBytes: number;
  readonly #periodBytes: number;
  readonly #ringBytes: number;
  readonly #boundary: number;

  // the sound core's
  #state: "prepared" | "running" | "xrun" = "prepared";
  #applPtr = 0;
  #hwPtr = 0;
  #hwPtrBase = 0;
  #hwPtrInterrupt = 0;
  #availMax = 0;
  #delay = 0;

  // the driver's: bytes gathered of each message, and the record of an indirect transfer
  readonly #gathered: Int32Array;
  #queued = 0;
  #devicePlace = 0;
  #seenApplPtr = 0;
  #hwData = 0;
  #swData = 0;
  #hwIo = 0;
  #swIo = 0;
  #hwReady = 0;
  #swReady = 0;
  #workIsDue = false;

  constructor(
    words: Int32Array,
    queue: Virtqueue,
    device: SoundDevice,
    messages: readonly PeriodMessage[],
    { frameBytes, periodBytes, periods }: PlaybackSizes,
  ) {
    this.#words = words;
    this.#queue = queue;
    this.#device = device;
    this.#messages = messages;
    this.#frameBytes = frameBytes;
    this.#periodBytes = periodBytes;
    this.#ringBytes = periods * periodBytes;
    this.#gathered = new Int32Array(periods);
    let boundary = this.#ringBytes / frameBytes;
    while (boundary * 2 <= MOST_FRAMES) boundary *= 2;
    this.#boundary = boundary;
  }

  start(): void {
    this.#state = "running";
  }

  get position(): number {
    return this.#hwPtr;
  }

  /** Frames between what is heard and the position, as the device said last. */
  get delay(): number {
    return this.#delay;
  }

  /** So many frames of the ring become final. */
  forward(frames: number): void {
    const next = this.#applPtr + frames;
    this.#applPtr = next < this.#boundary ? next : next - this.#boundary;
    this.#acknowledge();
  }

  /** The device plays a message, and interrupts; false where it has none. */
  play(): boolean {
    if (!this.#device.play()) return false;
    if (this.#device.isInterruptDue) this.#interrupt();
    if (this.#workIsDue) this.#notify();
    this.#device.look();
    return true;
  }

  #acknowledge(): void {
    let moved = this.#applPtr - this.#seenApplPtr;
    if (moved < -this.#boundary / 2) moved += this.#boundary;
    this.#seenApplPtr = this.#applPtr;
    this.#swReady += moved * this.#frameBytes;
    while (this.#hwReady < this.#ringBytes && this.#swReady > 0) {
      const end = this.#ringBytes - Math.max(this.#hwData, this.#swData);
      const bytes = Math.min(this.#ringBytes - this.#hwReady, this.#swReady, end);
      this.#send(this.#swData, bytes);
      this.#hwData = this.#advanced(this.#hwData, bytes);
      this.#swData = this.#advanced(this.#swData, bytes);
      this.#hwReady += bytes;
      this.#swReady -= bytes;
    }
  }

  #advanced(place: number, bytes: number): number {
    const next = place + bytes;
    return next < this.#ringBytes ? next : next - this.#ringBytes;
  }

  /** Bytes of the ring became final; a message is exposed when its last byte did. */
  #send(offset: number, bytes: number): void {
    const period = this.#periodBytes;
    let index = Math.trunc(offset / period);
    let into = offset - index * period;
    let isExposed = false;
    for (let left = bytes; left > 0; index++) {
      const part = Math.min(period - into, left);
      this.#gathered[index]! += part;
      if (this.#gathered[index] === period) {
        if (!this.#expose(index)) return;
        isExposed = true;
      }
      into = 0;
      left -= part;
    }
    if (isExposed && this.#queue.isKickDue) this.#device.look();
  }

  #expose(index: number): boolean {
    const { descriptors, status } = this.#messages[index]!;
    this.#words[status] = 0;
    this.#words[status + 1] = 0;
    if (!this.#queue.add(descriptors, index)) return false;
    this.#queued++;
    return true;
  }

  #interrupt(): void {
    do {
      this.#queue.disableInterrupts();
      for (let index = this.#queue.take(); index >= 0; index = this.#queue.take()) {
        this.#complete(index);
      }
    } while (!this.#queue.enableInterrupts());
  }

  #complete(index: number): void {
    this.#devicePlace = this.#advanced(this.#devicePlace, this.#gathered[index]!);
    this.#queued--;
    this.#gathered[index] = 0;
    const latency = this.#words[this.#messages[index]!.status + 1]!;
    if (this.#state !== "running") return;
    this.#delay = Math.trunc(latency / this.#frameBytes);
    this.#workIsDue = true;
  }

  /** The period notification: the position moves on, and is looked at. */
  #notify(): void {
    this.#workIsDue = false;
    if (this.#state !== "running") return;
    const ring = this.#ringBytes / this.#frameBytes;
    const period = this.#periodBytes / this.#frameBytes;
    const position = this.#locate() / this.#frameBytes;
    let base = this.#hwPtrBase;
    let next = base + position;
    if (next < this.#hwPtr) {
      base += ring;
      if (base >= this.#boundary) base = 0;
      next = base + position;
    }
    if (next === this.#hwPtr) return;
    const ahead = this.#distance(this.#hwPtrInterrupt, next);
    this.#hwPtrInterrupt = this.#wrapped(this.#hwPtrInterrupt + ahead - (ahead % period));
    this.#hwPtrBase = base;
    this.#hwPtr = next;
    this.#evaluate(ring);
  }

  /** Where the device is, in bytes of the ring; what came back makes room. */
  #locate(): number {
    let moved = this.#devicePlace - this.#hwIo;
    if (moved < 0) moved += this.#ringBytes;
    this.#hwIo = this.#devicePlace;
    this.#hwReady -= moved;
    this.#swIo = this.#advanced(this.#swIo, moved);
    this.#acknowledge();
    return this.#swIo;
  }

  #evaluate(ring: number): void {
    let avail = this.#hwPtr + ring - this.#applPtr;
    if (avail < 0) avail += this.#boundary;
    else if (avail >= this.#boundary) avail -= this.#boundary;
    if (avail > this.#availMax) this.#availMax = avail;
    if (avail >= ring) this.#state = "xrun";
  }

  #distance(from: number, to: number): number {
    return to < from ? to - from + this.#boundary : to - from;
  }

  #wrapped(frames: number): number {
    return frames < this.#boundary ? frames : frames - this.#boundary;
  }
}
