import { checkOptions, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import type { Finding } from "../machine/findings.ts";
import { Machine } from "../machine/machine.ts";
import { sampleContexts, type SampleContext } from "../systems/perf/interruption.ts";
import { given } from "./compareSyncPtr.ts";
import {
  hitOf,
  perfHitNames,
  perfRequestNames,
  preparePerfCase,
  touchedBySample,
  type PerfCase,
  type PerfHit,
  type PerfRequest,
} from "./perfCase.ts";
import { perfDesignNames, type PerfDesignName } from "./perfDesigns.ts";
import { sampledRegisters, type SampledRegisters } from "./perfRecord.ts";
import { Entries, interruptiblePairs } from "./perfSweep.ts";
import type { PerfTouched } from "./perfTouched.ts";

/** What is run. Everything has a default. */
export interface RunPerfOptions {
  readonly design?: PerfDesignName;
  readonly hit?: PerfHit;
  readonly request?: PerfRequest;
  /** A higher context whose sample comes in between. Default: none does. */
  readonly interrupt?: SampleContext;
  /** The point at which it comes: how many stores of the copy are done. Default: 0. */
  readonly at?: number;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

/** No sample has as many points. */
const MOST_POINT = 1000;

const runOptions: Shape<RunPerfOptions> = {
  design: optional(nameOf(perfDesignNames)),
  hit: optional(nameOf(perfHitNames)),
  request: optional(nameOf(perfRequestNames)),
  interrupt: optional(nameOf(sampleContexts)),
  at: optional(whole(0, MOST_POINT)),
  wasm: optional(wasmSource),
};

/** One sample, what it touched, and what a reader gets. */
export interface PerfRun extends PerfTouched {
  readonly schemaVersion: 1;
  readonly scenario: "perf-regs";
  readonly design: PerfDesignName;
  readonly hit: PerfHit;
  readonly request: PerfRequest;
  /** The sample in between, and where it came. */
  readonly interrupt: { readonly context: SampleContext; readonly at: number } | null;
  /** Points at which the sample can be interrupted. */
  readonly points: number;
  /** The user registers in each record, that of the sample in between first; empty where none were asked for. */
  readonly user: readonly SampledRegisters[];
  readonly findings: readonly Finding[];
}

/** What {@link runPerf} does unless it is told otherwise. */
export const runPerfDefaults = { design: "merged", hit: "irq", request: "user", at: 0 } as const;

/**
 * Takes one sample on the study build, of a program that was sampled in its entry before too.
 * @throws UsageError for an interruption that cannot come, or at a point that there is not
 */
export async function runPerf(options: RunPerfOptions = {}): Promise<PerfRun> {
  checkOptions("options", options, runOptions);
  const { design = runPerfDefaults.design, hit = runPerfDefaults.hit } = options;
  const { request = runPerfDefaults.request, interrupt, at = runPerfDefaults.at, wasm } = options;
  const machine = await Machine.create({
    kernel: "6.18",
    build: "study",
    memory: "2M",
    cpus: 1,
    tlbEntries: 64,
    ...given(wasm),
  });
  if (interrupt !== undefined) checkInterrupt(hit, interrupt);
  const one = preparePerfCase(machine, design, request);
  const entries = new Entries(one);
  const points = pointsOf(one, entries, hit);
  if (at >= points) {
    throw new UsageError({ argument: "at", problem: `is ${at}`, valid: `0 to ${points - 1}` });
  }
  entries.next();
  const { event, perf, bed } = one;
  const regs = perf.task.kernelFrame;
  bed.plan(interrupt === undefined ? [] : [{ at, context: interrupt, event, regs }]);
  const { head } = event.ring!;
  const figures = touchedBySample(one, hit);
  return {
    schemaVersion: 1,
    scenario: "perf-regs",
    design,
    hit,
    request,
    interrupt: interrupt === undefined ? null : { context: interrupt, at },
    points,
    ...figures,
    user: sampledRegisters(one, head),
    findings: machine.findings(),
  };
}

function checkInterrupt(hit: PerfHit, interrupt: SampleContext): void {
  const valid = interruptiblePairs([hit]).map(({ inner }) => inner);
  if (valid.includes(interrupt)) return;
  throw new UsageError({
    argument: "interrupt",
    problem: `is ${interrupt} in ${hit}`,
    valid: valid.join(", ") || "none: nothing interrupts an NMI",
  });
}

/** Takes the sample of an entry before. */
function pointsOf(one: PerfCase, entries: Entries, hit: PerfHit): number {
  const { context, regs } = hitOf(one, hit);
  entries.next();
  one.bed.plan([]);
  one.bed.sample(context, one.event, regs);
  return one.bed.points;
}
