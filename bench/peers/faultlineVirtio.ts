import { FaultlineError, Machine, PcmStream, VirtioSnd } from "../../src/index.ts";
import type { QueueView } from "../../src/systems/virtio/rings.ts";
import { RAM_BYTES } from "../cells.ts";

// A virtio sound card of our own, whose stream plays what stands in its ring.

/** 16 bits, two channels. */
const FRAME_BYTES = 4;
const RATE = 48_000;
const PERIODS = 4;
/** Waiting at the device, so that the ring is neither full nor empty: the one that comes is not the one that goes. */
const AHEAD = PERIODS - 1;

const SOURCE_BYTE = 7;

/** S16 at 48 kHz, by virtio's numbers. */
const PLAYBACK = {
  nid: 0,
  features: 0,
  formats: 1n << 5n,
  rates: 1n << 7n,
  direction: 0,
  channels: [1, 2],
} as const;

/** The driver's usual limits, in milliseconds, end below periods of 64 KiB. */
const LIMITS = { buffer: 2000, periodMax: 1000 } as const;

/** A playing stream. */
export interface PlayBed {
  /**
   * n rounds: a period that stands in the ring becomes final and goes to the device, which plays the oldest one. How
   * many it played.
   */
  readonly playPeriods: (n: number) => number;
  /** The stream's ring, live. */
  readonly ring: Uint8Array;
  /** What the device read last. */
  readonly played: () => Uint8Array;
  /** The stream's position in frames. */
  readonly position: () => number;
  /** The virtqueue as it stands in memory. */
  readonly queue: () => QueueView | null;
}

function must(good: boolean): void {
  if (!good) throw new FaultlineError("bench", "the sound card of V1 does not play");
}

/** V1, of periods of so many bytes: design `ack`, indirect descriptors, a device that keeps no journal. */
export async function createPlayBed(periodBytes: number): Promise<PlayBed> {
  const machine = await Machine.create({ memory: RAM_BYTES });
  const task = machine.createTask();
  const card = VirtioSnd.plug(
    machine,
    { streams: [PLAYBACK], output: periodBytes },
    { design: "ack", journal: "nothing", parameters: LIMITS },
  );
  const stream = card.openStream(task, 0);
  if (!(stream instanceof PcmStream)) {
    throw new FaultlineError("bench", "the stream of V1 does not open");
  }
  const periodSize = periodBytes / FRAME_BYTES;
  const sizes = { periodSize, bufferSize: PERIODS * periodSize };
  must(stream.configure({ format: "S16_LE", channels: 2, rate: RATE, ...sizes }) === 0);
  must(stream.prepare() === 0);
  const at = machine.words[(stream.handle + machine.constant("STREAM_RING")) >>> 2]!;
  const ring = machine.bytes.subarray(at, at + PERIODS * periodBytes).fill(SOURCE_BYTE);
  must(stream.forward(AHEAD * periodSize) === AHEAD * periodSize && stream.start() === 0);
  return {
    playPeriods: (n) => machine.exports.measurePeriods(task.cpu, stream.handle, card.address, n),
    ring,
    played: () => card.played,
    position: () => Number(stream.field("hw_ptr")),
    queue: () => card.view("tx"),
  };
}
