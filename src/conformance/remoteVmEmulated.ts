/** The emulated machine behind the replayer of remote memory access. */

import { checkOptions } from "../base/checks.ts";
import { madeMachine, type Machine } from "../machine/machine.ts";
import { emulatedOptions } from "./pcmEmulated.ts";
import { NotImplementedError } from "./notImplemented.ts";
import type { Answer, MappingView, RemoteVmMachine, RemoteVmSetup } from "./remoteVmMachine.ts";
import { ownSteps } from "./remoteVmOwn.ts";
import { remoteSteps } from "./remoteVmRemote.ts";
import { setupOperations } from "./remoteVmSetup.ts";
import type { RemoteVmOperation } from "./remoteVmSteps.ts";
import { checksumsOf, lettersOf, mappingsOf } from "./remoteVmView.ts";
import { World, type Handlers } from "./remoteVmWorld.ts";

/** How a replay runs the machine. */
export interface EmulatedRemoteVmOptions {
  /** Study build: every k-th yield point of every call is really left and taken up again; 0 = none. */
  readonly switchEvery?: number;
  /** Told the kernel release of each case. */
  readonly onKernel?: (release: string) => void;
}

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
  /** What an empty machine holds. */
  #frames = 0;
  #findings = 0;

  constructor(machine: Machine, options: EmulatedRemoteVmOptions = {}) {
    madeMachine("machine", machine);
    checkOptions("options", options, emulatedOptions);
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
    this.#release = release;
    this.#frames = this.#machine.framesInUse;
    this.#findings = 0;
  }

  get #current(): World {
    if (this.#world === null) throw new NotImplementedError("steps outside of a case");
    return this.#world;
  }

  perform(operation: RemoteVmOperation): Answer {
    const handle = handlers[operation.op] as (world: World, step: RemoteVmOperation) => Answer;
    return handle(this.#current, operation);
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
    const total = this.#machine.header("HEADER_FINDING_COUNT");
    if (total === this.#findings) return [];
    const fresh = this.#machine.findings().slice(this.#findings - total);
    this.#findings = total;
    return fresh.map(({ meaning }) => meaning);
  }

  finish(): readonly string[] {
    this.#current.finish();
    const extra = this.#machine.framesInUse - this.#frames;
    if (extra !== 0) return [`${extra} frames are still held`];
    this.#world = null;
    return [];
  }
}
