import { errnoNameOf } from "../base/errno.ts";
import { pcmBlocked } from "../systems/pcm/stream.ts";
import type { VirtioSndDevice } from "../systems/virtio/description.ts";
import {
  queuedPeriods,
  writeSound,
  type VirtioBed,
  type VirtioSndDeviceName,
} from "./virtioBed.ts";
import { FRAME_BYTES, heardIn, numberedSound } from "./virtioSound.ts";

/** A small program on a virtio sound card whose outcome can be told in a line. Four periods of 100 frames. */

export const PERIOD = 100;
export const PERIODS = 4;
export const RING = PERIOD * PERIODS;
const MOST_FRAMES = 8 * RING;

/** A bed, and a program on it that goes on from call to call. */
export class Player {
  readonly bed: VirtioBed;
  #at = 0;
  readonly #sound = numberedSound(MOST_FRAMES / PERIOD, PERIOD);

  constructor(bed: VirtioBed) {
    this.bed = bed;
  }

  /** Writes the next frames. */
  write(frames: number): number {
    const bytes = this.#sound.subarray(this.#at * FRAME_BYTES, (this.#at + frames) * FRAME_BYTES);
    const answer = writeSound(this.bed, bytes);
    this.#at += Math.max(answer, 0);
    return answer;
  }

  /** The device returns messages, and the driver's notification runs. */
  complete(count = 1, how: object = {}): number {
    const { card, stream } = this.bed;
    const queue = stream.direction === "playback" ? "tx" : "rx";
    return card.complete({ queue, count, interrupts: "each_settled", ...how });
  }

  get hw(): number {
    return Number(this.bed.stream.field("hw_ptr"));
  }

  get queue(): string {
    this.bed.card.look();
    const queue = queuedPeriods(this.bed, PERIOD);
    return queue.length === 0 ? "queue empty" : `queue ${queue.join(" ")}`;
  }

  /** What the messages hold that were exposed, or returned, since the last question. */
  heard(kind: "expose" | "complete"): string {
    const contents = this.bed.card
      .takeEvents()
      .flatMap((event) => (event.kind === kind && event.content !== null ? [event.content] : []));
    const pieces = contents.map((bytes) =>
      heardIn(bytes).map(({ of, frames }) => `${frames} of ${of}`),
    );
    return pieces.length === 0 ? "nothing" : pieces.map((all) => all.join(" + ")).join(", ");
  }
}

export interface Point {
  readonly name: string;
  /** What is done. */
  readonly program: string;
  readonly direction?: "capture";
  /** Frames that start the stream. Default: a ring. */
  readonly start?: number;
  readonly blocks?: true;
  readonly device?: Partial<VirtioSndDevice>;
  /** When it reads. Default late. */
  readonly reads?: VirtioSndDeviceName;
  readonly outcome: (player: Player) => string;
}

export function named(answer: number): string {
  return answer < 0 ? `-${errnoNameOf(-answer)}` : String(answer);
}

export function answers(player: Player, ...frames: readonly number[]): string {
  return frames.map((count) => named(player.write(count))).join(" ");
}

/** A drain to its end: the device plays what it has, then time passes. */
export function drained(player: Player): string {
  const { stream, machine, card } = player.bed;
  stream.drain();
  card.settle();
  for (let period = 0; period < PERIODS && player.complete() > 0; period++) card.look();
  let answer = stream.finish();
  while (answer === pcmBlocked) {
    machine.advanceToNextTimeout();
    answer = stream.finish();
  }
  return `drain ${named(answer as number)}, played ${player.hw}`;
}

export function fill(player: Player): void {
  for (let period = 0; period < PERIODS; period++) player.write(PERIOD);
}

export function silenceAlways({ bed: { stream } }: Player): void {
  const { boundary } = stream.swParams().value!;
  stream.swParams({ stopThreshold: boundary, silenceSize: boundary });
}
