/** Comparing the fields of one step, and counting what was compared. */

import { Mismatch } from "./compare.ts";
import { NotImplementedError } from "./notImplemented.ts";
import { lineField, type Failure, type ReplayTally } from "./report.ts";
import { TraceError } from "./trace.ts";

/** Throws a {@link Mismatch} at the first field that differs. */
export class Checker {
  readonly #tally: ReplayTally;
  #agreed: string[] = [];

  constructor(tally: ReplayTally) {
    this.#tally = tally;
  }

  /** Starts a step, or another try of it. */
  begin(): void {
    this.#agreed.length = 0;
  }

  /** Counts the fields of a step that agreed, and the one that did not. */
  commit(failed: string | null): void {
    for (const field of this.#agreed) this.#tally.countField(field, "passed");
    if (failed !== null) this.#tally.countField(failed, "failed");
    this.begin();
  }

  number(field: string, expected: number, actual: number): void {
    if (expected !== actual) throw new Mismatch(field, String(expected), String(actual));
    this.agrees(field);
  }

  text(field: string, expected: string, actual: string): void {
    if (expected !== actual) throw new Mismatch(field, expected, actual);
    this.agrees(field);
  }

  /** Notes a field that was compared elsewhere. */
  agrees(field: string): void {
    this.#agreed.push(field);
  }
}

/** How the end of a case reads in the report. */
export function differenceOf(
  error: unknown,
  checker: Checker,
): Pick<Failure, "field" | "expected" | "actual"> {
  if (error instanceof Mismatch) {
    checker.commit(error.field);
    return { field: error.field, expected: error.expected, actual: error.actual };
  }
  checker.begin();
  if (error instanceof TraceError) {
    return { field: lineField, expected: "a trace case", actual: error.message };
  }
  if (error instanceof NotImplementedError) {
    return { field: "machine", expected: "an answer", actual: error.message };
  }
  // A broken machine must not hide the cases behind this one: the next reset starts it anew.
  return { field: "machine", expected: "an answer", actual: String(error) };
}
