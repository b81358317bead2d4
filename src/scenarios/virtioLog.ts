import type { PcmState } from "../systems/pcm/states.ts";
import type { DeviceReadEvent } from "../systems/virtio/schedule.ts";
import type { VirtioSndEvent } from "../systems/virtio/journal.ts";
import { queuedPeriods, type VirtioBed } from "./virtioBed.ts";
import { FRAME_BYTES } from "./virtioSound.ts";

/** One thing that the program asked for, or that the device did, and what it left. */
export interface VirtioSndStep {
  readonly asked: string;
  /** 0 or more, or −errno; null for what the device does. */
  readonly result: number | null;
  readonly state: PcmState;
  /** Frames. */
  readonly hwPtr: number;
  readonly applPtr: number;
  /** Periods of the ring, from 0, that were exposed to the device meanwhile. */
  readonly exposed: readonly number[];
  /** Those that the device has afterwards, oldest first. */
  readonly queue: readonly number[];
}

/** The way of a message, in steps, from 1. */
export interface MessageTimes {
  /** Which period of the ring it is bound to, from 0. */
  readonly slot: number;
  readonly exposed: number;
  /** When the device read it or filled it, for the last time. */
  readonly device: number;
  readonly returned: number;
}

/** Keeps what happens to a stream step by step, and to each message. */
export class VirtioLog {
  readonly #bed: VirtioBed;
  readonly #periodSize: number;
  readonly #steps: VirtioSndStep[] = [];
  readonly #out = new Map<number, { slot: number; exposed: number; device: number }>();
  readonly #returned: MessageTimes[] = [];

  constructor(bed: VirtioBed, periodSize: number) {
    this.#bed = bed;
    this.#periodSize = periodSize;
  }

  get steps(): readonly VirtioSndStep[] {
    return this.#steps;
  }

  /** The messages that came back, in this order. */
  get returned(): readonly MessageTimes[] {
    return this.#returned;
  }

  /** The step that is next, or is being made. */
  get now(): number {
    return this.#steps.length + 1;
  }

  /** A step was made. */
  step(asked: string, result: number | null): void {
    const { device, stream } = this.#bed;
    const now = this.now;
    device.look();
    const exposed = device.takeEvents().flatMap((event) => this.#note(event, now));
    this.#steps.push({
      asked,
      result,
      state: stream.state,
      hwPtr: Number(stream.field("hw_ptr")),
      applPtr: Number(stream.field("appl_ptr")),
      exposed,
      queue: queuedPeriods(this.#bed, this.#periodSize),
    });
  }

  /** The period that an event exposed. */
  #note(event: VirtioSndEvent | DeviceReadEvent, now: number): number[] {
    if (event.kind === "read") this.#noteRead(event.head, now);
    if (event.kind === "complete") this.#noteReturn(event.head, now);
    if (event.kind !== "expose") return [];
    const slot = event.pieces[1]!.offset / (this.#periodSize * FRAME_BYTES);
    this.#out.set(event.head, { slot, exposed: now, device: now });
    return [slot];
  }

  #noteRead(head: number, now: number): void {
    const message = this.#out.get(head);
    if (message !== undefined) message.device = now;
  }

  #noteReturn(head: number, now: number): void {
    const message = this.#out.get(head);
    if (message !== undefined) this.#returned.push({ ...message, returned: now });
    this.#out.delete(head);
  }
}
