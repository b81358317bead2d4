/**
 * Replays cases of performance events on a machine and compares everything that was recorded. A case ends at the first
 * difference. The formats and rules are those of test/golden/perf-regs/README.md.
 */

import { CaseRun, type TracePlace } from "../base/caseRun.ts";
import { compareAnswer } from "./compare.ts";
import type { PerfRegsMachine } from "./machine.ts";
import { resultKeys, type PerfRegsCase, type PerfRegsOperation } from "./steps.ts";
import type { ReplayTally } from "../base/report.ts";

type RecordedStep = PerfRegsCase["steps"][number];

/** Replays one case after the other on one machine. */
export class PerfRegsReplayer {
  readonly #machine: PerfRegsMachine;
  readonly #run: CaseRun;

  constructor(machine: PerfRegsMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#run = new CaseRun(machine, tally);
  }

  /** Replays a case and counts it. */
  replay(perfCase: PerfRegsCase, place: TracePlace): void {
    this.#run.replay(
      perfCase,
      place,
      () => this.#goThrough(perfCase),
      () => this.#run.finish(this.#machine),
    );
  }

  #goThrough({ kernel, setup = [], steps }: PerfRegsCase): void {
    this.#machine.reset(kernel);
    for (const operation of setup) this.#do(operation, null);
    for (const [index, step] of steps.entries()) this.#do(step, index);
  }

  #do(operation: PerfRegsOperation, step: number | null): void {
    this.#run.operation(operation.op, step, () => this.#compare(operation));
  }

  #compare(operation: PerfRegsOperation): void {
    const answer = this.#machine.perform(operation);
    for (const key of resultKeys) {
      const recorded = (operation as RecordedStep)[key];
      if (recorded === undefined && answer[key] === undefined) continue;
      compareAnswer(key, recorded, answer[key], (name) => this.#machine.symbol(name));
      this.#run.checker.agrees(key);
    }
  }
}
