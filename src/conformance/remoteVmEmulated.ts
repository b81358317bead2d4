/** The emulated machine behind the replayer of remote memory access. */

import { checkOptions, nameOf, optional, type Shape } from "../base/checks.ts";
import { madeMachine, type Machine } from "../machine/machine.ts";
import { emulatedOptions } from "./pcmEmulated.ts";
import { remotePathNames, type RemotePath } from "../machine/remotePath.ts";
import { NotImplementedError } from "./notImplemented.ts";
import type { Answer, MappingView, RemoteVmMachine, RemoteVmSetup } from "./remoteVmMachine.ts";
import { ownSteps } from "./remoteVmOwn.ts";
import { predictStep, type Prediction } from "./remoteVmPredict.ts";
import { isResident } from "./remoteVmResident.ts";
import type { RemoteBytes } from "./report.ts";
import { counted } from "../systems/remote/counts.ts";
import { remoteSteps } from "./remoteVmRemote.ts";
import { setupOperations } from "./remoteVmSetup.ts";
import type { RemoteVmOperation, RemoteVmStep, WatchedRange } from "./remoteVmSteps.ts";
import { checksumsOf, lettersOf, mappingsOf } from "./remoteVmView.ts";
import { World, type Handlers } from "./remoteVmWorld.ts";

/** How a replay runs the machine. */
export interface EmulatedRemoteVmOptions {
  /** Study build: every k-th yield point of every call is really left and taken up again; 0 = none. */
  readonly switchEvery?: number;
  /** How the emulated kernel reads and writes another task's memory; default "slow", as the recorded one. */
  readonly remotePath?: RemotePath;
  /** Told the kernel release of each case. */
  readonly onKernel?: (release: string) => void;
}

export const remoteVmOptions: Shape<EmulatedRemoteVmOptions> = {
  ...emulatedOptions,
  remotePath: optional(nameOf(remotePathNames)),
};

const handlers: Handlers<RemoteVmOperation> = {
  ...setupOperations,
  ...ownSteps,
  ...remoteSteps,
};

/** Replays on a {@link Machine}, which it takes over; cases leave nothing behind, so that one machine serves all. */
export class EmulatedRemoteVm implements RemoteVmMachine {
  readonly #options: EmulatedRemoteVmOptions;
  #machine: Machine;
  #world: World | null = null;
  #release: string | null = null;
  /** Frames of an empty machine: how many are in use, how many were ever used, and the counts of those. */
  #frames = { inUse: 0, fresh: 0, records: "" };
  #findings = 0;
  #bytes: RemoteBytes = { fast: 0, slow: 0 };
  /** Reads that should have gone without the mmap lock and did not. */
  readonly #slowReads: string[] = [];

  constructor(machine: Machine, options: EmulatedRemoteVmOptions = {}) {
    madeMachine("machine", machine);
    checkOptions("options", options, remoteVmOptions);
    this.#options = options;
    this.#machine = machine;
  }

  reset(setup: RemoteVmSetup): void {
    const release = setup.kernel.replace(/^\D*/, "");
    this.#options.onKernel?.(release);
    const isClean = this.#world === null && this.#release === release && this.#machine.isCurrent;
    if (!isClean) this.#restart(release);
    this.#world = new World(this.#machine, setup.processes, setup.files);
  }

  #restart(release: string): void {
    this.#machine = this.#machine.reset({ kernel: release });
    this.#machine.switchEvery = this.#options.switchEvery ?? 0;
    this.#machine.remotePath = this.#options.remotePath ?? "slow";
    this.#release = release;
    const fresh = this.#machine.header("HEADER_FRESH_PFN");
    this.#frames = { inUse: this.#machine.framesInUse, fresh, records: "" };
    this.#frames.records = this.#heldFrames();
    this.#findings = 0;
  }

  get #current(): World {
    if (this.#world === null) throw new NotImplementedError("steps outside of a case");
    return this.#world;
  }

  perform(operation: RemoteVmOperation): Answer {
    const handle = handlers[operation.op] as (world: World, step: RemoteVmOperation) => Answer;
    const world = this.#current;
    if (!(operation.op in remoteSteps)) return handle(world, operation);
    const { remotePath = "slow" } = this.#options;
    const caller = world.program(operation.p).task;
    const mustBeFast = remotePath !== "slow" && isResident(world, operation);
    const { result, counts } = counted(caller, () => handle(world, operation));
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
    if (this.#options.remotePath !== "fast-v1") return null;
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
    const slow = this.#slowReads.splice(0);
    const total = this.#machine.header("HEADER_FINDING_COUNT");
    if (total === this.#findings) return slow;
    const fresh = this.#machine.findings().slice(this.#findings - total);
    this.#findings = total;
    return [...slow, ...fresh.map(({ meaning }) => meaning)];
  }

  finish(): readonly string[] {
    const left = this.#current.locked().map((p) => `a lock of process ${p} is held`);
    this.#current.finish();
    const extra = this.#machine.framesInUse - this.#frames.inUse;
    if (extra !== 0) left.push(`${extra} frames more are in use`);
    if (this.#heldFrames() !== this.#frames.records) left.push("references to kept frames changed");
    if (left.length === 0) this.#world = null;
    return left;
  }

  /** References to, and mappings of, the frames that an empty machine holds: the zero page. */
  #heldFrames(): string {
    const machine = this.#machine;
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
