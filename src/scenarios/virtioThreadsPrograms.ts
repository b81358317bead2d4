/** What the threads of a virtio-snd-threads run do, each by itself. */

import { errnos } from "../base/errno.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import type { ConstantName } from "../core/exports.ts";
import type { Seat, ThreadProgram } from "../threads/serve.ts";

/** A sample, S32_LE, mono, is the number of the period that it is of, from 1. */
export const THREAD_FRAME_BYTES = 4;

/** Whoever does not get on for so long never will. */
const PATIENCE_MS = 20_000;
const NAP_MS = 1;

/** The device, with its player, or the driver's own CPU: until they are told to return. */
const virtioServe: ThreadProgram = (seat, [card, player]) =>
  seat.machine.exports.virtioServe(seat.cpu, card!, player!);

/** What the application is told. Addresses are linear but for the sound's own. */
export interface ApplicationScript {
  readonly stream: number;
  /** Where its sound lies: the program's address, and the linear one. */
  readonly sound: number;
  readonly soundLinear: number;
  /** Frames of a write, of a period, of the ring and of all. */
  readonly write: number;
  readonly period: number;
  readonly ring: number;
  readonly frames: number;
  readonly pace: (typeof paces)[keyof typeof paces];
  readonly apart: number;
  readonly player: number;
}

/**
 * How the device's time goes: in steps of a period, which the application gives it and between which all stand still; as
 * far as the application has written; or as it likes.
 */
export const paces = { steps: 0, written: 1, free: 2 } as const;

const order = [
  "stream",
  "sound",
  "soundLinear",
  "write",
  "period",
  "ring",
  "frames",
  "pace",
  "apart",
  "player",
] as const satisfies readonly (keyof ApplicationScript)[];

export function applicationNumbers(script: ApplicationScript): number[] {
  return order.map((name) => script[name]);
}

function scriptOf(numbers: readonly number[]): ApplicationScript {
  const named = Object.fromEntries(order.map((name, at) => [name, numbers[at]! >>> 0]));
  return named as unknown as ApplicationScript;
}

/** The program that writes numbered periods: how many frames it wrote and were played, or −errno. */
const virtioApplication: ThreadProgram = (seat, numbers) =>
  new Application(seat, scriptOf(numbers)).run();

class Application {
  readonly #seat: Seat;
  readonly #script: ApplicationScript;
  readonly #words: Int32Array;
  #clock = 0;

  constructor(seat: Seat, script: ApplicationScript) {
    this.#seat = seat;
    this.#script = script;
    this.#words = new Int32Array(seat.machine.core.memory.buffer);
  }

  run(): number {
    const { write, frames, period, pace } = this.#script;
    if (pace === paces.free) this.#setClock(frames);
    for (let at = 0; at < frames; at += write) {
      const part = Math.min(write, frames - at);
      if (pace === paces.steps && !this.#makeRoom(at, part)) return -errnos.ETIMEDOUT;
      const written = this.#write(at, part);
      if (written !== part) return written < 0 ? written : -errnos.EIO;
      if (pace === paces.written) this.#setClock(Math.floor((at + part) / period));
    }
    const periods = frames / period;
    const isPlayed = pace === paces.steps ? this.#stepTo(periods) : this.#awaitPlayed(periods);
    return isPlayed ? frames : -errnos.ETIMEDOUT;
  }

  /**
   * Before a write: as much is played as it needs room. Where that is more than the device has been given, or it has
   * not begun, the write itself waits for it.
   */
  #makeRoom(at: number, part: number): boolean {
    const { ring, period } = this.#script;
    if (at < ring) return true;
    const wanted = Math.ceil((at + part - ring) / period);
    return this.#stepTo(Math.min(wanted, Math.floor(at / period)));
  }

  /**
   * write(2) of so many frames from the one at a place on: bytes as frames, or −errno. Where it sleeps while all stand
   * still, more than two periods of the ring are full, and the time of the next one has come.
   */
  #write(at: number, frames: number): number {
    const { stream, sound, soundLinear, period, pace } = this.#script;
    const { machine, cpu } = this.#seat;
    for (let frame = 0; frame < frames; frame++) {
      this.#words[(soundLinear >>> 2) + frame] = 1 + Math.floor((at + frame) / period);
    }
    const bytes = frames * THREAD_FRAME_BYTES;
    const end = Date.now() + PATIENCE_MS;
    let result = machine.exports.pcmWrite(cpu, stream, sound, 0, bytes);
    while (result === coreConstants.BLOCKED) {
      for (;;) {
        const isStuck = pace !== paces.free && this.#isAtRest() && this.#played === this.#clock;
        if (machine.exports.futexPark(cpu, NAP_MS) !== 0) break;
        if (isStuck) this.#setClock(this.#clock + 1);
        if (Date.now() > end) return -errnos.ETIMEDOUT;
      }
      result = machine.exports.pcmResume(cpu);
    }
    return result < 0 ? result : result / THREAD_FRAME_BYTES;
  }

  /** The time of so many periods has come, one after the other, and each time all come to a rest. */
  #stepTo(periods: number): boolean {
    while (this.#clock < periods) {
      this.#setClock(this.#clock + 1);
      const isDone = (): boolean => this.#isAtRest() && this.#played === this.#clock;
      if (!this.#await(isDone)) return false;
    }
    return true;
  }

  #setClock(periods: number): void {
    const { apart, player } = this.#script;
    this.#clock = periods;
    Atomics.store(this.#words, at(player, "PLAYER_CLOCK"), periods);
    const bell = at(apart, "APART_BELL");
    Atomics.add(this.#words, bell, 1);
    Atomics.notify(this.#words, bell);
  }

  /** Device and driver have worked off what they were told of; nobody tells them anything but each other and this. */
  #isAtRest(): boolean {
    const [bell, line] = [this.#apart("APART_BELL"), this.#apart("APART_LINE")];
    const isOff = this.#apart("APART_BELL_SEEN") === bell && this.#apart("APART_LINE_SEEN") === line; // prettier-ignore
    return isOff && this.#apart("APART_BELL") === bell && this.#apart("APART_LINE") === line;
  }

  #awaitPlayed(periods: number): boolean {
    return this.#await(() => this.#played === periods);
  }

  get #played(): number {
    return Atomics.load(this.#words, at(this.#script.player, "PLAYER_PLAYED"));
  }

  #apart(field: ConstantName): number {
    return Atomics.load(this.#words, at(this.#script.apart, field));
  }

  #await(isDone: () => boolean): boolean {
    const progress = at(this.#script.apart, "APART_PROGRESS");
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const seen = Atomics.load(this.#words, progress);
      if (isDone()) return true;
      if (Date.now() > end) return false;
      Atomics.wait(this.#words, progress, seen, NAP_MS);
    }
  }
}

function at(record: number, field: ConstantName): number {
  return (record + coreConstants[field]) >>> 2;
}

/** By their names, which whoever starts the threads needs. */
export const virtioThreadsPrograms: Readonly<Record<string, ThreadProgram>> = {
  virtioServe,
  virtioApplication,
};
