/** The emulated machine behind the replayer of performance events. */

import { checkOptions } from "../base/checks.ts";
import { madeMachine, type Machine } from "../machine/machine.ts";
import { NotImplementedError } from "./notImplemented.ts";
import { emulatedOptions } from "./pcmEmulated.ts";
import { eventOperations } from "./perfRegsEvents.ts";
import type { PerfRegsMachine } from "./perfRegsMachine.ts";
import { memoryOperations, type PerfHandlers } from "./perfRegsMemory.ts";
import { programOperations } from "./perfRegsPrograms.ts";
import type { PerfRegsOperation, StepAnswer } from "./perfRegsSteps.ts";
import { PerfWorld } from "./perfRegsWorld.ts";

/** How a replay runs the machine. */
export interface EmulatedPerfRegsOptions {
  /** Study build: every k-th yield point of every call is really left and taken up again; 0 = none. */
  readonly switchEvery?: number;
  /** Told the kernel release of each case. */
  readonly onKernel?: (release: string) => void;
}

const handlers: PerfHandlers<PerfRegsOperation> = {
  ...memoryOperations,
  ...eventOperations,
  ...programOperations,
};

/** Replays on a {@link Machine}, which it takes over; cases leave nothing behind, so that one machine serves all. */
export class EmulatedPerfRegs implements PerfRegsMachine {
  readonly #options: EmulatedPerfRegsOptions;
  #machine: Machine;
  #world: PerfWorld | null = null;
  #release: string | null = null;
  #framesInUse = 0;
  #findings = 0;

  constructor(machine: Machine, options: EmulatedPerfRegsOptions = {}) {
    madeMachine("machine", machine);
    checkOptions("options", options, emulatedOptions);
    this.#options = options;
    this.#machine = machine;
  }

  reset(kernel: string): void {
    const release = kernel.replace(/^\D*/, "");
    this.#options.onKernel?.(release);
    const isClean = this.#world === null && this.#release === release && this.#machine.isCurrent;
    if (!isClean) this.#restart(release);
    this.#world = new PerfWorld(this.#machine);
  }

  #restart(release: string): void {
    this.#machine = this.#machine.reset({ kernel: release });
    this.#machine.switchEvery = this.#options.switchEvery ?? 0;
    this.#release = release;
    this.#framesInUse = this.#machine.framesInUse;
    this.#findings = 0;
  }

  get #current(): PerfWorld {
    if (this.#world === null) throw new NotImplementedError("steps outside of a case");
    return this.#world;
  }

  perform(operation: PerfRegsOperation): StepAnswer {
    const handle = handlers[operation.op] as (
      world: PerfWorld,
      step: PerfRegsOperation,
    ) => StepAnswer;
    return handle(this.#current, operation);
  }

  symbol(name: string): readonly bigint[] {
    return this.#current.symbol(name);
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
    const extra = this.#machine.framesInUse - this.#framesInUse;
    if (extra !== 0) return [`${extra} frames more are in use`];
    this.#world = null;
    return [];
  }
}
