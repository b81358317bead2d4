/** What the threads of a virtio-snd-threads run do, each by itself. */

import { errnos } from "../base/errno.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import type { ThreadProgram } from "../threads/serve.ts";
import { Meeting } from "./virtioThreadsMeeting.ts";
import { paces, scriptOf } from "./virtioThreadsScript.ts";

/** The device, with its player, or the driver's own CPU: until they are told to return. */
const virtioServe: ThreadProgram = (seat, [card, player]) =>
  seat.machine.exports.virtioServe(seat.cpu, card!, player!);

/** The program that writes numbered periods, or reads them: how many frames that were, or −errno. */
const virtioApplication: ThreadProgram = (seat, numbers) => {
  const script = scriptOf(numbers);
  const meeting = new Meeting(seat, script);
  return script.captures === 1 ? new Reader(meeting).run() : new Writer(meeting).run();
};

/**
 * Writes all frames. After an xrun it prepares the stream and goes on with the next whole period: what it had written
 * and was not played is gone.
 */
class Writer {
  readonly #meeting: Meeting;
  /** Where it began last: the frame, and how many periods had been played by then. */
  #frame = 0;
  #turn = 0;

  constructor(meeting: Meeting) {
    this.#meeting = meeting;
  }

  run(): number {
    const { frames, period, pace } = this.#meeting.script;
    if (pace === paces.free) this.#meeting.setClock(frames / period);
    this.#meeting.begin(1, 1);
    let at = 0;
    while (at < frames) {
      const next = this.#goOn(at);
      if (next < 0) return next;
      at = next;
    }
    return this.#awaitEnd();
  }

  /** A write from a frame on: where the next one goes on, or −errno. */
  #goOn(at: number): number {
    const { write, frames, period, pace } = this.#meeting.script;
    const part = Math.min(write, frames - at);
    if (pace === paces.steps && !this.#makeRoom(at, part)) return -errnos.ETIMEDOUT;
    const sound = this.#meeting.sound(part);
    for (let frame = 0; frame < part; frame++) {
      sound[frame] = 1 + Math.floor((at + frame) / period);
    }
    const written = this.#meeting.transfer("pcmWrite", part);
    if (written === -errnos.EPIPE) return this.#beginAgain(at);
    if (written <= 0) return written < 0 ? written : -errnos.EIO;
    if (pace === paces.program) this.#meeting.setClock(this.#turnsTo(at + written));
    return at + written;
  }

  /** Periods that have been played once all whole ones before a frame have. */
  #turnsTo(at: number): number {
    return this.#turn + Math.floor((at - this.#frame) / this.#meeting.script.period);
  }

  /**
   * Before a write: as much is played as it needs room. Where that is more than the device has been given, or it has
   * not begun, the write itself waits for it.
   */
  #makeRoom(at: number, part: number): boolean {
    const { ring, period } = this.#meeting.script;
    if (at - this.#frame < ring) return this.#meeting.stepTo(this.#turn);
    const wanted = this.#turn + Math.ceil((at + part - ring - this.#frame) / period);
    return this.#meeting.stepTo(Math.min(wanted, this.#turnsTo(at)));
  }

  #beginAgain(at: number): number {
    const { period, pace } = this.#meeting.script;
    const answer = this.#meeting.prepare();
    if (answer < 0) return answer;
    this.#turn = this.#meeting.played;
    this.#frame = Math.ceil(at / period) * period;
    if (pace !== paces.free) this.#meeting.setClock(this.#turn);
    const isKnown = this.#meeting.begin(this.#turn + 1, this.#frame / period + 1);
    return isKnown ? this.#frame : -errnos.EPIPE;
  }

  /** All is written: it is played to the end, unless an xrun is in the way. */
  #awaitEnd(): number {
    const { frames, start, pace } = this.#meeting.script;
    const left = frames - this.#frame;
    if (left === 0) return frames;
    const answer = left < start ? this.#meeting.start() : 0;
    if (answer < 0) return answer;
    const turns = this.#turnsTo(frames);
    const isOver =
      pace === paces.steps ? this.#meeting.stepTo(turns) : this.#meeting.awaitPlayed(turns);
    if (!isOver) return -errnos.ETIMEDOUT;
    return this.#meeting.played === turns ? frames : this.#beginAgain(frames);
  }
}

/**
 * Reads until it has the last period. After an xrun it prepares and starts the stream: what was captured and not read is
 * gone, and a part of a period that it had.
 */
class Reader {
  readonly #meeting: Meeting;
  /** How many periods had been captured when it began last, and the frames that it has read since. */
  #turn = 0;
  #read = 0;
  #periods = 0;
  /** The number in the frames of the period that it is in. */
  #number = 0;

  constructor(meeting: Meeting) {
    this.#meeting = meeting;
  }

  run(): number {
    const { frames, period, pace } = this.#meeting.script;
    if (pace === paces.free) this.#meeting.setClock(frames / period);
    let answer = this.#begin();
    while (answer >= 0 && this.#left > 0) answer = this.#goOn();
    return answer < 0 ? answer : this.#periods * period;
  }

  /** Frames of the periods that are still to come. */
  get #left(): number {
    const { frames, period } = this.#meeting.script;
    return frames - this.#turn * period - this.#read;
  }

  #begin(): number {
    this.#turn = this.#meeting.played;
    this.#read = 0;
    if (!this.#meeting.begin(this.#periods + 1, this.#turn + 1)) return -errnos.EPIPE;
    if (this.#left === 0) return 0;
    this.#makeTime();
    return this.#meeting.start();
  }

  /** As far as it has read there is room: the ring is never more than full. */
  #makeTime(): void {
    const { ring, pace } = this.#meeting.script;
    if (pace === paces.steps) this.#meeting.setClock(this.#turnsTo(this.#read));
    if (pace === paces.program) this.#meeting.setClock(this.#turnsTo(this.#read + ring));
  }

  #turnsTo(read: number): number {
    return this.#turn + Math.floor(read / this.#meeting.script.period);
  }

  #goOn(): number {
    const { write, period, pace } = this.#meeting.script;
    const part = Math.min(write, this.#left);
    const wanted = this.#turnsTo(this.#read + part + period - 1);
    if (pace === paces.steps && !this.#meeting.stepTo(wanted)) return -errnos.ETIMEDOUT;
    const got = this.#meeting.transfer("pcmRead", part);
    if (got === -errnos.EPIPE) {
      const answer = this.#meeting.prepare();
      return answer < 0 ? answer : this.#begin();
    }
    if (got <= 0) return got < 0 ? got : -errnos.EIO;
    for (const number of this.#meeting.sound(got)) this.#take(number);
    if (pace === paces.program) this.#makeTime();
    return got;
  }

  #take(number: number): void {
    const { period } = this.#meeting.script;
    const isFirst = this.#read % period === 0;
    if (isFirst) this.#number = number;
    else if (number !== this.#number) this.#number = coreConstants.HEARD_TORN;
    this.#read += 1;
    if (this.#read % period !== 0) return;
    this.#meeting.noteRead(this.#number);
    this.#periods += 1;
  }
}

/** By their names, which whoever starts the threads needs. */
export const virtioThreadsPrograms: Readonly<Record<string, ThreadProgram>> = {
  virtioServe,
  virtioApplication,
};
