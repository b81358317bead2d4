/** Going through cases: what the replayers of all systems do alike. */

import { Checker, differenceOf } from "./checker.ts";
import { Mismatch } from "./compare.ts";
import type { Failure, ReplayTally } from "./report.ts";

/** What every case has. */
export interface ReplayedCase {
  readonly id: string;
  readonly kind: string;
  readonly steps: readonly unknown[];
}

/** Where a case's line stands. */
export type TracePlace = Pick<Failure, "file" | "line">;

/** What every machine under replay answers. */
export interface ReplayedMachine {
  /** What broke the rules inside the modelled kernel since the last question; empty if nothing. */
  takeFindings(): readonly string[];
}

/** Where the replay of a case stands, what agreed there, and how the case is counted. */
export class CaseRun {
  readonly checker: Checker;
  readonly #machine: ReplayedMachine;
  readonly #tally: ReplayTally;
  /** Index of the step and its operation; null before the first, between two, and after the last. */
  #step: number | null = null;
  #op: string | null = null;

  constructor(machine: ReplayedMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#tally = tally;
    this.checker = new Checker(tally);
  }

  /** Goes through the parts of a case, up to the first that ends in a difference, and counts the case. */
  replay({ id, kind, steps }: ReplayedCase, place: TracePlace, ...parts: (() => void)[]): void {
    let failure: Failure | null = null;
    for (const part of parts) failure ??= this.#attempt(part, place, id);
    this.#tally.countCase(kind, steps.length, failure);
  }

  #attempt(part: () => void, place: TracePlace, id: string): Failure | null {
    this.#stand(null, null);
    try {
      part();
      return null;
    } catch (error) {
      const difference = differenceOf(error, this.checker);
      if (this.#op !== null) this.#tally.countOperation(this.#op, "failed");
      return { ...place, id, step: this.#step, op: this.#op, ...difference };
    }
  }

  #stand(step: number | null, op: string | null): void {
    this.#step = step;
    this.#op = op;
    this.checker.begin();
  }

  /** Does and compares a step, or an operation of the set-up (`step` is null), and counts it. */
  operation(op: string, step: number | null, perform: () => void): void {
    this.#stand(step, op);
    this.aside(perform);
    this.#tally.countOperation(op, "passed");
    this.#stand(null, null);
  }

  /** Compares something that is no operation: how a case begins, or ends. */
  aside(compare: () => void): void {
    compare();
    const findings = this.#machine.takeFindings();
    if (findings.length > 0) throw new Mismatch("findings", "none", findings.join("; "));
    this.checker.commit(null);
  }

  /** The case's objects go, and nothing of them may stay. */
  finish(machine: { finish(): readonly string[] }): void {
    this.aside(() => this.checker.text("balance", "", machine.finish().join("; ")));
  }
}
