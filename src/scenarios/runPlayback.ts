import { checkOptions, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { buildNames, type BuildName } from "../core/builds.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import type { Counters } from "../machine/counters.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import { pcmDeviceNames, type PcmDeviceName } from "../systems/pcm/device.ts";
import { pcmDoorNames, requireDoor, type PcmDoor } from "../systems/pcm/doors.ts";
import { pcmFormatNames, pcmFormats, type PcmFormatName } from "../systems/pcm/formatNames.ts";
import { access } from "../systems/pcm/params/index.ts";
import { PcmStream } from "../systems/pcm/stream.ts";
import {
  closeStep,
  endsRefused,
  performSteps,
  type PlannedStep,
  type PlaybackStep,
} from "./playbackSteps.ts";
import { given } from "./compareSyncPtr.ts";

/**
 * A program plays two rings full of sound: it fills the ring until playing starts by itself, writes a period each time
 * the device has played one, and drains.
 */

/** How it is played. Everything has a default. Which sizes a device takes is its own to say, by an errno. */
export interface PlaybackOptions {
  /** Default "ctl". */
  readonly device?: PcmDeviceName;
  readonly arch?: ArchName;
  /** Default "native". */
  readonly door?: PcmDoor;
  /** Frames of a period. Default 256. */
  readonly periodSize?: number;
  /** Periods of the ring; twice as many are played. Default 4. */
  readonly periods?: number;
  /** Hz. Default 48000. */
  readonly rate?: number;
  /** Default "S16_LE". */
  readonly format?: PcmFormatName;
  /** Default 2. */
  readonly channels?: number;
  readonly kernel?: string;
  /** Only study counts. Default "study". */
  readonly build?: BuildName;
  /** The build's core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

/** What {@link runPlayback} plays unless it is told otherwise. */
export const playbackDefaults = {
  device: "ctl",
  arch: "x86-64",
  door: "native",
  periodSize: 256,
  periods: 4,
  rate: 48000,
  format: "S16_LE",
  channels: 2,
  kernel: newestKernel,
  build: "study",
} as const satisfies PlaybackOptions;

/** The largest value of a hardware parameter. */
export const mostOfParameter = 2 ** 32 - 1;
/** A position in a ring of one period does not show that the device moved; more than these, none of ours takes. */
export const ringPeriods = { least: 2, most: 1024 } as const;

const parameter = optional(whole(1, mostOfParameter));
const playbackOptions: Shape<PlaybackOptions> = {
  device: optional(nameOf(pcmDeviceNames)),
  arch: optional(nameOf(archNames)),
  door: optional(nameOf(pcmDoorNames)),
  periodSize: parameter,
  periods: optional(whole(ringPeriods.least, ringPeriods.most)),
  rate: parameter,
  format: optional(nameOf(pcmFormatNames)),
  channels: parameter,
  kernel: optional(kernelRelease),
  build: optional(nameOf(buildNames)),
  wasm: optional(wasmSource),
};

/** What was played, step by step, and what user access it took. */
export interface PlaybackRun {
  readonly schemaVersion: 1;
  readonly scenario: "pcm-playback";
  readonly kernel: string;
  readonly arch: ArchName;
  readonly build: BuildName;
  readonly device: PcmDeviceName;
  readonly door: PcmDoor;
  readonly steps: readonly PlaybackStep[];
  /** Of the whole run; null in a build that does not count. */
  readonly counters: Counters | null;
  readonly findings: readonly Finding[];
}

type Plan = Required<Omit<PlaybackOptions, "wasm">>;

const DATA_ADDRESS = 0x10000000;

/** @throws UsageError for names that do not exist, and for a door that the architecture's kernel has not */
export async function runPlayback(options: PlaybackOptions = {}): Promise<PlaybackRun> {
  checkOptions("options", options, playbackOptions);
  const { wasm, ...chosen } = options;
  const plan: Plan = { ...playbackDefaults, ...defined(chosen) };
  const { arch, build, kernel, device, door } = plan;
  requireDoor("door", door, arch);
  const machine = await Machine.create({ arch, build, kernel, ...given(wasm) });
  const steps = play(machine, plan);
  return {
    schemaVersion: 1,
    scenario: "pcm-playback",
    kernel: machine.shape.kernel.version,
    arch,
    build,
    device,
    door,
    steps,
    counters: build === "study" ? machine.counters() : null,
    findings: machine.findings(),
  };
}

function defined(options: Partial<Plan>): Partial<Plan> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function play(machine: Machine, plan: Plan): readonly PlaybackStep[] {
  const { device, door } = plan;
  const task = machine.createTask(door === "native" ? {} : { wordBits: 32 });
  const stream = PcmStream.open(task, { device, door });
  const setUp = performSteps(stream, parameterSteps(stream, plan));
  const played = endsRefused(setUp) ? [] : performSteps(stream, soundSteps(stream, task, plan));
  return [...setUp, ...played, closeStep(stream)];
}

function parameterSteps(stream: PcmStream, plan: Plan): readonly PlannedStep[] {
  const { periodSize, periods, rate, channels, format } = plan;
  const bufferSize = periodSize * periods;
  return [
    { asked: "open", perform: () => 0 },
    {
      asked: "HW_PARAMS",
      perform: () =>
        stream.hwParams({
          format: pcmFormats[format],
          access: access.rwInterleaved,
          channels,
          rate,
          periodSize,
          periods,
        }).result,
    },
    {
      asked: `SW_PARAMS start at ${bufferSize}`,
      perform: () => stream.swParams({ startThreshold: bufferSize }).result,
    },
    { asked: "PREPARE", perform: () => stream.prepare() },
  ];
}

function soundSteps(stream: PcmStream, task: Task, plan: Plan): readonly PlannedStep[] {
  const { periodSize, periods } = plan;
  const write = writeStep(stream, task, periodSize);
  const device = deviceStep(stream, plan);
  return [
    ...repeated(periods, write),
    ...repeated(periods, device, write),
    { asked: "DRAIN", perform: () => stream.drain() },
    ...repeated(periods, device),
    { asked: "DRAIN goes on", perform: () => stream.finish() },
  ];
}

function repeated(times: number, ...steps: readonly PlannedStep[]): readonly PlannedStep[] {
  return Array.from({ length: times }, () => steps).flat();
}

const BITS_PER_BYTE = 8;

/** The program writes the same period each time. */
function writeStep(stream: PcmStream, task: Task, frames: number): PlannedStep {
  const length = Math.ceil((frames * Number(stream.field("frame_bits"))) / BITS_PER_BYTE);
  const sound = task.map({ at: DATA_ADDRESS, length });
  sound.write(
    0,
    Uint8Array.from({ length }, (_, index) => index),
  );
  return { asked: `WRITEI ${frames}`, perform: () => stream.writei(sound.address, frames) };
}

const BILLION = 1_000_000_000n;

/** The device plays a period, in the time that a period takes, and says so. */
function deviceStep(stream: PcmStream, { periodSize, rate }: Plan): PlannedStep {
  const perform = (): null => {
    const played = Number(stream.field("hw_ptr")) + periodSize;
    stream.task.machine.advanceClock((BigInt(periodSize) * BILLION) / BigInt(rate));
    stream.setPosition(played % Number(stream.field("buffer_size")));
    stream.periodElapsed();
    return null;
  };
  return { asked: `the device plays ${periodSize}`, perform };
}
