/**
 * Replays cases of virtio-snd on a machine and compares everything that was recorded. A case ends at the first step
 * that differs. The formats and rules are those of test/golden/virtio-snd/README.md.
 */

import { Checker, differenceOf } from "./checker.ts";
import { Mismatch } from "./compare.ts";
import type { Failure, ReplayTally } from "./report.ts";
import { ringPieces } from "./virtioSndPieces.ts";
import type { VirtioSndMachine } from "./virtioSndMachine.ts";
import {
  operationName,
  type Recorded,
  type VirtioSndCase,
  type VirtioSndStep,
} from "./virtioSndSteps.ts";
import { recordedOf } from "./virtioSndTrace.ts";

/** Replays one case after the other on one machine. */
export class VirtioSndReplayer {
  readonly #machine: VirtioSndMachine;
  readonly #tally: ReplayTally;
  readonly #checker: Checker;

  constructor(machine: VirtioSndMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#tally = tally;
    this.#checker = new Checker(tally);
  }

  /** Replays a case and counts it. */
  replay(sndCase: VirtioSndCase, file: string, line: number): void {
    const { id, kind, release, device, steps } = sndCase;
    let index = 0;
    let failure: Failure | null = null;
    try {
      this.#machine.reset({ release, device });
      for (const end = comparedSteps(sndCase); index < end; index++) {
        this.#replayStep(sndCase, index);
      }
    } catch (error) {
      const difference = differenceOf(error, this.#checker);
      const step = steps[index];
      const op = step === undefined ? null : operationName(step);
      failure = { file, line, id, step: index, op, ...difference };
      if (op !== null) this.#tally.countOperation(op, "failed");
    }
    this.#tally.countCase(kind, steps.length, failure);
  }

  #replayStep(sndCase: VirtioSndCase, index: number): void {
    const step = sndCase.steps[index]!;
    this.#checker.begin();
    this.#layOut(sndCase, index);
    const actual = this.#machine.perform(step);
    this.#compare(step, recordedOf(step), actual, sndCase.kind);
    const findings = this.#machine.takeFindings();
    if (findings.length > 0) throw new Mismatch("findings", "none", findings.join("; "));
    this.#checker.commit(null);
    this.#tally.countOperation(operationName(step), "passed");
  }

  /** Where the ring's memory is adjacent was an accident of the recorded machine. */
  #layOut(sndCase: VirtioSndCase, index: number): void {
    const found = ringPieces(sndCase, index);
    if (found !== null) this.#machine.setRingPieces(found.stream, found.pieces);
  }

  #compare(step: VirtioSndStep, expected: Recorded, actual: Recorded, kind: string): void {
    for (const name of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      if (isUnstated(step, name, kind)) continue;
      const [wanted, found] = [statedField(step, expected, name), statedField(step, actual, name)];
      this.#checker.text(name, wanted, found);
    }
  }
}

/** Steps to compare: two recordings of a case marked nondeterministic differed from a step on. */
function comparedSteps({ nondeterministic, steps }: VirtioSndCase): number {
  return nondeterministic?.step ?? steps.length;
}

/** The driver's probing is kept in one kind; elsewhere it is the same exchange. */
function isUnstated(step: VirtioSndStep, name: string, kind: string): boolean {
  return name === "log" && "dev" in step && step.dev === "plug" && kind !== "probe";
}

/** A field as text. Closing what never opened says nothing of the stream. */
function statedField(step: VirtioSndStep, answers: Recorded, name: string): string {
  const value = answers[name];
  if (value === undefined) return "nothing";
  if (name === "pcm" && "app" in step && step.app === "CLOSE" && step.ret < 0) return "nothing";
  return JSON.stringify(value);
}
