/** How the program of a virtio-snd-threads run meets the device: its time, its rest, and the calls on the stream. */

import { errnos } from "../base/errno.ts";
import type { ConstantName } from "../core/exports.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { pcmStates } from "../systems/pcm/states.ts";
import type { Seat } from "../threads/serve.ts";
import {
  BEGINNING_WORDS,
  THREAD_FRAME_BYTES,
  notesAt,
  paces,
  type ApplicationScript,
} from "./virtioThreadsScript.ts";

/** Whoever does not get on for so long never will. */
const PATIENCE_MS = 20_000;
const NAP_MS = 1;

export class Meeting {
  readonly script: ApplicationScript;
  readonly #seat: Seat;
  readonly #words: Int32Array;
  #clock = 0;

  constructor(seat: Seat, script: ApplicationScript) {
    this.script = script;
    this.#seat = seat;
    this.#words = new Int32Array(seat.machine.core.memory.buffer);
  }

  /** Frames at the place of its sound. */
  sound(frames: number): Int32Array {
    const first = this.script.soundLinear >>> 2;
    return this.#words.subarray(first, first + frames);
  }

  /** write(2), or read(2), of so many frames: how many were moved, or −errno. */
  transfer(call: "pcmWrite" | "pcmRead", frames: number): number {
    const { stream, sound } = this.script;
    const { machine, cpu } = this.#seat;
    const bytes = frames * THREAD_FRAME_BYTES;
    const result = this.#finished(machine.exports[call](cpu, stream, sound, 0, bytes));
    return result < 0 ? result : result / THREAD_FRAME_BYTES;
  }

  prepare(): number {
    return this.#request("IOCTL_PREPARE");
  }

  start(): number {
    return this.#request("IOCTL_START");
  }

  #request(name: ConstantName): number {
    const { machine, cpu } = this.#seat;
    const { DOOR_NATIVE, [name]: request } = coreConstants;
    const { stream } = this.script;
    return this.#finished(machine.exports.pcmCall(cpu, stream, DOOR_NATIVE, request, 0, 0));
  }

  /** A call to its end, which must come. */
  #finished(first: number): number {
    const { machine, cpu } = this.#seat;
    const end = performance.now() + PATIENCE_MS;
    let result = first;
    while (result === coreConstants.BLOCKED) {
      while (!this.#nap()) if (performance.now() > end) return -errnos.ETIMEDOUT;
      result = machine.exports.pcmResume(cpu);
    }
    return result;
  }

  /**
   * The program sleeps a little; true where it may go on. Where all stand still meanwhile, either the time of the next
   * period has come: more of the ring are full, or empty, than were given to the device. Or the call has met an xrun
   * when it began, with nothing to move, and went to sleep over it: nobody is to wake it, and its time limit comes.
   */
  #nap(): boolean {
    const { machine, cpu } = this.#seat;
    const isAtRest = this.#isAtRest();
    const isForgotten = isAtRest && this.hasXrun;
    const isStuck = isAtRest && this.script.pace !== paces.free && this.played === this.#clock;
    if (machine.exports.futexPark(cpu, NAP_MS) !== 0) return true;
    if (isForgotten) {
      machine.advanceToNextTimeout();
      this.#words[(this.script.notes >>> 2) + notesAt.late]! += 1;
    } else if (isStuck) this.setClock(this.#clock + 1);
    return false;
  }

  /** The stream has stopped for an xrun: the next call says so. */
  get hasXrun(): boolean {
    const page = this.#words[at(this.script.stream, "STREAM_STATUS_PAGE")]!;
    return Atomics.load(this.#words, at(page, "STATUS_STATE")) === pcmStates.indexOf("XRUN");
  }

  /** The time of so many periods has come, one after the other; each time, and in any case, all come to a rest. */
  stepTo(periods: number): boolean {
    const isDone = (): boolean => this.#isAtRest() && (this.played === this.#clock || this.hasXrun);
    while (this.#await(isDone)) {
      if (this.#clock >= periods) return true;
      this.setClock(this.#clock + 1);
    }
    return false;
  }

  /** Until so many periods were played, and the driver knows of all, or none will be any more. */
  awaitPlayed(periods: number): boolean {
    return this.#await(() => (this.played === periods && this.#isAtRest()) || this.hasXrun);
  }

  setClock(periods: number): void {
    const { apart, player } = this.script;
    this.#clock = periods;
    Atomics.store(this.#words, at(player, "PLAYER_CLOCK"), periods);
    const bell = at(apart, "APART_BELL");
    Atomics.add(this.#words, bell, 1);
    Atomics.notify(this.#words, bell);
  }

  /** Periods that the device has played, or captured. */
  get played(): number {
    return Atomics.load(this.#words, at(this.script.player, "PLAYER_PLAYED"));
  }

  /** Notes that the next turn is that of the period of a number; false where there is no room for that. */
  begin(turn: number, number: number): boolean {
    const { notes, beginnings } = this.script;
    const count = this.#words[(notes >>> 2) + notesAt.beginnings]!;
    if (count === beginnings) return false;
    const place = (notes >>> 2) + notesAt.first + BEGINNING_WORDS * count;
    this.#words.set([turn, number], place);
    this.#words[(notes >>> 2) + notesAt.beginnings] = count + 1;
    return true;
  }

  /** Notes the number that a period was of which was read. */
  noteRead(number: number): void {
    const { notes, player } = this.script;
    const count = (notes >>> 2) + notesAt.read;
    const read = this.#words[count]!;
    const heard = this.#words[at(player, "PLAYER_HEARD")]!;
    this.#words[(heard >>> 2) + read] = number;
    this.#words[count] = read + 1;
  }

  /** Device and driver have worked off what they were told of; nobody tells them anything but each other and this. */
  #isAtRest(): boolean {
    const [bell, line] = [this.#apart("APART_BELL"), this.#apart("APART_LINE")];
    const isOff = this.#apart("APART_BELL_SEEN") === bell && this.#apart("APART_LINE_SEEN") === line; // prettier-ignore
    return isOff && this.#apart("APART_BELL") === bell && this.#apart("APART_LINE") === line;
  }

  #apart(field: ConstantName): number {
    return Atomics.load(this.#words, at(this.script.apart, field));
  }

  #await(isDone: () => boolean): boolean {
    const progress = at(this.script.apart, "APART_PROGRESS");
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const seen = Atomics.load(this.#words, progress);
      if (isDone()) return true;
      if (performance.now() > end) return false;
      Atomics.wait(this.#words, progress, seen, NAP_MS);
    }
  }
}

function at(record: number, field: ConstantName): number {
  return (record + coreConstants[field]) >>> 2;
}
