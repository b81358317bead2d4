import type {
  BuildName,
  Machine,
  Mapping,
  PcmConfiguration,
  PcmDoor,
  PcmStream,
  SwParamsRequest,
  Task,
} from "../../../src/index.ts";
import type { VirtioSndDesign, VirtioSndDevice } from "../../../src/systems/virtio/description.ts";
import { VirtioSnd, type VirtioSndOptions } from "../../../src/systems/virtio/virtioSnd.ts";
import { machineOf } from "../../machine/pool.ts";

/** Frames of a byte each: four periods of 100, as in the examples of the thread. */
export const PERIOD = 100;
export const PERIODS = 4;
export const RING = PERIODS * PERIOD;

/** Where the program's sound lies: in another slot of the TLB than the page of its requests. */
export const SOUND = 0x10003000;
const SOUND_BYTES = 16 * 4096;

export const errnos = {
  EIO: 5,
  EAGAIN: 11,
  EFAULT: 14,
  EBUSY: 16,
  EINVAL: 22,
  ENOSPC: 28,
  EPIPE: 32,
};

/** U8 and S16, mono and stereo, 8 and 48 kHz. */
const FORMATS = 48n;
const RATES = 130n;

export interface VirtioBed {
  readonly machine: Machine;
  readonly task: Task;
  readonly card: VirtioSnd;
  readonly stream: PcmStream;
  readonly sound: Mapping;
}

export interface VirtioBedOptions {
  readonly design: VirtioSndDesign;
  readonly build?: BuildName;
  /** 0 playback, 1 capture. */
  readonly direction?: 0 | 1;
  readonly nonblock?: boolean;
  readonly device?: Partial<VirtioSndDevice>;
  readonly driver?: Partial<VirtioSndOptions>;
  readonly software?: SwParamsRequest;
  readonly features?: number;
  readonly access?: number;
  readonly kernel?: string;
  readonly door?: PcmDoor;
  readonly sizes?: Sizes;
}

/** In frames. */
type Sizes = Pick<PcmConfiguration, "periodSize" | "bufferSize">;

/** A machine with a device, its driver and one stream of U8 at 8 kHz in PREPARED; not blocking unless said. */
export async function virtioBed(options: VirtioBedOptions): Promise<VirtioBed> {
  const { build = "release", kernel = "6.12", nonblock = true } = options;
  const { design, direction = 0, features = 0, access = 3 } = options;
  const machine = await machineOf({ build, kernel, memory: "4M" });
  const task = machine.createTask();
  const sound = task.map({ at: SOUND, length: SOUND_BYTES });
  const stream = { nid: 0, features, formats: FORMATS, rates: RATES, channels: [1, 2] as const };
  const card = VirtioSnd.plug(
    machine,
    { streams: [{ ...stream, direction }], ...options.device },
    { design, ...options.driver },
  );
  const { door = "native", sizes = { periodSize: PERIOD, bufferSize: RING } } = options;
  const file = card.openStream(task, 0, { nonblock, door }) as PcmStream;
  expectGood(configure(file, access, sizes));
  if (options.software !== undefined) expectGood(file.swParams(options.software).result);
  expectGood(file.prepare());
  card.forgetEvents();
  return { machine, task, card, stream: file, sound };
}

/** HW_PARAMS: U8, mono, 8 kHz, the ring of the examples. Access 3 is read and write, 0 mmap, both interleaved. */
export function configure(
  stream: PcmStream,
  access = 3,
  sizes: Sizes = { periodSize: PERIOD, bufferSize: RING },
): number {
  return stream.configure({ access, format: "U8", channels: 1, rate: 8000, ...sizes });
}

function expectGood(answer: number): void {
  if (answer !== 0) throw new Error(`the stream answered ${answer} before the test began`);
}

/** Frames of one value. */
export function run(value: number, length = PERIOD): Uint8Array {
  return new Uint8Array(length).fill(value);
}

/** WRITEI. */
export function write({ sound, stream }: VirtioBed, bytes: Uint8Array): number {
  sound.write(0, bytes);
  return stream.writei(SOUND, bytes.length);
}

/** READI: what it answers, and what came. */
export function read({ sound, stream }: VirtioBed, frames: number): [number, Uint8Array] {
  const answer = stream.readi(SOUND, frames);
  return [answer, sound.read(0, Math.max(answer, 0))];
}

/** The messages that the device has, by the number of their period, oldest first. */
export function queued({ card, stream }: VirtioBed): number[] {
  card.look();
  const view = card.view(stream.direction === "playback" ? "tx" : "rx")!;
  return view.chains.map(({ pieces }) => pieces[1]!.offset / PERIOD);
}

/** The device returns messages, and the driver's notification runs. */
export function complete(
  { card, stream }: VirtioBed,
  count = 1,
  how: Partial<Parameters<VirtioSnd["complete"]>[0]> = {},
): number {
  const queue = stream.direction === "playback" ? "tx" : "rx";
  return card.complete({ queue, count, interrupts: "each_settled", ...how });
}

/** What the core thinks, in frames. */
export function pointers({ stream }: VirtioBed): { readonly hw: number; readonly appl: number } {
  return { hw: Number(stream.field("hw_ptr")), appl: Number(stream.field("appl_ptr")) };
}

/** Content of the messages that were exposed (or returned) since the last question, one array each. */
export function contents({ card }: VirtioBed, kind: "expose" | "complete"): Uint8Array[] {
  return card
    .takeEvents()
    .flatMap((event) => (event.kind === kind && event.content !== null ? [event.content] : []));
}
