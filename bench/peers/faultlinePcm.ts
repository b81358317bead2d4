import { FaultlineError, Machine, PcmStream, pcmRequest } from "../../src/index.ts";
import type { Task } from "../../src/index.ts";
import {
  intervalBytes,
  intervalCount,
  maskBytes,
  maskCount,
  nativeImageBytes,
  offsetOf,
  unlimited,
} from "../../src/systems/pcm/params/index.ts";
import { PERIOD_BYTES, RAM_BYTES } from "../cells.ts";

// PCM streams of our own machine: one that plays while a program writes it period after period, and
// one whose parameters a program asks for again and again.

const PAGE_SIZE = 4096;
const REQUEST_ADDRESS = 0x1000_0000;
/** Not on the request's place in the TLB. */
const DATA_ADDRESS = 0x2000_1000;

/** 16 bits, two channels. */
const FRAME_BYTES = 4;
const PERIOD_FRAMES = PERIOD_BYTES / FRAME_BYTES;
const PERIODS = 4;

const SOURCE_BYTE = 7;
const WORD = 8;
/** The request where a word has 8 bytes. */
const WRITEI = pcmRequest("WRITEI", 8);
/** An interval's highest value, behind its lowest. */
const MAXIMUM = 4;

/** A playing stream with a full ring, and a request in user memory that brings one more period. */
export interface WriteBed {
  /** n rounds: the device plays a period, WRITEI brings the next. Bit-or of the calls' answers. */
  readonly writePeriods: (n: number) => number;
  /** What the user sees, live: the request's first word (frames written) and the data. */
  readonly written: Uint8Array;
  readonly data: Uint8Array;
  /** The stream's ring, live. */
  readonly ring: Uint8Array;
}

/** A stream without parameters yet. */
export interface RefineBed {
  /** n times HW_REFINE of a space in which everything is open. Bit-or of the calls' answers. */
  readonly refine: (n: number) => number;
  /** The structure in user memory, live. */
  readonly image: Uint8Array;
}

function liveBytes(task: Task, address: number, length: number): Uint8Array {
  const linear = task.linearOf(address);
  if (linear === null) throw new FaultlineError("bench", "user memory of the bench is not present");
  return task.machine.bytes.subarray(linear, linear + length);
}

/** struct snd_xferi: result, address, frames. */
function writeRequest(): Uint8Array {
  const view = new DataView(new ArrayBuffer(3 * WORD));
  view.setBigUint64(WORD, BigInt(DATA_ADDRESS), true);
  view.setBigUint64(2 * WORD, BigInt(PERIOD_FRAMES), true);
  return new Uint8Array(view.buffer);
}

/** P1. */
export async function createWriteBed(): Promise<WriteBed> {
  const machine = await Machine.create({ memory: RAM_BYTES });
  const task = machine.createTask();
  const stream = PcmStream.open(task);
  const sizes = { periodSize: PERIOD_FRAMES, bufferSize: PERIODS * PERIOD_FRAMES };
  if ((stream.configure(sizes) | stream.prepare()) !== 0) {
    throw new FaultlineError("bench", "the stream of P1 does not take its parameters");
  }
  task.map({ at: REQUEST_ADDRESS, length: PAGE_SIZE, populate: true }).write(0, writeRequest());
  const data = task.map({ at: DATA_ADDRESS, length: PERIOD_BYTES, populate: true });
  data.write(0, new Uint8Array(PERIOD_BYTES).fill(SOURCE_BYTE));
  const { cpu } = task;
  for (let period = 0; period < PERIODS; period++) stream.ioctl("native", WRITEI, REQUEST_ADDRESS);
  const ring = machine.words[(stream.handle + machine.constant("STREAM_RING")) >>> 2]!;
  return {
    writePeriods: (n) => machine.exports.measureWritei(cpu, stream.handle, REQUEST_ADDRESS, 0, n),
    written: liveBytes(task, REQUEST_ADDRESS, WORD),
    data: liveBytes(task, DATA_ADDRESS, PERIOD_BYTES),
    ring: machine.bytes.subarray(ring, ring + PERIODS * PERIOD_BYTES),
  };
}

/** A request in which every value of every parameter is allowed, and every parameter asked about. */
function openSpace(): Uint8Array {
  const image = new Uint8Array(nativeImageBytes);
  const view = new DataView(image.buffer);
  image.fill(0xff, offsetOf.masks, offsetOf.masks + maskCount * maskBytes);
  for (let k = 0; k < intervalCount; k++) {
    view.setUint32(offsetOf.intervals + k * intervalBytes + MAXIMUM, unlimited, true);
  }
  view.setUint32(offsetOf.rmask, unlimited, true);
  return image;
}

/** P2. */
export async function createRefineBed(): Promise<RefineBed> {
  const machine = await Machine.create({ memory: RAM_BYTES });
  const task = machine.createTask();
  const stream = PcmStream.open(task);
  task.map({ at: REQUEST_ADDRESS, length: PAGE_SIZE, populate: true });
  const image = liveBytes(task, REQUEST_ADDRESS, nativeImageBytes);
  const request = openSpace();
  const command = pcmRequest("HW_REFINE", 8);
  return {
    image,
    refine(n) {
      let result = 0;
      for (let i = 0; i < n; i++) {
        image.set(request); // the answer stands in the request's place
        result |= stream.ioctl("native", command, REQUEST_ADDRESS);
      }
      return result;
    },
  };
}
