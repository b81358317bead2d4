/**
 * Replays cases of the futex on a machine and compares everything that was recorded. A case ends at the first
 * difference. The formats and rules are those of test/golden/futex/README.md.
 */

import { errnoNameOf } from "../base/errno.ts";
import { Checker, differenceOf } from "./checker.ts";
import { Mismatch } from "./compare.ts";
import type { FutexAnswer, FutexMachine } from "./futexMachine.ts";
import type { FutexCase, FutexStep, ReturnedRow } from "./futexSteps.ts";
import type { Failure, ReplayTally } from "./report.ts";

/** Replays one case after the other on one machine. */
export class FutexReplayer {
  readonly #machine: FutexMachine;
  readonly #tally: ReplayTally;
  readonly #checker: Checker;
  #case: FutexCase | null = null;
  /** Where the replay stands: index of the step and its operation, for the report. */
  #step: number | null = null;
  #op: string | null = null;
  /** Values of the observed words after the last step, as recorded. */
  #words: readonly (string | null)[] = [];

  constructor(machine: FutexMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#tally = tally;
    this.#checker = new Checker(tally);
  }

  /** Replays a case and counts it. */
  replay(futexCase: FutexCase, file: string, line: number): void {
    const { id, kind, steps } = futexCase;
    this.#case = futexCase;
    this.#stand(null, null);
    const failure =
      this.#attempt(() => this.#run(futexCase)) ?? this.#attempt(() => this.#finish());
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

  #run({ kernel, setup, start, steps, end_blocked: sleepers }: FutexCase): void {
    this.#machine.reset(kernel);
    for (const operation of setup.ops) {
      this.#stand(null, operation.op);
      this.#compareResult(operation, this.#machine.prepare(operation), "");
      this.#passed(operation.op);
    }
    this.#stand(null, null);
    this.#words = start.words;
    this.#compareWords("start.words");
    this.#checker.commit(null);
    for (const [index, step] of steps.entries()) this.#replayStep(step, index);
    this.#stand(null, null);
    this.#checker.text("end_blocked", sleepers.join(" "), this.#machine.sleepers().join(" "));
    this.#checker.commit(null);
  }

  #passed(op: string): void {
    this.#checkFindings();
    this.#checker.commit(null);
    this.#tally.countOperation(op, "passed");
  }

  #checkFindings(): void {
    const findings = this.#machine.takeFindings();
    if (findings.length > 0) throw new Mismatch("findings", "", findings.join("; "));
  }

  #replayStep(step: FutexStep, index: number): void {
    const op = operationOf(step);
    this.#stand(index, op);
    this.#compareAnswer(step, this.#machine.perform(step));
    this.#words = step.words ?? this.#words;
    this.#compareWords("words");
    this.#passed(op);
  }

  #compareAnswer(step: FutexStep, answer: FutexAnswer): void {
    this.#checker.text("skipped", String(step.skipped ?? false), String(answer.skipped ?? false));
    this.#checker.text("blocked", String(step.blocked ?? false), String(answer.blocked ?? false));
    if (answer.result !== undefined && step.op === "prio") {
      this.#checker.number("ret", step.ret ?? NaN, answer.result);
    } else if (answer.result !== undefined) {
      this.#compareResult(step, answer.result, "nothing");
    }
    this.#checker.text(
      "returned",
      (step.returned ?? []).map(returnedText).join("; "),
      answer.returned.map(({ thread, result }) => returnedText({ t: thread, ...stated(result) })).join("; "), // prettier-ignore
    );
    this.#compareRead("head_read", step.head_read, answer.head);
    this.#compareRead("len_read", step.len_read, answer.length);
    this.#compareRead("counter", step.counter, answer.counter);
  }

  /** What is not recorded of an operation in the set-up is that it succeeds. */
  #compareResult(
    recorded: { readonly ret?: number; readonly errno?: string },
    result: number,
    missing: string,
  ): void {
    const { ret, errno } = stated(result);
    this.#checker.text("errno", recorded.errno ?? missing, errno);
    if (recorded.ret !== undefined) this.#checker.number("ret", recorded.ret, ret);
  }

  #compareRead(
    field: string,
    expected: string | number | undefined,
    actual: bigint | number | undefined,
  ): void {
    if (expected === undefined && actual === undefined) return;
    const shown = (value: string | number | bigint | undefined): string =>
      value === undefined ? "nothing" : `0x${BigInt(value).toString(16)}`;
    this.#checker.text(field, shown(expected), shown(actual));
  }

  #compareWords(field: string): void {
    const actual = this.#machine.words(this.#case!.setup.words);
    this.#checker.text(field, this.#words.join(" "), actual.join(" "));
  }

  /** The case's objects go, and nothing of them may stay. */
  #finish(): void {
    this.#stand(null, null);
    const left = this.#machine.finish();
    this.#checker.text("balance", "", left.join("; "));
    this.#checkFindings();
    this.#checker.commit(null);
  }
}

/** A futex call counts under its command. */
function operationOf(step: FutexStep): string {
  return step.op === "futex" ? step.cmd : step.op;
}

function stated(result: number): Pick<ReturnedRow, "ret" | "errno"> {
  return result < 0 ? { ret: -1, errno: errnoNameOf(-result) } : { ret: result, errno: "" };
}

function returnedText({ t, ret, errno }: ReturnedRow): string {
  return `${t}: ${errno === "" ? ret : errno}`;
}
