/** The emulated machine behind the replayer of performance events. */

import type { Machine } from "../machine/machine.ts";
import { CaseMachine, insideCase, type EmulatedOptions } from "./caseMachine.ts";
import { eventOperations } from "./perfRegsEvents.ts";
import type { PerfRegsMachine } from "./perfRegsMachine.ts";
import { memoryOperations, type PerfHandlers } from "./perfRegsMemory.ts";
import { programOperations } from "./perfRegsPrograms.ts";
import type { PerfRegsOperation, StepAnswer } from "./perfRegsSteps.ts";
import { PerfWorld } from "./perfRegsWorld.ts";

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
    return this.#cases.takeFindings();
  }

  finish(): readonly string[] {
    this.#current.finish();
    this.#world = null;
    return this.#cases.end();
  }
}
