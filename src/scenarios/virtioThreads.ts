/** A virtio sound card whose program, driver and device are threads: what the device heard, of what was written. */

import { UsageError, FaultlineError } from "../base/errors.ts";
import type { ConstantName } from "../core/exports.ts";
import type { Finding } from "../machine/findings.ts";
import { Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import { PcmStream } from "../systems/pcm/stream.ts";
import { queueNames } from "../systems/virtio/description.ts";
import { VirtioSnd } from "../systems/virtio/virtioSnd.ts";
import type { CpuThread } from "../threads/cpuThread.ts";
import type { CpuThreads } from "../threads/cpuThreads.ts";
import { expectAnswer } from "./playbackBed.ts";
import { THREAD_FRAME_BYTES, applicationNumbers, paces } from "./virtioThreadsPrograms.ts";

/** Those whose device finds something to play whenever a period was written. */
export const virtioThreadsDesigns = ["mmap", "ack", "corrected"] as const;
export type VirtioThreadsDesign = (typeof virtioThreadsDesigns)[number];

/** When the device reads a period. */
export const virtioThreadsDevices = {
  eager: { reads: "READS_AT_EXPOSURE", meaning: "reads a period the moment it takes it" },
  lazy: { reads: "READS_IN_TURN", meaning: "reads a period when it plays it" },
} as const satisfies Record<string, { readonly reads: ConstantName; readonly meaning: string }>;
export type VirtioThreadsDevice = keyof typeof virtioThreadsDevices;
export const virtioThreadsDeviceNames = Object.keys(virtioThreadsDevices) as VirtioThreadsDevice[];

/** How the threads meet. */
export const virtioThreadsPaces = {
  free: "each goes on as fast as it can",
  steps: "a period is played when all stand still, and the next one written when they do so again",
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
  readonly device: VirtioThreadsDevice;
  readonly pace: VirtioThreadsPace;
  readonly signals: VirtioThreadsSignals;
  /** Frames of each write; default a period. */
  readonly write?: number | undefined;
  /** Periods that are written and played. */
  readonly count: number;
  readonly kernel: string;
  /** Starts the machine's CPUs as threads, which can run {@link virtioThreadsPrograms}. */
  readonly start: (machine: Machine) => Promise<CpuThreads>;
}

export const virtioThreadsRing = { periodSize: 100, periods: 3 } as const;
export const virtioThreadsDefaults = {
  design: "ack",
  device: "eager",
  pace: "free",
  signals: "flags",
  count: 10_000,
} as const;
export const virtioThreadsRange = { least: 1, most: 1_000_000 } as const;

/** A period that is not the one whose turn it was. */
export interface WrongPeriod {
  /** Its turn, from 1. */
  readonly turn: number;
  /** What was heard: an earlier or later period, parts of two, or what was there before all of them. */
  readonly heard: number | "torn" | "nothing";
}

export interface VirtioThreadsRun {
  readonly schemaVersion: 1;
  readonly scenario: "virtio-snd-threads";
  readonly kernel: string;
  readonly design: VirtioThreadsDesign;
  readonly device: VirtioThreadsDevice;
  readonly pace: VirtioThreadsPace;
  readonly signals: VirtioThreadsSignals;
  readonly write: number;
  readonly count: number;
  readonly played: number;
  /** What the application ended with, where it could not go on: −errno. */
  readonly stopped: number | null;
  readonly wrong: number;
  /** Of those, periods of which parts of two were heard. */
  readonly torn: number;
  /** Periods that were written and never heard. */
  readonly unheard: number;
  /** The first of the wrong ones. */
  readonly firstWrong: readonly WrongPeriod[];
  /** Interrupts of the device for what it had played. */
  readonly interrupts: number;
  readonly findings: readonly Finding[];
}

const { periodSize: PERIOD, periods: PERIODS } = virtioThreadsRing;
const SOUND = 0x1000_0000;
const CPUS = 4;
const FIRST_WRONG = 5;
/** The device and the driver return as soon as they are told: one that does not stands at a lock that nobody gives back. */
const PATIENCE_MS = 10_000;

/** S32, mono, 8 kHz, by virtio's numbers. */
const STREAM = {
  nid: 0,
  formats: 1n << 17n,
  rates: 1n << 1n,
  direction: 0,
  channels: [1, 1],
} as const;

/**
 * Plays numbered periods through a virtio sound card: the program, the CPU that takes the driver's interrupts, and the
 * device are a thread each.
 * @throws UsageError for writes that the ring has no room for; FaultlineError "thread-lost"
 */
export async function runVirtioThreads(options: VirtioThreadsOptions): Promise<VirtioThreadsRun> {
  const { write = PERIOD, kernel } = options;
  if (write > PERIOD * PERIODS) {
    const problem = `is ${write}, and the ring has ${PERIOD * PERIODS} frames`;
    throw new UsageError({ argument: "write", problem, valid: "at most the ring" });
  }
  const machine = await Machine.create({ build: "threads", memory: "16M", cpus: CPUS, kernel });
  const threads = await options.start(machine);
  try {
    const scene = new Scene(threads, machine, { ...options, write });
    return await scene.play();
  } finally {
    await threads.stop();
  }
}

class Scene {
  readonly #options: VirtioThreadsOptions & { readonly write: number };
  readonly #machine: Machine;
  readonly #threads: CpuThreads;
  readonly #words: Int32Array;
  readonly #task: Task;
  readonly #card: VirtioSnd;
  readonly #stream: PcmStream;
  readonly #apart: number;
  readonly #player: number;
  readonly #heard: number;

  constructor(
    threads: CpuThreads,
    machine: Machine,
    options: VirtioThreadsOptions & { readonly write: number },
  ) {
    this.#options = options;
    this.#machine = machine;
    this.#threads = threads;
    this.#words = new Int32Array(machine.core.memory.buffer);
    this.#task = this.#application.seat(machine.createTask({ cpu: null }));
    this.#card = this.#plug();
    this.#stream = this.#open();
    this.#apart = this.#allocate(machine.constant("APART_BYTES"));
    this.#heard = this.#allocate(4 * options.count);
    this.#player = this.#newPlayer();
    this.#set(this.#card.address, "CARD_APART", this.#apart);
  }

  get #application(): CpuThread {
    return this.#threads.threads[0]!;
  }

  #plug(): VirtioSnd {
    const { design, signals } = this.#options;
    const features = signals === "polling" ? this.#machine.constant("FEATURE_MSG_POLLING") : 0;
    return VirtioSnd.plug(
      this.#task.machine,
      {
        streams: [{ ...STREAM, features }],
        eventIndex: signals === "event",
        output: PERIOD * THREAD_FRAME_BYTES,
      },
      { design, journal: "nothing" },
    );
  }

  /** A stream that is started by a full ring, or by all that will ever be written, and never stops by itself. */
  #open(): PcmStream {
    const stream = this.#card.openStream(this.#task, 0);
    if (!(stream instanceof PcmStream)) {
      throw new FaultlineError("open-failed", `the stream answered ${stream}`);
    }
    const sizes = { periodSize: PERIOD, bufferSize: PERIODS * PERIOD };
    const format = { format: "S32_LE", channels: 1, rate: 8000 } as const;
    expectAnswer("HW_PARAMS", 0, stream.configure({ ...format, ...sizes }));
    const stopThreshold = stream.field("boundary");
    const startThreshold = Math.min(PERIODS, this.#options.count) * PERIOD;
    const thresholds = { startThreshold, stopThreshold };
    expectAnswer("SW_PARAMS", 0, stream.swParams(thresholds).result);
    expectAnswer("PREPARE", 0, stream.prepare());
    return stream;
  }

  /** Notifications that stay out for a whole ring are one that does not move: the device is never that far ahead. */
  #newPlayer(): number {
    const { machine } = this.#task;
    const { design, device, signals, count } = this.#options;
    const player = this.#allocate(machine.constant("PLAYER_BYTES"));
    this.#set(player, "PLAYER_STATUS", machine.constant("STATUS_OK"));
    this.#set(player, "PLAYER_USED_LENGTH", -1);
    this.#set(player, "PLAYER_READS", machine.constant(virtioThreadsDevices[device].reads));
    this.#set(player, "PLAYER_POLLS", signals === "polling" ? 1 : 0);
    this.#set(player, "PLAYER_LIMIT", count);
    this.#set(player, "PLAYER_AHEAD", design === "corrected" ? PERIODS + 1 : PERIODS - 1);
    const entries = this.#card.view("tx")!.entries;
    this.#set(player, "PLAYER_KEPT", this.#allocate(4 * entries));
    this.#set(player, "PLAYER_HEARD", this.#heard);
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
    const end = Date.now() + PATIENCE_MS;
    const hasEnded = await this.#threads.untilAtRest([driver!, device!], () => Date.now() > end);
    if (!hasEnded) {
      throw new FaultlineError("stress-failed", "the driver or the device never came to an end");
    }
    return this.#outcome(result < 0 ? result : null);
  }

  #script(): Parameters<typeof applicationNumbers>[0] {
    const { write, count, pace, design } = this.#options;
    const length = write * THREAD_FRAME_BYTES;
    const sound = this.#task.map({ at: SOUND, length, populate: true });
    return {
      stream: this.#stream.handle,
      sound: SOUND,
      soundLinear: this.#task.linearOf(sound.address)!,
      write,
      period: PERIOD,
      ring: PERIODS * PERIOD,
      frames: count * PERIOD,
      pace: pace === "steps" ? paces.steps : design === "mmap" ? paces.written : paces.free,
      apart: this.#apart,
      player: this.#player,
    };
  }

  #outcome(stopped: number | null): VirtioThreadsRun {
    const { design, device, pace, signals, write, count } = this.#options;
    const played = this.#word(this.#player, "PLAYER_PLAYED");
    const heard = [...this.#words.subarray(this.#heard >>> 2).subarray(0, played)];
    const wrong = heard.flatMap((number, at) => (number === at + 1 ? [] : [wrongAt(at, number)]));
    const known = new Set(heard);
    const raised = this.#machine.constant("APART_RAISED") + 4 * queueNames.indexOf("tx");
    return {
      schemaVersion: 1,
      scenario: "virtio-snd-threads",
      kernel: this.#machine.shape.kernel.version,
      design,
      device,
      pace,
      signals,
      write,
      count,
      played,
      stopped,
      wrong: wrong.length,
      torn: wrong.filter((period) => period.heard === "torn").length,
      unheard: Array.from({ length: count }, (_, at) => at + 1).filter((n) => !known.has(n)).length,
      firstWrong: wrong.slice(0, FIRST_WRONG),
      interrupts: this.#words[(this.#apart + raised) >>> 2]!,
      findings: this.#machine.findings(),
    };
  }

  #word(record: number, field: ConstantName): number {
    return Atomics.load(this.#words, (record + this.#machine.constant(field)) >>> 2);
  }
}

const TORN = -1;

function wrongAt(at: number, number: number): WrongPeriod {
  if (number === TORN) return { turn: at + 1, heard: "torn" };
  return { turn: at + 1, heard: number === 0 ? "nothing" : number };
}
