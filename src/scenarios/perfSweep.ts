import type { FindingKind } from "../machine/findings.ts";
import type { Machine } from "../machine/machine.ts";
import { sampleContexts, type SampleContext } from "../systems/perf/interruption.ts";
import { pushOrder } from "../systems/perf/registers.ts";
import { setGeneration } from "./perfBed.ts";
import { hitOf, perfHits, preparePerfCase, type PerfCase, type PerfHit } from "./perfCase.ts";
import type { PerfDesignName } from "./perfDesigns.ts";

/** Every point at which a copy of user registers can be interrupted, and what samples then hold. */

/** What a point's samples came to: of the one interrupted and the one that interrupts the worse. */
export type PointOutcome = "right" | "torn" | "stale";

export interface PerfSweep {
  readonly design: PerfDesignName;
  readonly outer: PerfHit;
  readonly inner: SampleContext;
  /** By the number of stores done: before the first, …, after the last, with the sample not yet written. */
  readonly outcomes: readonly PointOutcome[];
  readonly torn: number;
  readonly stale: number;
  /** Most registers that read −1 in the two samples of a point. */
  readonly unknown: number;
  /** Points at which the inner sample used a copy that the outer one was using. */
  readonly collisions: number;
}

/** Study build: the samples of an entry from user mode, after one of the entry before. */
export function sweepPoints(
  machine: Machine,
  design: PerfDesignName,
  outer: PerfHit,
  inner: SampleContext,
): PerfSweep {
  const one = preparePerfCase(machine, design, "user");
  const entries = new Entries(one);
  const run = (at: number | null): Point => interruptedAt(one, entries, outer, inner, at);
  const { points } = run(null);
  const swept = Array.from({ length: points }, (_, at) => run(at));
  const outcomes = swept.map(({ outcome }) => outcome);
  return {
    design,
    outer,
    inner,
    outcomes,
    torn: outcomes.filter((outcome) => outcome === "torn").length,
    stale: outcomes.filter((outcome) => outcome === "stale").length,
    unknown: Math.max(...swept.map(({ unknown }) => unknown)),
    collisions: swept.filter(({ collisions }) => collisions > 0).length,
  };
}

interface Point {
  readonly points: number;
  readonly outcome: PointOutcome;
  readonly unknown: number;
  readonly collisions: number;
}

/** Entries of a task from user mode, each with registers of its own. */
export class Entries {
  readonly #one: PerfCase;
  #generation = 0;

  constructor(one: PerfCase) {
    this.#one = one;
    one.bed.truth.copyFrom(one.perf.task.frame);
    one.bed.watch();
  }

  next(): void {
    const { bed, perf } = this.#one;
    this.#generation += 1;
    bed.before.copyFrom(bed.truth);
    setGeneration(perf.task.frame, this.#generation);
    bed.truth.copyFrom(perf.task.frame);
    bed.enterFromUser();
  }
}

function interruptedAt(
  one: PerfCase,
  entries: Entries,
  outer: PerfHit,
  inner: SampleContext,
  at: number | null,
): Point {
  const { bed, event, perf } = one;
  const { context, regs } = hitOf(one, outer);
  entries.next();
  bed.plan([]);
  bed.sample(context, event, regs);
  entries.next();
  const before = { unknown: bed.unknown, collisions: bed.collisions };
  bed.plan(at === null ? [] : [{ at, context: inner, event, regs: perf.task.kernelFrame }]);
  const kinds = findingsOf(perf.machine, () => bed.sample(context, event, regs));
  return {
    points: bed.points,
    outcome: outcomeOf(kinds),
    unknown: bed.unknown - before.unknown,
    collisions: bed.collisions - before.collisions,
  };
}

/** Kinds of the findings that some work leads to. */
export function findingsOf(machine: Machine, work: () => void): FindingKind[] {
  const before = machine.header("HEADER_FINDING_COUNT");
  work();
  const fresh = machine.header("HEADER_FINDING_COUNT") - before;
  return fresh === 0
    ? []
    : machine
        .findings()
        .slice(-fresh)
        .map(({ kind }) => kind);
}

function outcomeOf(kinds: readonly FindingKind[]): PointOutcome {
  if (kinds.includes("perf-torn")) return "torn";
  return kinds.includes("perf-stale") ? "stale" : "right";
}

/** Every pair of a sample and a context that may interrupt it. */
export function interruptiblePairs(
  hits: readonly PerfHit[],
): { readonly outer: PerfHit; readonly inner: SampleContext }[] {
  return hits.flatMap((outer) => {
    const { context } = perfHits.find(({ name }) => name === outer)!;
    return sampleContexts
      .slice(sampleContexts.indexOf(context) + 1)
      .map((inner) => ({ outer, inner }));
  });
}

/** How an NMI comes upon an entry that is saving registers. */
export const entryNmis = ["direct", "in-interrupt"] as const;
export type EntryNmi = (typeof entryNmis)[number];

/** What the sample of an NMI holds. */
export type EntryOutcome = PointOutcome | "none";

/**
 * Study build: an NMI after each number of registers that the entry code has pushed, directly or inside of an interrupt
 * whose stack is another one. The frame's place holds the registers of the entry before.
 */
export function sweepEntry(
  machine: Machine,
  design: PerfDesignName,
  nmi: EntryNmi,
): EntryOutcome[] {
  const one = preparePerfCase(machine, design, "user");
  const { perf, bed, event } = one;
  const { frame, kernelFrame } = perf.task;
  bed.before.copyFrom(frame);
  setGeneration(bed.truth, 1);
  bed.watch();
  const elsewhere = kernelFrame.get("sp");
  return Array.from({ length: pushOrder.length + 1 }, (_, pushed) => {
    frame.copyFrom(bed.before);
    bed.enterFromUser();
    for (const name of pushOrder.slice(0, pushed)) frame.set(name, bed.truth.get(name));
    kernelFrame.set("sp", nmi === "direct" ? stackAfter(one, pushed) : elsewhere);
    const kinds = findingsOf(machine, () => bed.sample("nmi", event, kernelFrame));
    return bed.fetched("nmi").abi === 0n ? "none" : outcomeOf(kinds);
  });
}

/** The frame is pushed downward from its end. */
function stackAfter({ perf }: PerfCase, pushed: number): bigint {
  const { address } = perf.task.frame;
  const bytes = perf.machine.constant("PT_REGS_BYTES");
  return BigInt(address + bytes - pushed * (bytes / pushOrder.length));
}
