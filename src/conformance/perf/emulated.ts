/** The emulated machine behind the replayer of performance events. */

import type { Machine } from "../../machine/machine.ts";
import { CaseMachine, insideCase, type EmulatedOptions } from "../base/caseMachine.ts";
import { eventOperations } from "./events.ts";
import { perform } from "../base/handlers.ts";
import type { PerfRegsMachine } from "./machine.ts";
import { memoryOperations, type PerfHandlers } from "./memory.ts";
import { programOperations } from "./programs.ts";
import type { PerfRegsOperation, StepAnswer } from "./steps.ts";
import { PerfWorld } from "./world.ts";

const handlers: PerfHandlers<PerfRegsOperation> = {
  ...memoryOperations,
  ...eventOperations,
  ...programOperations,
};

/** Replays on a {@link Machine}, which it takes over; cases leave nothing behind, so that one machine serves all. */
export class EmulatedPerfRegs implements PerfRegsMachine {
  readonly #cases: CaseMachine;
  #world: PerfWorld | null = null;

  constructor(machine: Machine, options: EmulatedOptions = {}) {
    this.#cases = new CaseMachine(machine, options);
  }

  reset(kernel: string): void {
    this.#world = new PerfWorld(this.#cases.begin(kernel));
  }

  get #current(): PerfWorld {
    return insideCase(this.#world);
  }

  perform(operation: PerfRegsOperation): StepAnswer {
    return perform(handlers, this.#current, operation);
  }

  symbol(name: string): readonly bigint[] {
    return this.#current.symbol(name);
  }

  takeFindings(): readonly string[] {
    return this.#cases.takeFindings();
  }

  finish(): readonly string[] {
    this.#current.finish();
    this.#world = null;
    return this.#cases.end();
  }
}
