import type { Machine } from "../machine/machine.ts";
import type { Mapping } from "../machine/mapping.ts";
import type { Task } from "../machine/task.ts";
import { PcmStream } from "../systems/pcm/stream.ts";
import type { PcmConfiguration } from "../systems/pcm/wanted.ts";
import type { VirtioSndJournal } from "../systems/virtio/coreCard.ts";
import type { VirtioSndDesign, VirtioSndDevice } from "../systems/virtio/description.ts";
import { DeviceSchedule, type DeviceTiming } from "../systems/virtio/schedule.ts";
import { VirtioSnd } from "../systems/virtio/virtioSnd.ts";
import { FRAME_BYTES, SOUND_RATE } from "./virtioSound.ts";

/** Devices by when they read what they were given (or fill it), and what each stands for. */
export const virtioSndDevices = {
  eager: {
    timing: { reads: "exposure" },
    meaning: "reads a period the moment it is exposed, as the standard allows",
  },
  lazy: { timing: { reads: "turn" }, meaning: "reads a period when the one before it is over" },
  late: { timing: { reads: "return" }, meaning: "reads a period at its end" },
  halves: { timing: { reads: "halves" }, meaning: "reads half in its turn and half at its end" },
  unordered: {
    timing: { reads: "exposure", order: [1, 0] },
    meaning: "reads at once and returns each second period before the first",
  },
} as const satisfies Record<string, { readonly timing: DeviceTiming; readonly meaning: string }>;
export type VirtioSndDeviceName = keyof typeof virtioSndDevices;
export const virtioSndDeviceNames = Object.keys(virtioSndDevices) as readonly VirtioSndDeviceName[];

/** U8 and S16, mono and stereo, 8 and 48 kHz. */
const stream = { nid: 0, features: 0, formats: 48n, rates: 130n, channels: [1, 2] } as const;

const SOUND_ADDRESS = 0x10000000;

/** What a bed is made of. */
export interface VirtioBedOptions {
  readonly design: VirtioSndDesign;
  readonly direction: "playback" | "capture";
  readonly device: VirtioSndDeviceName;
  /** What the device is besides. */
  readonly built?: Partial<VirtioSndDevice>;
  /** What the device keeps of what it saw and did. Default its contents too. */
  readonly journal?: VirtioSndJournal;
  /** Default true. */
  readonly nonblock?: boolean;
  /** The longest transfer, in frames. */
  readonly transfer: number;
}

/** A program with an open stream of a virtio sound device, its driver and the device. */
export interface VirtioBed {
  readonly machine: Machine;
  readonly task: Task;
  readonly card: VirtioSnd;
  readonly stream: PcmStream;
  readonly device: DeviceSchedule;
  /** Where the program's sound lies. */
  readonly sound: Mapping;
}

/** Opens the stream. The device keeps an eye on its driver: what it sees is a finding. */
export function openVirtioBed(machine: Machine, options: VirtioBedOptions): VirtioBed {
  const { design, direction, device, built, nonblock = true, transfer } = options;
  const { journal = "contents" } = options;
  const { timing } = virtioSndDevices[device];
  const task = machine.createTask();
  const sound = task.map({ at: SOUND_ADDRESS, length: transfer * FRAME_BYTES, populate: true });
  const card = VirtioSnd.plug(
    machine,
    {
      streams: [{ ...stream, direction: direction === "playback" ? 0 : 1 }],
      guards: true,
      eagerRx: timing.reads === "exposure",
      ...built,
    },
    { design, journal },
  );
  const file = card.openStream(task, 0, { nonblock }) as PcmStream;
  return { machine, task, card, stream: file, device: new DeviceSchedule(card, timing), sound };
}

/** HW_PARAMS: S16, mono, 8 kHz, interleaved reads and writes unless another access is named. */
export function configureVirtioBed(
  { stream }: VirtioBed,
  sizes: Omit<PcmConfiguration, "format" | "channels" | "rate">,
): number {
  return stream.configure({ format: "S16_LE", channels: 1, rate: SOUND_RATE, ...sizes });
}

/** WRITEI. */
export function writeSound({ sound, stream }: VirtioBed, bytes: Uint8Array): number {
  sound.write(0, bytes);
  return stream.writei(sound.address, bytes.length / FRAME_BYTES);
}

/** READI: what it answers, and what came. */
export function readSound({ sound, stream }: VirtioBed, frames: number): [number, Uint8Array] {
  const answer = stream.readi(sound.address, frames);
  return [answer, sound.read(0, Math.max(answer, 0) * FRAME_BYTES)];
}

/** The messages that the device has, by the place of their period in the ring, oldest first. */
export function queuedPeriods({ card, stream }: VirtioBed, periodSize: number): number[] {
  const view = card.view(stream.direction === "playback" ? "tx" : "rx");
  return (view?.chains ?? []).map(({ pieces }) => pieces[1]!.offset / (periodSize * FRAME_BYTES));
}
