/**
 * Replays cases of remote memory access on a machine and compares everything that was recorded. A case ends at the
 * first difference. The formats and rules are those of test/golden/remote-vm/README.md.
 */

import { CaseRun, type TracePlace } from "../base/caseRun.ts";
import type { Checker } from "../base/checker.ts";
import { Mismatch } from "../base/compare.ts";
import { PAGE_BYTES } from "../base/content.ts";
import type { ReplayTally } from "../base/report.ts";
import { recordedField, stateAnswer, type StatedAnswer } from "./answer.ts";
import type { PageWord, Prediction } from "./predict.ts";
import type { RemoteVmMachine } from "./machine.ts";
import { mappingLines, sameLetters } from "./mappings.ts";
import {
  answerFields,
  type MappingRow,
  type RemoteVmCase,
  type RemoteVmStep,
  type SetupOperation,
  type WatchedRange,
} from "./steps.ts";

const comparedFields = ["ret", "errno", ...answerFields] as const;

/** Replays one case after the other on one machine. */
export class RemoteVmReplayer {
  readonly #machine: RemoteVmMachine;
  readonly #tally: ReplayTally;
  readonly #run: CaseRun;
  readonly #checker: Checker;
  #case: RemoteVmCase | null = null;
  #place: TracePlace = { file: "", line: 0 };
  readonly #otherPages: PageWord[] = [];
  /** Letters of the watched ranges after the last step, as recorded. */
  #letters: readonly string[] = [];

  constructor(machine: RemoteVmMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#tally = tally;
    this.#run = new CaseRun(machine, tally);
    this.#checker = this.#run.checker;
  }

  /** Replays a case and counts it. */
  replay(vmCase: RemoteVmCase, place: TracePlace): void {
    this.#case = vmCase;
    this.#place = place;
    this.#otherPages.length = 0;
    this.#run.replay(
      vmCase,
      place,
      () => this.#goThrough(vmCase),
      () => this.#run.finish(this.#machine),
    );
    const bytes = this.#machine.takeRemoteBytes?.();
    if (bytes !== undefined) this.#tally.countRemoteBytes(bytes);
  }

  #goThrough({ kernel, setup, start, steps }: RemoteVmCase): void {
    this.#machine.reset({ kernel, processes: setup.procs, files: setup.files });
    for (const operation of setup.ops) {
      this.#run.operation(operation.op, null, () => this.#prepare(operation));
    }
    this.#run.aside(() => this.#compareStart(start.vmas, start.pages));
    for (const [index, step] of steps.entries()) {
      this.#run.operation(step.op, index, () => this.#replayStep(step, index));
    }
    this.#run.aside(() => this.#compareEnd());
  }

  #prepare(operation: SetupOperation): void {
    const stated = stateAnswer(this.#machine.perform(operation));
    this.#checker.text("errno", operation.errno ?? "", stated.get("errno")!);
    if (operation.ret !== undefined) {
      this.#checker.text("ret", String(operation.ret), stated.get("ret")!);
    }
  }

  #compareStart(vmas: readonly MappingRow[], letters: readonly string[]): void {
    this.#compareMappings("start.vmas", vmas);
    this.#letters = letters;
    this.#compareLetters("start.pages");
  }

  #replayStep(step: RemoteVmStep, index: number): void {
    const prediction = this.#machine.predict?.(step, this.#watched()) ?? null;
    const stated = stateAnswer(this.#machine.perform(step));
    this.#compareAnswer(stated, (field) =>
      prediction === null ? recordedField(step, field) : (prediction.answer.get(field) ?? null),
    );
    if (prediction !== null) this.#noteDivergence(prediction, index);
    this.#letters = prediction?.letters ?? step.pages_after ?? this.#letters;
    this.#compareLetters("pages_after");
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
    this.#compareMappings("after.vmas", after.vmas ?? start.vmas);
    if (unstated !== true) {
      this.#watched().forEach((range, index) => {
        const words = this.#machine.pageChecksums(range.p, BigInt(range.addr), range.pages);
        const recorded = after.page_crc![index] ?? "nothing";
        this.#checker.text("after.page_crc", this.#expectedWords(recorded, index), words);
      });
    }
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
