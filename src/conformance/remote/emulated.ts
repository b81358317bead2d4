/** The emulated machine behind the replayer of remote memory access. */

import { checkOptions, nameOf, optional, type Shape } from "../../base/checks.ts";
import type { Machine } from "../../machine/machine.ts";
import { remotePathNames, type RemotePath } from "../../machine/remotePath.ts";
import {
  CaseMachine,
  emulatedOptions,
  insideCase,
  type EmulatedOptions,
} from "../base/caseMachine.ts";
import { perform } from "../base/handlers.ts";
import type { Answer, MappingView, RemoteVmMachine, RemoteVmSetup } from "./machine.ts";
import { ownSteps } from "./own.ts";
import { predictStep, type Prediction } from "./predict.ts";
import { isResident } from "./resident.ts";
import type { RemoteBytes } from "../base/report.ts";
import { counted } from "../../systems/remote/counts.ts";
import { remoteSteps } from "./remote.ts";
import { setupOperations } from "./setup.ts";
import type { RemoteVmOperation, RemoteVmStep, WatchedRange } from "./steps.ts";
import { checksumsOf, lettersOf, mappingsOf } from "./view.ts";
import { World, type RemoteHandlers } from "./world.ts";

/** How a replay runs the machine. */
export interface EmulatedRemoteVmOptions extends EmulatedOptions {
  /** How the emulated kernel reads and writes another task's memory; default "slow", as the recorded one. */
  readonly remotePath?: RemotePath;
}

export const remoteVmOptions: Shape<EmulatedRemoteVmOptions> = {
  ...emulatedOptions,
  remotePath: optional(nameOf(remotePathNames)),
};

/** A prediction copies every frame that was ever used: from so many on, those of later cases cost more than a start. */
const CHEAP_FRAMES = 512;

const handlers: RemoteHandlers<RemoteVmOperation> = {
  ...setupOperations,
  ...ownSteps,
  ...remoteSteps,
};

/** Replays on a {@link Machine}, which it takes over; cases leave nothing behind, so that one machine serves all. */
export class EmulatedRemoteVm implements RemoteVmMachine {
  readonly #remotePath: RemotePath;
  readonly #cases: CaseMachine;
  #world: World | null = null;
  /** Frames that an empty machine has ever used, and the counts of those that it holds. */
  #frames = { fresh: 0, records: "" };
  #bytes: RemoteBytes = { fast: 0, slow: 0 };
  /** Reads that should have gone without the mmap lock and did not. */
  readonly #slowReads: string[] = [];

  constructor(machine: Machine, options: EmulatedRemoteVmOptions = {}) {
    checkOptions("options", options, remoteVmOptions);
    const { remotePath = "slow", ...common } = options;
    this.#remotePath = remotePath;
    this.#cases = new CaseMachine(machine, common);
  }

  reset({ kernel, processes, files }: RemoteVmSetup): void {
    const machine = this.#cases.begin(kernel, (started) => this.#prepare(started));
    this.#world = new World(machine, processes, files);
  }

  #prepare(machine: Machine): void {
    machine.remotePath = this.#remotePath;
    this.#frames.fresh = machine.header("HEADER_FRESH_PFN");
    this.#frames.records = this.#heldFrames();
  }

  get #current(): World {
    return insideCase(this.#world);
  }

  perform(operation: RemoteVmOperation): Answer {
    const world = this.#current;
    if (!(operation.op in remoteSteps)) return perform(handlers, world, operation);
    const caller = world.program(operation.p).task;
    const mustBeFast = this.#remotePath !== "slow" && isResident(world, operation);
    const { result, counts } = counted(caller, (): Answer => perform(handlers, world, operation));
    this.#bytes = {
      fast: this.#bytes.fast + counts.bytesFast,
      slow: this.#bytes.slow + counts.bytesSlow,
    };
    if (mustBeFast && counts.bytesSlow > 0) {
      this.#slowReads.push("a read of resident memory took the mmap lock");
    }
    return result;
  }

  /** Only version 1 of the fast path is known to answer otherwise than the recorded kernel. */
  predict(step: RemoteVmStep, watched: readonly WatchedRange[]): Prediction | null {
    if (this.#remotePath !== "fast-v1") return null;
    return predictStep(this.#current, step, watched);
  }

  takeRemoteBytes(): RemoteBytes {
    const bytes = this.#bytes;
    this.#bytes = { fast: 0, slow: 0 };
    return bytes;
  }

  mappings(process: number): readonly MappingView[] {
    const program = this.#current.find(process);
    return program === undefined ? [] : mappingsOf(this.#current, program.task);
  }

  pageLetters(process: number, address: bigint, pages: number): string {
    const program = this.#current.find(process);
    return program === undefined ? "" : lettersOf(program.task, address, pages);
  }

  pageChecksums(process: number, address: bigint, pages: number): string {
    const program = this.#current.find(process);
    return program === undefined ? "" : checksumsOf(program.task, address, pages);
  }

  takeFindings(): readonly string[] {
    return [...this.#slowReads.splice(0), ...this.#cases.takeFindings()];
  }

  finish(): readonly string[] {
    const left = this.#current.locked().map((p) => `a lock of process ${p} is held`);
    this.#current.finish();
    this.#world = null;
    if (this.#heldFrames() !== this.#frames.records) left.push("references to kept frames changed");
    const all = this.#cases.end(left);
    const used = this.#cases.machine.header("HEADER_FRESH_PFN");
    if (this.#remotePath === "fast-v1" && used > CHEAP_FRAMES) this.#cases.requireRestart();
    return all;
  }

  /** References to, and mappings of, the frames that an empty machine holds: the zero page. */
  #heldFrames(): string {
    const { machine } = this.#cases;
    const frames = machine.header("HEADER_FRAMES");
    const counts: number[] = [];
    for (let pfn = 1; pfn < this.#frames.fresh; pfn++) {
      const frame = frames + pfn * machine.constant("FRAME_BYTES");
      for (const field of ["FRAME_REFCOUNT", "FRAME_MAPCOUNT"] as const) {
        counts.push(machine.words[(frame + machine.constant(field)) >>> 2]!);
      }
    }
    return counts.join(" ");
  }
}
