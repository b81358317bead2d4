import { checkOptions, listOf, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import type { WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { nanosecondsPerTurn } from "../measure/realTime.ts";
import type { CallFigures } from "./callFigures.ts";
import { given } from "./compareSyncPtr.ts";
import { coresGiven } from "./coresGiven.ts";
import { FIRST_WORD, placeWord, wordPageNames, type WordPage } from "./futexBed.ts";
import { MOST_LOST, cmpxchgOn, type FutexCmpxchgRun } from "./futexCmpxchg.ts";

/** What is compared. Everything has a default. */
export interface CompareFutexCmpxchgOptions {
  readonly archs?: readonly ArchName[];
  readonly pages?: readonly WordPage[];
  /** How many store-exclusives fail in the contended row. Default 128. */
  readonly lost?: number;
  readonly kernel?: string;
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<CompareFutexCmpxchgOptions> = {
  archs: optional(listOf(nameOf(archNames))),
  pages: optional(listOf(nameOf(wordPageNames))),
  lost: optional(whole(0, MOST_LOST)),
  kernel: optional(kernelRelease),
  wasm: optional(coresGiven),
};

/** FUTEX_MAX_LOOPS of arm64: as many losses, and it answers −EAGAIN. */
export const comparedLosses = 128;

/** An exchange on one architecture, on a page of one kind. */
export interface FutexCmpxchgRow {
  readonly arch: ArchName;
  readonly page: WordPage;
  readonly lost: number;
  readonly result: number;
  readonly matched: boolean;
  /** How often the exchange was tried. */
  readonly exchanges: number;
  /** How often the page was to be made writable. */
  readonly repairs: number;
  readonly guardOpens: number;
  readonly faults: number;
}

/** What one exchange costs whose page is there. */
export interface FutexCmpxchgCost extends CallFigures {
  readonly arch: ArchName;
  /** Real time on this machine, in nanoseconds. */
  readonly nsPerCall: number;
}

export interface FutexCmpxchgComparison {
  readonly schemaVersion: 1;
  readonly scenario: "futex-cmpxchg";
  readonly kernel: string;
  readonly rows: readonly FutexCmpxchgRow[];
  readonly costs: readonly FutexCmpxchgCost[];
}

/**
 * The exchange on every kind of page, and once with losses, for each architecture. Counts come from the study build,
 * times from release; the two never mix.
 */
export async function compareFutexCmpxchg(
  options: CompareFutexCmpxchgOptions = {},
): Promise<FutexCmpxchgComparison> {
  checkOptions("options", options, compareOptions);
  const { archs = archNames, pages = wordPageNames, lost = comparedLosses, wasm } = options;
  const shape = { kernel: options.kernel ?? newestKernel, memory: "1M", cpus: 1 } as const;
  let study = await Machine.create({ ...shape, build: "study", ...given(wasm?.study) });
  let release = await Machine.create({ ...shape, build: "release", ...given(wasm?.release) });
  const rows: FutexCmpxchgRow[] = [];
  const costs: FutexCmpxchgCost[] = [];
  const once = (arch: ArchName, page: WordPage, losses: number): FutexCmpxchgRun => {
    study = study.reset({ arch });
    return cmpxchgOn(study, { page, lost: losses });
  };
  for (const arch of archs) {
    rows.push(...pages.map((page) => row(once(arch, page, 0))), row(once(arch, "present", lost)));
    release = release.reset({ arch });
    costs.push({ arch, ...once(arch, "present", 0).cost!, nsPerCall: realTime(release) });
  }
  const kernel = study.shape.kernel.version;
  return { schemaVersion: 1, scenario: "futex-cmpxchg", kernel, rows, costs };
}

function row(run: FutexCmpxchgRun): FutexCmpxchgRow {
  const { arch, page, lost, result, matched, steps } = run;
  const sum = (count: "guardOpens" | "faults"): number =>
    steps.reduce((total, step) => total + step[count], 0);
  const times = (call: string): number => steps.filter((step) => step.call === call).length;
  return {
    arch,
    page,
    lost,
    result,
    matched,
    exchanges: times("futex_atomic_cmpxchg_inatomic"),
    repairs: times("fault_in_user_writeable"),
    guardOpens: sum("guardOpens"),
    faults: sum("faults"),
  };
}

function realTime(machine: Machine): number {
  const task = machine.createTask();
  placeWord(task, FIRST_WORD, "present", 0);
  const loop = machine.constant("ROUNDS_ATTEMPT");
  const [nanoseconds] = nanosecondsPerTurn([
    (turns) => machine.exports.futexRounds(task.cpu, loop, FIRST_WORD, 0, FIRST_WORD, 0, turns),
  ]);
  return nanoseconds!;
}
