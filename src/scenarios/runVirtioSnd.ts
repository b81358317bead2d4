import { checkOptions, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { pcmDirections, type PcmDirection } from "../systems/pcm/states.ts";
import { designNames, type VirtioSndDesign } from "../systems/virtio/description.ts";
import { given } from "./compareSyncPtr.ts";
import { virtioSndDeviceNames, type VirtioSndDeviceName } from "./virtioBed.ts";
import { MOST_PERIODS, wavFile } from "./virtioSound.ts";
import { captureOn, playOn, type VirtioPlay } from "./virtioPrograms.ts";
import type { VirtioSndRun } from "./virtioRun.ts";

/**
 * A program plays numbered periods through a virtio sound card, or captures such, and everybody writes down when:
 * program, driver, device.
 */

/** How it is played. Everything has a default. Which sizes the driver takes is its own to say, by an errno. */
export interface VirtioSndRunOptions {
  /** Default "mmap". */
  readonly design?: VirtioSndDesign;
  /** Default "eager". */
  readonly device?: VirtioSndDeviceName;
  /** Default "playback". */
  readonly direction?: PcmDirection;
  /** Frames of each write or read. Default: a period. */
  readonly transfer?: number;
  /** Frames of a period. Default 1000. */
  readonly periodSize?: number;
  /** Periods of the ring. Default 4. */
  readonly periods?: number;
  /** Periods that are played. Default 8. */
  readonly count?: number;
  /** Playback: the stream starts with so many frames. Default: a full ring. */
  readonly start?: number;
  readonly kernel?: string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

export const virtioSndDefaults = {
  design: "mmap",
  device: "eager",
  direction: "playback",
  periodSize: 1000,
  periods: 4,
  count: 8,
} as const satisfies VirtioSndRunOptions;

/** The driver takes no rings beyond these. */
export const virtioSndRanges = {
  periodSize: { least: 1, most: 2 ** 14 },
  periods: { least: 1, most: 64 },
  count: { least: 1, most: MOST_PERIODS },
  transfer: { least: 1, most: 2 ** 16 },
  start: { least: 1, most: 2 ** 24 },
} as const;

function within({ least, most }: { readonly least: number; readonly most: number }) {
  return optional(whole(least, most));
}

const runOptions: Shape<VirtioSndRunOptions> = {
  design: optional(nameOf(designNames)),
  device: optional(nameOf(virtioSndDeviceNames)),
  direction: optional(nameOf(pcmDirections)),
  transfer: within(virtioSndRanges.transfer),
  periodSize: within(virtioSndRanges.periodSize),
  periods: within(virtioSndRanges.periods),
  count: within(virtioSndRanges.count),
  start: within(virtioSndRanges.start),
  kernel: optional(kernelRelease),
  wasm: optional(wasmSource),
};

/** What a run came to, and what it sounds like. */
export interface VirtioSndRecording {
  readonly run: VirtioSndRun;
  /** A WAV file of what the device played, S16_LE, mono, 8 kHz; of a capture: of what the program got. */
  readonly wav: Uint8Array;
}

/** @throws UsageError for names that do not exist, and for numbers out of range */
export async function runVirtioSnd(options: VirtioSndRunOptions = {}): Promise<VirtioSndRecording> {
  checkOptions("options", options, runOptions);
  const { wasm, kernel = newestKernel } = options;
  const machine = await Machine.create({ build: "study", memory: "4M", kernel, ...given(wasm) });
  return recordingOn(machine, options);
}

/** Likewise on a machine that nobody used yet; of the options its kernel and core are left out. */
export function recordingOn(machine: Machine, options: VirtioSndRunOptions): VirtioSndRecording {
  const plan = planOf(options);
  const { sound, ...outcome } =
    plan.direction === "playback" ? playOn(machine, plan) : captureOn(machine, plan);
  const run: VirtioSndRun = {
    schemaVersion: 1,
    scenario: "virtio-snd",
    kernel: machine.shape.kernel.version,
    ...plan,
    ...outcome,
    wrongPeriods: outcome.played.filter(({ wrong }) => wrong).length,
    findings: machine.findings(),
  };
  return { run, wav: wavFile(sound) };
}

function planOf(options: VirtioSndRunOptions): VirtioPlay {
  const {
    design = virtioSndDefaults.design,
    device = virtioSndDefaults.device,
    direction = virtioSndDefaults.direction,
    periodSize = virtioSndDefaults.periodSize,
    periods = virtioSndDefaults.periods,
    count = virtioSndDefaults.count,
    transfer = periodSize,
    start = periodSize * periods,
  } = options;
  return { design, device, direction, transfer, periodSize, periods, count, start };
}
