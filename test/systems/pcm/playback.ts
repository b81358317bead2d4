import {
  PcmStream,
  type ArchName,
  type BuildName,
  type Machine,
  type Mapping,
  type Operation,
  type PcmConfiguration,
  type PcmStreamOptions,
  type SwParamsRequest,
  type Task,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";

/** Stereo S16: what every test stream has. */
export const FRAME_BYTES = 4;
export const PERIOD_FRAMES = 100;
export const BUFFER_FRAMES = 400;

/** A prepared playback stream of four periods of 100 frames. */
export function preparedStream(task: Task, options: PcmStreamOptions = {}): PcmStream {
  const stream = PcmStream.open(task, options);
  const configured = stream.configure({ periodSize: PERIOD_FRAMES, bufferSize: BUFFER_FRAMES });
  const prepared = stream.prepare();
  if (configured !== 0 || prepared !== 0) {
    throw new Error(`HW_PARAMS ${configured}, PREPARE ${prepared}`);
  }
  return stream;
}

/** The device has played `frames` in all and says so with one period interrupt. */
export function interruptOperation(
  machine: Machine,
  cpu: number,
  stream: PcmStream,
  frames: number,
): Operation {
  const exports = machine.rawExports;
  return {
    name: "interrupt",
    call: () => {
      stream.setPosition(frames % BUFFER_FRAMES);
      exports.devicePeriodElapsed(cpu, stream.handle);
      return 0;
    },
  };
}

/** Where the programs' sound lies. */
export const SOUND = 0x10000000;
export const SOUND_BYTES = 8 * 4096;

/** A prepared stream, and what is around it. */
export interface PcmBed {
  readonly machine: Machine;
  readonly task: Task;
  /** The program's sound, at SOUND; the page behind it is missing. */
  readonly sound: Mapping;
  readonly stream: PcmStream;
}

export interface PcmBedOptions extends PcmStreamOptions {
  readonly arch?: ArchName;
  readonly kernel?: string;
  readonly build?: BuildName;
  readonly configuration?: Partial<PcmConfiguration>;
  readonly software?: SwParamsRequest;
}

/** A machine with one stream in PREPARED: four periods of 100 frames, not blocking, of kernel 6.12, unless said. */
export async function preparedBed(options: PcmBedOptions = {}): Promise<PcmBed> {
  const { arch = "x86-64", kernel = "6.12", build = "release", ...rest } = options;
  const { configuration, software, ...file } = rest;
  const machine = await machineOf({ arch, kernel, build, memory: "4M", cpus: 2 });
  const task = machine.createTask(file.door === undefined ? {} : { wordBits: 32 });
  const sound = task.map({ at: SOUND, length: SOUND_BYTES, populate: true });
  const stream = PcmStream.open(task, { nonblock: true, ...file });
  const sizes = { periodSize: PERIOD_FRAMES, bufferSize: BUFFER_FRAMES };
  expectGood(stream.configure({ ...sizes, ...configuration }));
  if (software !== undefined) expectGood(stream.swParams(software).result);
  expectGood(stream.prepare());
  stream.takeDriverCalls();
  return { machine, task, sound, stream };
}

function expectGood(answer: number): void {
  if (answer !== 0) throw new Error(`the stream answered ${answer} before the test began`);
}

/** The device stands at `frames`, and says so. */
export function moveTo(stream: PcmStream, frames: number): void {
  stream.setPosition(frames);
  stream.periodElapsed();
}

/** The pointers of acks since the last question. */
export function acksOf(stream: PcmStream): bigint[] {
  return stream
    .takeDriverCalls()
    .filter(({ name }) => name === "ack")
    .map(({ argument }) => argument);
}

/** Bytes that differ from their neighbours, none of them 0. */
export function loud(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index % 251) + 1);
}
