/**
 * Replays cases of performance events on a machine and compares everything that was recorded. A case ends at the first
 * difference. The formats and rules are those of test/golden/perf-regs/README.md.
 */

import { Checker, differenceOf } from "./checker.ts";
import { Mismatch } from "./compare.ts";
import { compareAnswer } from "./perfRegsCompare.ts";
import type { PerfRegsMachine } from "./perfRegsMachine.ts";
import { resultKeys, type PerfRegsCase, type PerfRegsOperation } from "./perfRegsSteps.ts";
import type { Failure, ReplayTally } from "./report.ts";

type RecordedStep = PerfRegsCase["steps"][number];

/** Replays one case after the other on one machine. */
export class PerfRegsReplayer {
  readonly #machine: PerfRegsMachine;
  readonly #tally: ReplayTally;
  readonly #checker: Checker;
  /** Where the replay stands: index of the step and its operation, for the report. */
  #step: number | null = null;
  #op: string | null = null;

  constructor(machine: PerfRegsMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#tally = tally;
    this.#checker = new Checker(tally);
  }

  /** Replays a case and counts it. */
  replay(perfCase: PerfRegsCase, file: string, line: number): void {
    const { id, kind, steps } = perfCase;
    const failure = this.#attempt(() => this.#run(perfCase)) ?? this.#attempt(() => this.#finish());
    this.#tally.countCase(kind, steps.length, failure && { file, line, id, ...failure });
  }

  #stand(step: number | null, op: string | null): void {
    this.#step = step;
    this.#op = op;
    this.#checker.begin();
  }

  /** Runs a part of the case; how it ended if not well. */
  #attempt(part: () => void): Omit<Failure, "file" | "line" | "id"> | null {
    try {
      part();
      return null;
    } catch (error) {
      const difference = differenceOf(error, this.#checker);
      if (this.#op !== null) this.#tally.countOperation(this.#op, "failed");
      return { step: this.#step, op: this.#op, ...difference };
    }
  }

  #run({ kernel, setup = [], steps }: PerfRegsCase): void {
    this.#stand(null, null);
    this.#machine.reset(kernel);
    for (const operation of setup) this.#do(operation, null);
    for (const [index, step] of steps.entries()) this.#do(step, index);
  }

  #do(operation: PerfRegsOperation, index: number | null): void {
    this.#stand(index, operation.op);
    const answer = this.#machine.perform(operation);
    for (const key of resultKeys) {
      const recorded = (operation as RecordedStep)[key];
      if (recorded === undefined && answer[key] === undefined) continue;
      compareAnswer(key, recorded, answer[key], (name) => this.#machine.symbol(name));
      this.#checker.agrees(key);
    }
    this.#checkFindings();
    this.#checker.commit(null);
    this.#tally.countOperation(operation.op, "passed");
  }

  #checkFindings(): void {
    const findings = this.#machine.takeFindings();
    if (findings.length > 0) throw new Mismatch("findings", "", findings.join("; "));
  }

  /** The case's objects go, and nothing of them may stay. */
  #finish(): void {
    this.#stand(null, null);
    this.#checker.text("balance", "", this.#machine.finish().join("; "));
    this.#checkFindings();
    this.#checker.commit(null);
  }
}
