import { checkOptions, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { given } from "./compareSyncPtr.ts";
import { expectAnswer } from "./playbackBed.ts";
import { comparedRing } from "./compareVirtioSnd.ts";
import { configureVirtioBed, openVirtioBed, type VirtioBed } from "./virtioBed.ts";
import { FRAME_BYTES, numberedSound } from "./virtioSound.ts";

/** Very many messages through one virtqueue, whose indexes of 16 bits go round: what was lost of them. */

/** Those that hear of a program's pointer, or need not: the copying ones know of no period that no copy brought. */
export const virtioSndMessageDesigns = ["mmap", "ack-modulo", "ack", "corrected"] as const;
export type VirtioSndMessageDesign = (typeof virtioSndMessageDesigns)[number];

/** How many. Everything has a default. */
export interface VirtioSndMessagesOptions {
  /** Default "ack". */
  readonly design?: VirtioSndMessageDesign;
  /** Default 1,000,000. */
  readonly messages?: number;
  readonly kernel?: string;
  /** The release core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

export const virtioSndMessagesDefaults = {
  design: "ack",
  messages: 1_000_000,
} as const satisfies VirtioSndMessagesOptions;

export const virtioSndMessagesRange = { least: 1, most: 1_000_000_000 } as const;

const { least, most } = virtioSndMessagesRange;
const messagesOptions: Shape<VirtioSndMessagesOptions> = {
  design: optional(nameOf(virtioSndMessageDesigns)),
  messages: optional(whole(least, most)),
  kernel: optional(kernelRelease),
  wasm: optional(wasmSource),
};

/** One of the two indexes of a queue. */
export interface VirtioSndIndex {
  /** Steps that it took in all. */
  readonly steps: number;
  /** Where it stands: the same, modulo 2^16. */
  readonly value: number;
}

export interface VirtioSndMessages {
  readonly schemaVersion: 1;
  readonly scenario: "virtio-snd-messages";
  readonly kernel: string;
  readonly design: VirtioSndMessageDesign;
  readonly messages: number;
  /** Messages that the driver gave to the device. */
  readonly available: VirtioSndIndex;
  /** Messages that the device gave back. */
  readonly used: VirtioSndIndex;
  /** Messages that the device played, and periods that the stream's position moved by. */
  readonly played: number;
  readonly position: number;
  /** Messages that the device still has. */
  readonly waiting: number;
  /** Given to the device, and neither given back nor still there. */
  readonly lost: number;
  /** Messages whose content was looked at, and those of them that did not hold their period. */
  readonly looked: number;
  readonly wrong: number;
  readonly findings: readonly Finding[];
}

export const virtioSndMessagesRing = comparedRing;

const { periodSize: PERIOD, periods: PERIODS } = virtioSndMessagesRing;
const PERIOD_BYTES = PERIOD * FRAME_BYTES;
/** One less than the ring has: the message that comes is not the one that goes. */
const AHEAD = PERIODS - 1;
/** Messages between two looks: a prime, so that each place of the ring has its turn, and less than an index holds. */
const BETWEEN_LOOKS = 4093;
const INDEX_MASK = 2 ** 16 - 1;

/**
 * Plays numbered periods, one after the other: each becomes final and goes to the device, which plays the oldest it has.
 * @throws UsageError for names that do not exist, and for numbers out of range
 */
export async function runVirtioSndMessages(
  options: VirtioSndMessagesOptions = {},
): Promise<VirtioSndMessages> {
  checkOptions("options", options, messagesOptions);
  const { design, messages } = { ...virtioSndMessagesDefaults, ...options };
  const { wasm, kernel = newestKernel } = options;
  const machine = await Machine.create({ memory: "4M", kernel, ...given(wasm) });
  const bed = playingBed(machine, design);
  const count = new MessageCount(bed);
  while (count.played < messages && count.play(Math.min(BETWEEN_LOOKS, messages - count.played)));
  const waiting = bed.card.waitingHeads("tx").length;
  return {
    schemaVersion: 1,
    scenario: "virtio-snd-messages",
    kernel: machine.shape.kernel.version,
    design,
    messages,
    ...count.outcome,
    waiting,
    lost: count.available - count.used - waiting,
    findings: machine.findings(),
  };
}

/** A running stream, a few periods ahead of the device, which keeps nothing but what it played last. */
function playingBed(machine: Machine, design: VirtioSndMessageDesign): VirtioBed {
  const bed = openVirtioBed(machine, {
    design,
    direction: "playback",
    device: "late",
    transfer: PERIOD,
    built: { guards: false, output: PERIOD_BYTES },
    journal: "nothing",
  });
  const { stream } = bed;
  const sizes = { periodSize: PERIOD, bufferSize: PERIODS * PERIOD };
  expectAnswer("HW_PARAMS", 0, configureVirtioBed(bed, sizes));
  expectAnswer("PREPARE", 0, stream.prepare());
  stream.ring().set(numberedSound(PERIODS, PERIOD));
  expectAnswer("FORWARD", AHEAD * PERIOD, stream.forward(AHEAD * PERIOD));
  expectAnswer("START", 0, stream.start());
  return bed;
}

/** Counts what goes through a queue whose own counters have 16 bits. */
class MessageCount {
  readonly #bed: VirtioBed;
  played = 0;
  available = 0;
  used = 0;
  #looked = 0;
  #wrong = 0;

  constructor(bed: VirtioBed) {
    this.#bed = bed;
    this.#count();
  }

  /** Fewer messages than an index holds; false where the device has nothing left to play. */
  play(count: number): boolean {
    const { machine, task, stream, card } = this.#bed;
    const played = machine.exports.measurePeriods(task.cpu, stream.handle, card.address, count);
    this.played += played;
    this.#count();
    this.#look();
    return played === count;
  }

  #count(): void {
    const { availableIndex, usedIndex } = this.#bed.card.counters("tx")!;
    this.available += (availableIndex - this.available) & INDEX_MASK;
    this.used += (usedIndex - this.used) & INDEX_MASK;
  }

  /** The message that was played last holds the period that was its turn. */
  #look(): void {
    const { card, stream } = this.#bed;
    const start = ((this.played - 1) % PERIODS) * PERIOD_BYTES;
    const period = stream.ring().subarray(start, start + PERIOD_BYTES);
    const heard = card.played;
    this.#looked += 1;
    if (heard.length !== period.length || heard.some((byte, at) => byte !== period[at])) {
      this.#wrong += 1;
    }
  }

  get outcome(): Pick<
    VirtioSndMessages,
    "available" | "used" | "played" | "position" | "looked" | "wrong"
  > {
    const indexOf = (steps: number): VirtioSndIndex => ({ steps, value: steps & INDEX_MASK });
    return {
      available: indexOf(this.available),
      used: indexOf(this.used),
      played: this.played,
      position: Number(this.#bed.stream.field("hw_ptr")) / PERIOD,
      looked: this.#looked,
      wrong: this.#wrong,
    };
  }
}
