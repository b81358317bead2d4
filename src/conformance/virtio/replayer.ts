/**
 * Replays cases of virtio-snd on a machine and compares everything that was recorded. A case ends at the first step
 * that differs. The formats and rules are those of test/golden/virtio-snd/README.md.
 */

import { CaseRun, type TracePlace } from "../base/caseRun.ts";
import type { ReplayTally } from "../base/report.ts";
import { ringPieces } from "./pieces.ts";
import type { VirtioSndMachine } from "./machine.ts";
import { operationName, type Recorded, type VirtioSndCase, type VirtioSndStep } from "./steps.ts";
import { recordedOf } from "./trace.ts";

/** Replays one case after the other on one machine. */
export class VirtioSndReplayer {
  readonly #machine: VirtioSndMachine;
  readonly #run: CaseRun;

  constructor(machine: VirtioSndMachine, tally: ReplayTally) {
    this.#machine = machine;
    this.#run = new CaseRun(machine, tally);
  }

  /** Replays a case and counts it. */
  replay(sndCase: VirtioSndCase, place: TracePlace): void {
    this.#run.replay(sndCase, place, () => this.#goThrough(sndCase));
  }

  #goThrough(sndCase: VirtioSndCase): void {
    const { release, device, steps } = sndCase;
    this.#machine.reset({ release, device });
    for (const [index, step] of steps.slice(0, comparedSteps(sndCase)).entries()) {
      this.#run.operation(operationName(step), index, () => {
        this.#layOut(sndCase, index);
        this.#compare(step, recordedOf(step), this.#machine.perform(step), sndCase.kind);
      });
    }
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
      this.#run.checker.text(name, wanted, found);
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
