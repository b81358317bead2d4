/**
 * Replays cases of the futex on a machine and compares everything that was recorded. A case ends at the first
 * difference. The formats and rules are those of test/golden/futex/README.md.
 */

import { errnoNameOf } from "../../base/errno.ts";
import { CaseRun, type TracePlace } from "../base/caseRun.ts";
import type { Checker } from "../base/checker.ts";
import type { FutexAnswer, FutexMachine } from "./machine.ts";
import type { FutexCase, FutexStep, ReturnedRow } from "./steps.ts";
import type { ReplayTally } from "../base/report.ts";

/** Replays one case after the other on one machine. */
export class FutexReplayer {
  readonly #machine: FutexMachine;
  readonly #run: CaseRun;
  readonly #checker: Checker;
  #case: FutexCase | null = null;
  /** Values of the observed words after the last step, as recorded. */
  #words: readonly (string | null)[] = [];

  constructor(machine: FutexMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#run = new CaseRun(machine, tally);
    this.#checker = this.#run.checker;
  }

  /** Replays a case and counts it. */
  replay(futexCase: FutexCase, place: TracePlace): void {
    this.#case = futexCase;
    this.#run.replay(
      futexCase,
      place,
      () => this.#goThrough(futexCase),
      () => this.#run.finish(this.#machine),
    );
  }

  #goThrough({ kernel, kind, setup, start, steps, end_blocked: sleepers }: FutexCase): void {
    this.#machine.reset(kernel, kind);
    for (const operation of setup.ops) {
      this.#run.operation(operation.op, null, () =>
        this.#compareResult(operation, this.#machine.prepare(operation), ""),
      );
    }
    this.#words = start.words;
    this.#run.aside(() => this.#compareWords("start.words"));
    for (const [index, step] of steps.entries()) {
      this.#run.operation(operationOf(step), index, () => this.#replayStep(step));
    }
    this.#run.aside(() =>
      this.#checker.text("end_blocked", sleepers.join(" "), this.#machine.sleepers().join(" ")),
    );
  }

  #replayStep(step: FutexStep): void {
    this.#compareAnswer(step, this.#machine.perform(step));
    this.#words = step.words ?? this.#words;
    this.#compareWords("words");
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
