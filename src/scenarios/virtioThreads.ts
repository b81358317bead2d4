/** A virtio sound card whose program, driver and device are threads: what the one heard of what the other gave. */

import { UsageError, FaultlineError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import type { ConstantName } from "../core/exports.ts";
import type { Finding } from "../machine/findings.ts";
import { Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import { pcmDirections, type PcmDirection } from "../systems/pcm/states.ts";
import { PcmStream } from "../systems/pcm/stream.ts";
import { queueNames, type VirtioQueueName } from "../systems/virtio/description.ts";
import { VirtioSnd } from "../systems/virtio/virtioSnd.ts";
import type { CpuThread } from "../threads/cpuThread.ts";
import type { CpuThreads } from "../threads/cpuThreads.ts";
import { expectAnswer } from "./playbackBed.ts";
import { notesIn, outcomeOf, type Beginning, type ThreadsOutcome } from "./virtioThreadsOutcome.ts";
import {
  THREAD_FRAME_BYTES,
  applicationNumbers,
  notesBytes,
  paces,
} from "./virtioThreadsScript.ts";

export type VirtioThreadsDesign = "mmap" | "copy" | "ack" | "corrected";

/** Those whose device finds something to play whenever a period was written, or room whenever one was read. */
export const virtioThreadsDesigns = {
  playback: ["mmap", "ack", "corrected"],
  capture: ["mmap", "copy", "ack", "corrected"],
} as const satisfies Record<PcmDirection, readonly VirtioThreadsDesign[]>;

/** When the device reads a period, or fills it. */
export const virtioThreadsDevices = {
  eager: {
    reads: "READS_AT_EXPOSURE",
    playback: "reads a period the moment it takes it",
    capture: "fills a period the moment it takes it",
  },
  lazy: {
    reads: "READS_IN_TURN",
    playback: "reads a period when it plays it",
    capture: "fills a period when it gives it back",
  },
} as const satisfies Record<
  string,
  { readonly reads: ConstantName } & Readonly<Record<PcmDirection, string>>
>;
export type VirtioThreadsDevice = keyof typeof virtioThreadsDevices;
export const virtioThreadsDeviceNames = Object.keys(virtioThreadsDevices) as VirtioThreadsDevice[];

/** How the threads meet. */
export const virtioThreadsPaces = {
  free: "each goes on as fast as it can",
  steps:
    "the device has a period's time when all stand still, and the program goes on when they do so again",
} as const;
export type VirtioThreadsPace = keyof typeof virtioThreadsPaces;
export const virtioThreadsPaceNames = Object.keys(virtioThreadsPaces) as VirtioThreadsPace[];

/** How the two sides tell each other that there is something new. */
export const virtioThreadsSignals = {
  flags: "each time, unless the other side does not want it",
  event: "the event index: where the other side asked for it",
  polling: "the device looks all the time, and is never told",
} as const;
export type VirtioThreadsSignals = keyof typeof virtioThreadsSignals;
export const virtioThreadsSignalNames = Object.keys(virtioThreadsSignals) as VirtioThreadsSignals[];

export interface VirtioThreadsOptions {
  readonly design: VirtioThreadsDesign;
  readonly direction: PcmDirection;
  readonly device: VirtioThreadsDevice;
  readonly pace: VirtioThreadsPace;
  readonly signals: VirtioThreadsSignals;
  /** Frames of each write, or read; default a period. */
  readonly write?: number | undefined;
  /** Periods that are written and played, or captured and read. */
  readonly count: number;
  /** The device reports an xrun after these periods that it played, or captured, in ascending order; default none. */
  readonly xruns?: readonly number[] | undefined;
  readonly kernel: string;
  /** Starts the machine's CPUs as threads, which can run {@link virtioThreadsPrograms}. */
  readonly start: (machine: Machine) => Promise<CpuThreads>;
}

export const virtioThreadsRing = { periodSize: 100, periods: 3 } as const;
export const virtioThreadsDefaults = {
  design: "ack",
  direction: "playback",
  device: "eager",
  pace: "free",
  signals: "flags",
  count: 10_000,
} as const;
export const virtioThreadsRange = { least: 1, most: 1_000_000 } as const;

export interface VirtioThreadsRun extends ThreadsOutcome {
  readonly schemaVersion: 1;
  readonly scenario: "virtio-snd-threads";
  readonly kernel: string;
  readonly design: VirtioThreadsDesign;
  readonly direction: PcmDirection;
  readonly device: VirtioThreadsDevice;
  readonly pace: VirtioThreadsPace;
  readonly signals: VirtioThreadsSignals;
  readonly write: number;
  readonly count: number;
  /** After which periods the device was to report an xrun, */
  readonly xruns: readonly number[];
  /** how often it did, */
  readonly reported: number;
  /** and how often the program met one, with EPIPE, and began again. */
  readonly met: number;
  /** Of those, how often by a call that found it itself and slept over it until its time limit. */
  readonly late: number;
  /** What the application ended with, where it could not go on: −errno. */
  readonly stopped: number | null;
  /** Interrupts of the device for what it had played, or captured. */
  readonly interrupts: number;
  /** Frames that were played, or captured, and the position stayed behind them when all stood still. */
  readonly behind: number;
  readonly findings: readonly Finding[];
}

const { periodSize: PERIOD, periods: PERIODS } = virtioThreadsRing;
const START = PERIODS * PERIOD;
const SOUND = 0x1000_0000;
const CPUS = 4;
/** The device and the driver return as soon as they are told: one that does not stands at a lock that nobody gives back. */
const PATIENCE_MS = 10_000;

/** S32, mono, 8 kHz, by virtio's numbers. */
const STREAM = {
  nid: 0,
  formats: 1n << 17n,
  rates: 1n << 1n,
  channels: [1, 1],
} as const;

/** Options with nothing left out. */
type Plan = Required<{
  readonly [Name in keyof VirtioThreadsOptions]: NonNullable<VirtioThreadsOptions[Name]>;
}>;

/**
 * Plays, or captures, numbered periods through a virtio sound card: the program, the CPU that takes the driver's
 * interrupts, and the device are a thread each.
 * @throws UsageError for transfers that the ring has no room for, a design without that direction, and xruns that are
 *   not in order; FaultlineError "thread-lost"
 */
export async function runVirtioThreads(options: VirtioThreadsOptions): Promise<VirtioThreadsRun> {
  const { write = PERIOD, xruns = [], kernel } = options;
  const plan = { ...options, write, xruns };
  checkPlan(plan);
  const machine = await Machine.create({ build: "threads", memory: "16M", cpus: CPUS, kernel });
  const threads = await options.start(machine);
  try {
    const scene = new Scene(threads, machine, plan);
    return await scene.play();
  } finally {
    await threads.stop();
  }
}

function checkPlan({ design, direction, write, xruns, count }: Plan): void {
  oneOf("design", design, virtioThreadsDesigns[direction]);
  if (write > PERIOD * PERIODS) {
    const problem = `is ${write}, and the ring has ${PERIOD * PERIODS} frames`;
    throw new UsageError({ argument: "write", problem, valid: "at most the ring" });
  }
  const isAscending = xruns.every((turn, at) => at === 0 || turn > xruns[at - 1]!);
  const isWithin = xruns.every((turn) => Number.isInteger(turn) && turn >= 1 && turn <= count);
  if (isAscending && isWithin) return;
  const valid = `periods from 1 to ${count}, in ascending order`;
  throw new UsageError({ argument: "xruns", problem: `is ${xruns.join()}`, valid });
}

class Scene {
  readonly #options: Plan;
  readonly #machine: Machine;
  readonly #threads: CpuThreads;
  readonly #words: Int32Array;
  readonly #task: Task;
  readonly #card: VirtioSnd;
  readonly #stream: PcmStream;
  readonly #apart: number;
  readonly #player: number;
  readonly #heard: number;
  readonly #notes: number;

  constructor(threads: CpuThreads, machine: Machine, options: Plan) {
    this.#options = options;
    this.#machine = machine;
    this.#threads = threads;
    this.#words = new Int32Array(machine.core.memory.buffer);
    this.#task = this.#application.seat(machine.createTask({ cpu: null }));
    this.#card = this.#plug();
    this.#stream = this.#open();
    this.#apart = this.#allocate(machine.constant("APART_BYTES"));
    this.#heard = this.#allocate(4 * options.count);
    this.#notes = this.#allocate(notesBytes(this.#beginnings));
    this.#player = this.#newPlayer();
    this.#set(this.#card.address, "CARD_APART", this.#apart);
  }

  /** At first, and after each xrun. */
  get #beginnings(): number {
    return 1 + this.#options.xruns.length;
  }

  get #queue(): VirtioQueueName {
    return this.#options.direction === "playback" ? "tx" : "rx";
  }

  get #application(): CpuThread {
    return this.#threads.threads[0]!;
  }

  #plug(): VirtioSnd {
    const { design, direction, signals } = this.#options;
    const features = signals === "polling" ? this.#machine.constant("FEATURE_MSG_POLLING") : 0;
    return VirtioSnd.plug(
      this.#task.machine,
      {
        streams: [{ ...STREAM, direction: pcmDirections.indexOf(direction), features }],
        eventIndex: signals === "event",
        output: PERIOD * THREAD_FRAME_BYTES,
      },
      { design, journal: "nothing" },
    );
  }

  /** A stream that is started by a full ring, or when it is told to, and never stops for want of data or room. */
  #open(): PcmStream {
    const stream = this.#card.openStream(this.#task, 0);
    if (!(stream instanceof PcmStream)) {
      throw new FaultlineError("open-failed", `the stream answered ${stream}`);
    }
    const sizes = { periodSize: PERIOD, bufferSize: PERIODS * PERIOD };
    const format = { format: "S32_LE", channels: 1, rate: 8000 } as const;
    expectAnswer("HW_PARAMS", 0, stream.configure({ ...format, ...sizes }));
    const stopThreshold = stream.field("boundary");
    const thresholds = { startThreshold: START, stopThreshold };
    expectAnswer("SW_PARAMS", 0, stream.swParams(thresholds).result);
    expectAnswer("PREPARE", 0, stream.prepare());
    return stream;
  }

  /** Notifications that stay out for a whole ring are one that does not move: the device is never that far ahead. */
  #newPlayer(): number {
    const { machine } = this.#task;
    const { design, device, signals, count, xruns } = this.#options;
    const player = this.#allocate(machine.constant("PLAYER_BYTES"));
    this.#set(player, "PLAYER_STATUS", machine.constant("STATUS_OK"));
    this.#set(player, "PLAYER_CAPTURED", -1);
    this.#set(player, "PLAYER_USED_LENGTH", -1);
    this.#set(player, "PLAYER_QUEUE", queueNames.indexOf(this.#queue));
    this.#set(player, "PLAYER_READS", machine.constant(virtioThreadsDevices[device].reads));
    this.#set(player, "PLAYER_POLLS", signals === "polling" ? 1 : 0);
    this.#set(player, "PLAYER_LIMIT", count);
    this.#set(player, "PLAYER_AHEAD", design === "corrected" ? PERIODS + 1 : PERIODS - 1);
    const entries = this.#card.view(this.#queue)!.entries;
    this.#set(player, "PLAYER_KEPT", this.#allocate(4 * entries));
    this.#set(player, "PLAYER_HEARD", this.#heard);
    this.#set(player, "PLAYER_SOUND", this.#allocate(PERIOD * THREAD_FRAME_BYTES));
    this.#set(player, "PLAYER_SOUND_BYTES", PERIOD * THREAD_FRAME_BYTES);
    const reports = this.#allocate(4 * (xruns.length + 1));
    this.#words.set([...xruns, 0], reports >>> 2);
    this.#set(player, "PLAYER_XRUNS", reports);
    return player;
  }

  #allocate(bytes: number): number {
    const address = this.#machine.exports.virtioAllocate(bytes) >>> 0;
    if (address === 0) throw new FaultlineError("no-memory", "RAM is full: too many periods");
    return address;
  }

  #set(record: number, field: ConstantName, value: number): void {
    Atomics.store(this.#words, (record + this.#machine.constant(field)) >>> 2, value);
  }

  async play(): Promise<VirtioThreadsRun> {
    const [application, driver, device] = this.#threads.threads as readonly CpuThread[];
    driver!.begin("virtioServe", [this.#card.address, 0]);
    device!.begin("virtioServe", [this.#card.address, this.#player]);
    application!.begin("virtioApplication", applicationNumbers(this.#script()));
    await this.#threads.untilAtRest([application!]);
    const result = application!.take();
    this.#set(this.#apart, "APART_ENDED", 1);
    const end = performance.now() + PATIENCE_MS;
    const hasEnded = await this.#threads.untilAtRest(
      [driver!, device!],
      () => performance.now() > end,
    );
    if (!hasEnded) {
      throw new FaultlineError("stress-failed", "the driver or the device never came to an end");
    }
    return this.#outcome(result < 0 ? result : null);
  }

  #script(): Parameters<typeof applicationNumbers>[0] {
    const { write, count, direction } = this.#options;
    const length = write * THREAD_FRAME_BYTES;
    const sound = this.#task.map({ at: SOUND, length, populate: true });
    return {
      captures: direction === "capture" ? 1 : 0,
      stream: this.#stream.handle,
      sound: SOUND,
      soundLinear: this.#task.linearOf(sound.address)!,
      write,
      period: PERIOD,
      ring: PERIODS * PERIOD,
      frames: count * PERIOD,
      start: START,
      pace: this.#pace,
      apart: this.#apart,
      player: this.#player,
      notes: this.#notes,
      beginnings: this.#beginnings,
    };
  }

  /** A device that goes on as it likes is held up by a driver that gives it nothing before the program has come so far. */
  get #pace(): (typeof paces)[keyof typeof paces] {
    const { pace, design, direction } = this.#options;
    if (pace === "steps") return paces.steps;
    const holdsUp = design === "corrected" || (design === "ack" && direction === "playback");
    return holdsUp ? paces.free : paces.program;
  }

  #outcome(stopped: number | null): VirtioThreadsRun {
    const { design, direction, device, pace, signals, write, count, xruns } = this.#options;
    const { began, read, late } = notesIn(this.#words, this.#notes);
    const given = this.#word(this.#player, "PLAYER_PLAYED");
    const played = direction === "playback" ? given : read;
    const heard = [...this.#words.subarray(this.#heard >>> 2).subarray(0, played)];
    const raised = this.#machine.constant("APART_RAISED") + 4 * queueNames.indexOf(this.#queue);
    return {
      schemaVersion: 1,
      scenario: "virtio-snd-threads",
      kernel: this.#machine.shape.kernel.version,
      design,
      direction,
      device,
      pace,
      signals,
      write,
      count,
      xruns,
      reported: this.#word(this.#player, "PLAYER_REPORTED"),
      met: began.length - 1,
      late,
      stopped,
      ...outcomeOf(heard, began, count),
      interrupts: this.#words[(this.#apart + raised) >>> 2]!,
      behind: this.#behind(given, began.at(-1)!),
      findings: this.#machine.findings(),
    };
  }

  /** The position counts from where the program began last. */
  #behind(given: number, { turn, number }: Beginning): number {
    const first = this.#options.direction === "playback" ? turn : number;
    return (given - first + 1) * PERIOD - Number(this.#stream.field("hw_ptr"));
  }

  #word(record: number, field: ConstantName): number {
    return Atomics.load(this.#words, (record + this.#machine.constant(field)) >>> 2);
  }
}
