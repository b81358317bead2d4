import { RAM_BYTES } from "../cells.ts";
import { PAGE_MASK, PAGE_SIZE, RAM } from "./js/layout.ts";
import { createMachine } from "./js/machine.ts";
import { Playback } from "./js/playback.ts";
import type { PeriodMessage } from "./js/playback.ts";
import { HEADER_BYTES, STATUS_BYTES, SoundDevice } from "./js/soundDevice.ts";
import { DESCRIPTOR_BYTES, Virtqueue, descriptorsOf, ringMemory } from "./js/virtqueue.ts";
import type { Piece, Vring } from "./js/virtqueue.ts";

// V1 on the machine in plain JavaScript: the kernel's memory holds the stream's ring, the virtqueue's rings and the
// device's output, one after the other.
//
//   ┌──────┬────────┬─────────┬──────────────────────────────┬───────────────────┬────────┐
//   │ ring │ output │ headers │ descriptors, available       │ used              │ tables │     each from a page of its own
//   └──────┴────────┴─────────┴──────────────────────────────┴───────────────────┴────────┘

/** 16 bits, two channels. */
const FRAME_BYTES = 4;
const PERIODS = 4;
/** Waiting at the device, so that the ring is neither full nor empty: the one that comes is not the one that goes. */
const AHEAD = PERIODS - 1;
const ENTRIES = 64;
const SOURCE_BYTE = 7;
const MESSAGE_BYTES = HEADER_BYTES + 4 + STATUS_BYTES;

export interface JsPlayBed {
  /** See PlayBed. */
  readonly playPeriods: (n: number) => number;
  /** The stream's ring, live. */
  readonly ring: Uint8Array;
  readonly played: () => Uint8Array;
  readonly position: () => number;
  readonly delay: () => number;
  /** Where the virtqueue lies in the machine's bytes. */
  readonly vring: Vring;
  readonly bytes: Uint8Array;
  /** Heads of the messages that the device has, oldest first, and how many it took, over 16 bits. */
  readonly waiting: () => number[];
  readonly taken: () => number;
}

function pages(bytes: number): number {
  return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

/** A stream's period as the pieces of a message: header, one piece a page, status. */
function piecesOf(start: number, bytes: number, message: number): Piece[] {
  const data: Piece[] = [];
  for (let at = start; at < start + bytes; at += PAGE_SIZE) {
    const length = Math.min(PAGE_SIZE, start + bytes - at);
    data.push({ address: at, length, writable: false });
  }
  return [
    { address: message, length: HEADER_BYTES, writable: false },
    ...data,
    { address: message + HEADER_BYTES + 4, length: STATUS_BYTES, writable: true },
  ];
}

/** Likewise, of periods of so many bytes. */
export function createJsPlayBed(periodBytes: number): JsPlayBed {
  const ringBytes = PERIODS * periodBytes;
  const output = RAM + ringBytes;
  const headers = output + pages(periodBytes);
  const table = headers + pages(PERIODS * MESSAGE_BYTES);
  const available = table + ENTRIES * DESCRIPTOR_BYTES;
  const used = table + PAGE_SIZE;
  const tables = used + PAGE_SIZE;
  const tableBytes = (periodBytes / PAGE_SIZE + 2) * DESCRIPTOR_BYTES;
  const kernelBytes = pages(tables + ENTRIES * tableBytes) - RAM;

  const memory = ringMemory(createMachine(RAM_BYTES, kernelBytes));
  const { words, bytes } = memory;
  const ring = bytes.subarray(RAM, RAM + ringBytes).fill(SOURCE_BYTE);
  const messages = Array.from({ length: PERIODS }, (_, index): PeriodMessage => {
    const message = headers + index * MESSAGE_BYTES;
    const pieces = piecesOf(RAM + index * periodBytes, periodBytes, message);
    return { descriptors: descriptorsOf(pieces), status: (message + HEADER_BYTES + 4) >> 2 };
  });
  const vring = { entries: ENTRIES, table, available, used };
  const device = new SoundDevice(memory, vring, output, periodBytes);
  const queue = new Virtqueue(memory, vring, tables, tableBytes);
  const sizes = { frameBytes: FRAME_BYTES, periodBytes, periods: PERIODS };
  const stream = new Playback(words, queue, device, messages, sizes);
  const frames = periodBytes / FRAME_BYTES;
  stream.forward(AHEAD * frames);
  stream.start();
  return {
    playPeriods: (n) => {
      let played = 0;
      for (let done = 0; done < n; done++) {
        stream.forward(frames);
        if (stream.play()) played++;
      }
      return played;
    },
    ring,
    played: () => bytes.slice(output, output + device.played),
    position: () => stream.position,
    delay: () => stream.delay,
    vring,
    bytes,
    waiting: () => device.waitingHeads(),
    taken: () => device.taken,
  };
}
