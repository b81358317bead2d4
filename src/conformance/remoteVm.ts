/**
 * Replays cases of remote memory access on a machine and compares everything that was recorded. A case ends at the
 * first difference. The formats and rules are those of test/golden/remote-vm/README.md.
 */

import { Checker, differenceOf } from "./checker.ts";
import { Mismatch } from "./compare.ts";
import { PAGE_BYTES } from "./content.ts";
import type { Failure, ReplayTally } from "./report.ts";
import { recordedField, stateAnswer, type StatedAnswer } from "./remoteVmAnswer.ts";
import type { PageWord, Prediction } from "./remoteVmPredict.ts";
import type { RemoteVmMachine } from "./remoteVmMachine.ts";
import { mappingLines, sameLetters } from "./remoteVmMappings.ts";
import {
  answerFields,
  type MappingRow,
  type RemoteVmCase,
  type RemoteVmStep,
  type SetupOperation,
  type WatchedRange,
} from "./remoteVmSteps.ts";

const comparedFields = ["ret", "errno", ...answerFields] as const;

/** Replays one case after the other on one machine. */
export class RemoteVmReplayer {
  readonly #machine: RemoteVmMachine;
  readonly #tally: ReplayTally;
  readonly #checker: Checker;
  #case: RemoteVmCase | null = null;
  #place = { file: "", line: 0 };
  readonly #otherPages: PageWord[] = [];
  /** Where the replay stands: index of the step and its operation, for the report. */
  #step: number | null = null;
  #op: string | null = null;
  /** Letters of the watched ranges after the last step, as recorded. */
  #letters: readonly string[] = [];

  constructor(machine: RemoteVmMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#tally = tally;
    this.#checker = new Checker(tally);
  }

  /** Replays a case and counts it. */
  replay(vmCase: RemoteVmCase, file: string, line: number): void {
    const { id, kind, steps } = vmCase;
    this.#case = vmCase;
    this.#place = { file, line };
    this.#otherPages.length = 0;
    this.#stand(null, null);
    const failure = this.#attempt(() => this.#run(vmCase)) ?? this.#attempt(() => this.#finish());
    const bytes = this.#machine.takeRemoteBytes?.();
    if (bytes !== undefined) this.#tally.countRemoteBytes(bytes);
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

  #run({ kernel, setup, start, steps }: RemoteVmCase): void {
    this.#machine.reset({ kernel, processes: setup.procs, files: setup.files });
    for (const operation of setup.ops) this.#prepare(operation);
    this.#compareStart(start.vmas, start.pages);
    for (const [index, step] of steps.entries()) this.#replayStep(step, index);
    this.#compareEnd();
  }

  #prepare(operation: SetupOperation): void {
    this.#stand(null, operation.op);
    const stated = stateAnswer(this.#machine.perform(operation));
    this.#checker.text("errno", operation.errno ?? "", stated.get("errno")!);
    if (operation.ret !== undefined) {
      this.#checker.text("ret", String(operation.ret), stated.get("ret")!);
    }
    this.#passed(operation.op);
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

  #compareStart(vmas: readonly MappingRow[], letters: readonly string[]): void {
    this.#stand(null, null);
    this.#compareMappings("start.vmas", vmas);
    this.#letters = letters;
    this.#compareLetters("start.pages");
    this.#checker.commit(null);
  }

  #replayStep(step: RemoteVmStep, index: number): void {
    this.#stand(index, step.op);
    const prediction = this.#machine.predict?.(step, this.#watched()) ?? null;
    const stated = stateAnswer(this.#machine.perform(step));
    this.#compareAnswer(stated, (field) =>
      prediction === null ? recordedField(step, field) : (prediction.answer.get(field) ?? null),
    );
    if (prediction !== null) this.#noteDivergence(prediction, index);
    this.#letters = prediction?.letters ?? step.pages_after ?? this.#letters;
    this.#compareLetters("pages_after");
    this.#passed(step.op);
  }

  #compareAnswer(
    stated: StatedAnswer,
    expectedOf: (field: (typeof comparedFields)[number]) => string | null,
  ): void {
    for (const field of comparedFields) {
      const expected = expectedOf(field);
      const actual = stated.get(field) ?? null;
      if (expected === null && actual === null) continue;
      this.#checker.text(field, expected ?? "nothing", actual ?? "nothing");
    }
  }

  #noteDivergence({ claim, pages }: Prediction, step: number): void {
    this.#otherPages.push(...pages);
    this.#tally.countDivergence({ ...this.#place, id: this.#case!.id, step, claim });
  }

  /** What was recorded of a range's pages, but for those that a step left in another state, as predicted. */
  #expectedWords(recorded: string, range: number): string {
    const words = recorded.split(" ");
    for (const other of this.#otherPages) {
      if (other.range === range) words[other.page] = other.word;
    }
    return words.join(" ");
  }

  #compareEnd(): void {
    const { after, start, no_after: unstated } = this.#case!;
    this.#stand(null, null);
    this.#compareMappings("after.vmas", after.vmas ?? start.vmas);
    if (unstated !== true) {
      this.#watched().forEach((range, index) => {
        const words = this.#machine.pageChecksums(range.p, BigInt(range.addr), range.pages);
        const recorded = after.page_crc![index] ?? "nothing";
        this.#checker.text("after.page_crc", this.#expectedWords(recorded, index), words);
      });
    }
    this.#checkFindings();
    this.#checker.commit(null);
  }

  /** The case's objects go, and nothing of them may stay. */
  #finish(): void {
    this.#stand(null, null);
    const left = this.#machine.finish();
    this.#checker.text("balance", "", left.join("; "));
    this.#checkFindings();
    this.#checker.commit(null);
  }

  #watched(): readonly WatchedRange[] {
    return this.#case!.setup.watch;
  }

  #compareMappings(field: string, recorded: readonly MappingRow[]): void {
    const actual = [...new Set(this.#watched().map(({ p }) => p))]
      .sort((a, b) => a - b)
      .flatMap((process) => this.#machine.mappings(process).map((view) => ({ process, view })))
      .filter(({ process, view }) => this.#watched().some((range) => touches(range, process, view)))
      .map(({ process, view }) => ({ process, ...view }));
    const expected = recorded.map(([process, start, end, permissions, backing, pageOffset]) => ({
      process,
      start: BigInt(start),
      end: BigInt(end),
      permissions,
      backing,
      pageOffset: BigInt(pageOffset),
    }));
    this.#checker.text(field, mappingLines(expected), mappingLines(actual));
  }

  #compareLetters(field: string): void {
    this.#watched().forEach(({ p, addr, pages }, index) => {
      const actual = this.#machine.pageLetters(p, BigInt(addr), pages);
      const expected = this.#letters[index] ?? "nothing";
      if (actual === expected) return;
      const mappings = this.#machine.mappings(p).filter(({ backing }) => this.#isDisk(backing));
      if (sameLetters(expected, actual, BigInt(addr), mappings)) return;
      throw new Mismatch(field, expected, actual);
    });
    this.#checker.agrees(field);
  }

  /** The page cache of a disk holds pieces of several pages, and how far they reach depended on the machine. */
  #isDisk(backing: string): boolean {
    return this.#case!.setup.files.some(
      (file) => `file${file.file}` === backing && file.backing.startsWith("disk"),
    );
  }
}

function touches(
  range: WatchedRange,
  process: number,
  { start, end }: { start: bigint; end: bigint },
): boolean {
  const first = BigInt(range.addr);
  return range.p === process && start < first + BigInt(range.pages * PAGE_BYTES) && first < end;
}
