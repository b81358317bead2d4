import { joinBytes } from "../../base/bytes.ts";
import {
  byteArray,
  checkOptions,
  checkThat,
  flag,
  listOf,
  nameOf,
  optional,
  whole,
  type Shape,
} from "../../base/checks.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import type { VirtioSndEvent } from "./journal.ts";
import { VirtioSnd } from "./virtioSnd.ts";

/**
 * When a device reads the data of a message that it was given, or fills it: the moment that it is exposed, when the one
 * before it has been played, when it is returned, or half in its turn and half when it is returned. All are allowed.
 */
export const deviceReadings = ["exposure", "turn", "return", "halves"] as const;
export type DeviceReading = (typeof deviceReadings)[number];

/** How a device goes about its work. */
export interface DeviceTiming {
  readonly reads: DeviceReading;
  /**
   * Which of the waiting messages it returns, oldest 0, period after period and from the start again. Default [0]: in
   * order. Where fewer wait it is the youngest.
   */
  readonly order?: readonly number[];
  /** It reports an xrun in a period in which it has no message. Default false. */
  readonly reportsXrun?: boolean;
  /** The stream of the card. Default 0. */
  readonly stream?: number;
}

const isCard = checkThat("a VirtioSnd", (value) => VirtioSnd.isOne(value));
const periodList = listOf(byteArray);

const MOST = 2 ** 16 - 1;
const position = whole(0, MOST);

const deviceTiming: Shape<DeviceTiming> = {
  reads: nameOf(deviceReadings),
  order: optional((argument, value) => {
    listOf(position)(argument, value);
    checkThat("at least one position", (list) => (list as readonly number[]).length > 0)(
      argument,
      value,
    );
  }),
  reportsXrun: optional(flag),
  stream: optional(position),
};

/** Captured period k, from 1, is k as a byte: 0x80 and up, as an eager device fills. */
export const CAPTURE_BASE = 0x80;
export const CAPTURE_MASK = 63;

/** The device reads the data of a message, or fills it. */
export interface DeviceReadEvent {
  readonly kind: "read";
  readonly head: number;
}

type ExposeEvent = Extract<VirtioSndEvent, { readonly kind: "expose" }>;

/**
 * A device that plays by a schedule: once a period it returns a message, and it keeps what it read of each. It takes
 * the card's journal, and hands it on.
 */
export class DeviceSchedule {
  readonly #card: VirtioSnd;
  readonly #stream: number;
  readonly #queue: "tx" | "rx";
  readonly #reads: DeviceReading;
  readonly #order: readonly number[];
  readonly #reportsXrun: boolean;
  /** What was read of the messages that it has, by their heads. */
  readonly #read = new Map<number, Uint8Array>();
  readonly #played: Uint8Array[] = [];
  #events: (VirtioSndEvent | DeviceReadEvent)[] = [];
  #periods = 0;
  #empty = 0;
  #filled = 0;

  /** @throws UsageError also for a stream that the card's driver did not take */
  constructor(card: VirtioSnd, timing: DeviceTiming) {
    isCard("card", card);
    checkOptions("timing", timing, deviceTiming);
    this.#card = card;
    this.#stream = timing.stream ?? 0;
    this.#queue = card.directionOf(this.#stream) === "playback" ? "tx" : "rx";
    this.#reads = timing.reads;
    this.#order = timing.order ?? [0];
    this.#reportsXrun = timing.reportsXrun ?? false;
  }

  /** What the device read of the messages that it returned, one after the other: what is heard. */
  get playedBytes(): Uint8Array {
    return joinBytes(this.#played);
  }

  /** Likewise, a piece for each message. */
  get playedPeriods(): readonly Uint8Array[] {
    return this.#played;
  }

  /** Periods in which it had nothing to play. */
  get emptyPeriods(): number {
    return this.#empty;
  }

  /** What it saw and did since the last question. A message read in two halves is read twice. */
  takeEvents(): (VirtioSndEvent | DeviceReadEvent)[] {
    this.#note();
    return this.#events.splice(0);
  }

  /**
   * A period of time goes by: the message whose turn it is comes back, and the driver's notification runs. False where
   * the device had none.
   */
  period(): boolean {
    this.look();
    const queue = this.#queue;
    const waiting = this.#waiting();
    if (waiting.length === 0) return this.#idle();
    const first = Math.min(this.#order[this.#periods++ % this.#order.length]!, waiting.length - 1);
    const head = waiting[first]!;
    if (queue === "tx") this.#readAtReturn(head);
    this.#card.complete({
      queue,
      first,
      interrupts: "each_settled",
      ...(queue === "rx" && this.#reads !== "exposure" && { source: this.#nextCapture(head) }),
    });
    this.#played.push(this.#read.get(head)!);
    this.#read.delete(head);
    this.look();
    return true;
  }

  /** The device looks at its rings, and reads what it reads as early as that. */
  look(): void {
    this.#card.look();
    this.#note();
    if (this.#reads === "turn" || this.#reads === "halves") this.#readInTurn();
  }

  #idle(): false {
    this.#empty += 1;
    if (this.#reportsXrun) this.#card.sendEvent(coreConstants.NOTICE_XRUN, this.#stream);
    return false;
  }

  /** Heads of the stream's messages that wait, oldest first. */
  #waiting(): number[] {
    return this.#card.waitingHeads(this.#queue);
  }

  #note(): void {
    for (const event of this.#card.takeEvents()) {
      this.#events.push(event);
      if (event.kind === "expose" && event.queue === this.#queue) this.#noteExposure(event);
    }
  }

  #noteExposure({ head, content }: ExposeEvent): void {
    if (this.#reads === "exposure") this.#keep(head, content ?? new Uint8Array());
  }

  /** Only the oldest has its turn. */
  #readInTurn(): void {
    const [head] = this.#waiting();
    if (head !== undefined && !this.#read.has(head)) this.#keep(head, this.#contentOf(head));
  }

  #readAtReturn(head: number): void {
    const early = this.#read.get(head);
    const now = this.#reads === "return" || early === undefined || this.#reads === "halves";
    if (!now) return;
    const late = this.#contentOf(head);
    if (this.#reads === "halves" && early !== undefined) {
      late.set(early.subarray(0, early.length >> 1));
    }
    this.#keep(head, late);
  }

  #keep(head: number, bytes: Uint8Array): void {
    this.#read.set(head, bytes);
    this.#events.push({ kind: "read", head });
  }

  /** The data of a message as it stands in memory; nothing where its ring is gone. */
  #contentOf(head: number): Uint8Array {
    const chain = this.#card.view(this.#queue)?.chains.find((candidate) => candidate.head === head);
    return chain?.content ?? new Uint8Array();
  }

  #nextCapture(head: number): Uint8Array {
    this.#filled += 1;
    const value = CAPTURE_BASE + (this.#filled & CAPTURE_MASK);
    const bytes = new Uint8Array(this.#contentOf(head).length).fill(value);
    this.#keep(head, bytes);
    return bytes;
  }
}

/** How many periods of what was played are not what was written at their place. */
export function wrongPeriods(played: readonly Uint8Array[], written: Uint8Array): number {
  periodList("played", played);
  byteArray("written", written);
  let at = 0;
  let wrong = 0;
  for (const period of played) {
    if (!isAt(written, at, period)) wrong += 1;
    at += period.length;
  }
  return wrong;
}

function isAt(written: Uint8Array, at: number, period: Uint8Array): boolean {
  return period.every((byte, index) => byte === written[at + index]);
}
