import { checkOptions, listOf, nameOf, optional, type Shape } from "../base/checks.ts";
import type { WasmSource } from "../core/source.ts";
import { Machine } from "../machine/machine.ts";
import { nanosecondsPerTurn } from "../measure/realTime.ts";
import { sampleContexts } from "../systems/perf/interruption.ts";
import { given } from "./compareSyncPtr.ts";
import { coresGiven } from "./coresGiven.ts";
import {
  hitOf,
  perfHitNames,
  perfRequestNames,
  preparePerfCase,
  touchedBySample,
  type PerfHit,
  type PerfRequest,
} from "./perfCase.ts";
import { perfDesign, perfDesignNames, type PerfDesignName } from "./perfDesigns.ts";
import { pebsRows, type PerfPebsRow } from "./perfPebs.ts";
import {
  entryNmis,
  interruptiblePairs,
  sweepEntry,
  sweepPoints,
  type EntryNmi,
  type EntryOutcome,
  type PerfSweep,
} from "./perfSweep.ts";
import { accessesSince, type PerfTouched } from "./perfTouched.ts";
import type { SampleEra } from "./sampleLayouts.ts";

/** What is compared. Everything has a default. */
export interface ComparePerfOptions {
  /** Default: all. */
  readonly designs?: readonly PerfDesignName[];
  /** Where samples are taken. Default: all. */
  readonly hits?: readonly PerfHit[];
  /** What they ask for. Default: the user registers. */
  readonly requests?: readonly PerfRequest[];
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<ComparePerfOptions> = {
  designs: optional(listOf(nameOf(perfDesignNames))),
  hits: optional(listOf(nameOf(perfHitNames))),
  requests: optional(listOf(nameOf(perfRequestNames))),
  wasm: optional(coresGiven),
};

/** One sample: what it touched, and how long one takes here. */
export interface PerfRow extends PerfTouched {
  readonly design: PerfDesignName;
  readonly hit: PerfHit;
  readonly request: PerfRequest;
  /** Real time of a sample with its record in the ring, in nanoseconds: the emulator's. */
  readonly nsPerSample: number;
}

/** What a design takes before any sample. */
export interface PerfDesignRow {
  readonly design: PerfDesignName;
  readonly era: SampleEra;
  /** Bytes of struct perf_sample_data. */
  readonly sampleBytes: number;
  /** Bytes of such structures on the stack while a task's sample is interrupted by an interrupt's, that one by an NMI's. */
  readonly nestedBytes: number;
  /** Bytes of copies for each CPU. */
  readonly perCpuBytes: number;
}

/** An NMI after each number of registers that the entry code has pushed. */
export interface PerfEntryRow {
  readonly design: PerfDesignName;
  readonly nmi: EntryNmi;
  readonly outcomes: readonly EntryOutcome[];
}

export interface PerfComparison {
  readonly schemaVersion: 1;
  readonly scenario: "perf-regs";
  readonly designs: readonly PerfDesignRow[];
  readonly rows: readonly PerfRow[];
  /** Every point of every copy, for every pair of contexts. */
  readonly sweeps: readonly PerfSweep[];
  readonly entries: readonly PerfEntryRow[];
  /** Registers made out of a record of the hardware's. */
  readonly pebs: readonly PerfPebsRow[];
}

/** What {@link comparePerf} compares unless it is told otherwise. */
export const perfDefaults = { requests: ["user"] } as const;

const shape = { kernel: "6.18", memory: "2M", cpus: 1, tlbEntries: 64 } as const;

/**
 * Samples with user registers by every design. Accesses, points and findings come from the study build, times from
 * release.
 */
export async function comparePerf(options: ComparePerfOptions = {}): Promise<PerfComparison> {
  checkOptions("options", options, compareOptions);
  const { wasm } = options;
  const study = await Machine.create({ ...shape, build: "study", ...given(wasm?.study) });
  const release = await Machine.create({ ...shape, build: "release", ...given(wasm?.release) });
  const bench = new Bench(study, release);
  const { designs = perfDesignNames, hits = perfHitNames } = options;
  const { requests = perfDefaults.requests } = options;
  return {
    schemaVersion: 1,
    scenario: "perf-regs",
    designs: designs.map((design) => bench.design(design)),
    rows: requests.flatMap((request) =>
      hits.flatMap((hit) => designs.map((design) => bench.row(design, hit, request))),
    ),
    sweeps: designs.flatMap((design) =>
      interruptiblePairs(hits.filter((hit) => hit !== "user")).map(({ outer, inner }) =>
        sweepPoints(bench.study, design, outer, inner),
      ),
    ),
    entries: designs.flatMap((design) =>
      entryNmis.map((nmi) => ({ design, nmi, outcomes: sweepEntry(bench.study, design, nmi) })),
    ),
    pebs: pebsRows(() => bench.study),
  };
}

/** Two machines, set up anew for each figure. */
class Bench {
  #study: Machine;
  #release: Machine;

  constructor(study: Machine, release: Machine) {
    this.#study = study;
    this.#release = release;
  }

  get study(): Machine {
    this.#study = this.#study.reset();
    return this.#study;
  }

  get #fast(): Machine {
    this.#release = this.#release.reset();
    return this.#release;
  }

  row(design: PerfDesignName, hit: PerfHit, request: PerfRequest): PerfRow {
    const figures = touchedBySample(preparePerfCase(this.study, design, request), hit);
    const timed = preparePerfCase(this.#fast, design, request);
    const { context, regs } = hitOf(timed, hit);
    const [ns] = nanosecondsPerTurn([timed.bed.sampleLoop(context, timed.event, regs)]);
    return { design, hit, request, ...figures, nsPerSample: ns! };
  }

  design(name: PerfDesignName): PerfDesignRow {
    const { places } = perfDesign(name);
    const { copies } = preparePerfCase(this.study, name, "user").bed;
    return {
      design: name,
      era: places.era,
      sampleBytes: places.bytes,
      nestedBytes: nestedBytes(this.study, name),
      perCpuBytes: copies.to - copies.from,
    };
  }
}

/** A task's sample, in which an interrupt's comes, in which an NMI's comes: the structures that are written. */
function nestedBytes(machine: Machine, name: PerfDesignName): number {
  const { bed, event, perf } = preparePerfCase(machine, name, "user");
  const regs = perf.task.kernelFrame;
  bed.plan([
    { at: 0, context: "irq", event, regs },
    { at: 1, context: "nmi", event, regs },
  ]);
  const since = machine.eventCount;
  bed.sample("task", event, regs);
  const stores = accessesSince(machine, since).filter(({ isStore }) => isStore);
  return sampleContexts
    .map((context) => bed.sampleRegion(context))
    .filter(({ from, to }) => stores.some(({ at }) => from <= at && at < to))
    .reduce((bytes, { from, to }) => bytes + to - from, 0);
}
