import { checkOptions, listOf, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import type { WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { nanosecondsPerTurn } from "../measure/realTime.ts";
import { Futex } from "../systems/futex/futex.ts";
import {
  encodeWakeOp,
  wakeOpArgument,
  wakeOpComparisons,
  wakeOpNames,
  type WakeOperation,
} from "../systems/futex/wakeOperation.ts";
import type { CallFigures } from "./callFigures.ts";
import { given } from "./compareSyncPtr.ts";
import { coresGiven } from "./coresGiven.ts";
import { comparedLosses } from "./compareFutexCmpxchg.ts";
import { FIRST_WORD, SECOND_WORD, placeWord, unsignedWord } from "./futexBed.ts";
import { MOST_LOST } from "./futexCmpxchg.ts";
import {
  wakeOpDefaults,
  wakeOpOn,
  wakeOpShape,
  type FutexWakeOpRun,
  type FutexWakeOpScenario,
} from "./futexWakeOp.ts";
import type { SpelledWakeOp } from "./spelledWakeOp.ts";
import { wordPlaceNames, type WordPlace } from "./wordPlaces.ts";

/** What is compared. Everything has a default. */
export interface CompareFutexWakeOpOptions {
  readonly archs?: readonly ArchName[];
  /** Arguments of every operation, each also as a shift. Default 6, 2047, −2048 and −1. */
  readonly opargs?: readonly number[];
  /** Old words that every comparison is made on. Default −2, −1 and 0, as words. */
  readonly words?: readonly number[];
  /** What they are compared with. Default −1. */
  readonly cmparg?: number;
  /** How many store-exclusives fail in the contended call. Default 128. */
  readonly lost?: number;
  readonly kernel?: string;
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<CompareFutexWakeOpOptions> = {
  archs: optional(listOf(nameOf(archNames))),
  opargs: optional(listOf(wakeOpArgument)),
  words: optional(listOf(unsignedWord)),
  cmparg: optional(wakeOpArgument),
  lost: optional(whole(0, MOST_LOST)),
  kernel: optional(kernelRelease),
  wasm: optional(coresGiven),
};

export const comparedWakeOps = {
  opargs: [6, 2047, -2048, -1],
  words: [0xffff_fffe, 0xffff_ffff, 0],
  cmparg: -1,
} as const;

/** The word that every operation is done with: bits of both halves, and it is negative. */
export const operatedWord = 0xf000_000f;

/** The names, and the first number that the kernel does not know. */
const ops = [...wakeOpNames, wakeOpNames.length] as const;
const cmps = [...wakeOpComparisons, wakeOpComparisons.length] as const;

/** One call, on words that two sleep on each. */
export interface FutexWakeOpRow {
  readonly arch: ArchName;
  readonly operation: SpelledWakeOp;
  readonly before: number | null;
  readonly after: number | null;
  readonly result: number;
  readonly passed: boolean | null;
  /** How many were woken on each word. */
  readonly woken: number;
  readonly woken2: number;
}

/** A call with an address that is no good, or not at once. */
export interface FutexWakeOpPlaceRow {
  readonly arch: ArchName;
  /** Which address points there; the other one is good. */
  readonly word: 1 | 2;
  readonly place: WordPlace;
  readonly private: boolean;
  readonly result: number;
  /** How often the operation was tried, and the page made writable. */
  readonly tries: number;
  readonly repairs: number;
  readonly guardOpens: number;
  readonly faults: number;
  readonly after: number | null;
}

/** What one call costs that nothing is in the way of, and what losses do to it. */
export interface FutexWakeOpCost extends CallFigures {
  readonly arch: ArchName;
  /** How often the operation is tried when `lost` store-exclusives fail. */
  readonly triesContended: number;
  /** Real time on this machine, in nanoseconds: of a call from outside where nobody sleeps. */
  readonly nsPerCall: number;
}

export interface FutexWakeOpComparison {
  readonly schemaVersion: 1;
  readonly scenario: "futex-wake-op";
  readonly kernel: string;
  readonly lost: number;
  readonly operations: readonly FutexWakeOpRow[];
  readonly comparisons: readonly FutexWakeOpRow[];
  readonly places: readonly FutexWakeOpPlaceRow[];
  readonly costs: readonly FutexWakeOpCost[];
}

/** Makes a call on a machine of its own. */
type Once = (options: FutexWakeOpScenario) => FutexWakeOpRun;

/**
 * Every operation with several operands, every comparison with several words, and every kind of bad address, for each
 * architecture. Counts come from the study build, times from release; the two never mix.
 */
export async function compareFutexWakeOp(
  options: CompareFutexWakeOpOptions = {},
): Promise<FutexWakeOpComparison> {
  checkOptions("options", options, compareOptions);
  const { archs = archNames, lost = comparedLosses, wasm } = options;
  const shape = { kernel: options.kernel ?? newestKernel, ...wakeOpShape } as const;
  let study = await Machine.create({ ...shape, build: "study", ...given(wasm?.study) });
  let release = await Machine.create({ ...shape, build: "release", ...given(wasm?.release) });
  const onArch = (arch: ArchName): Once => {
    return (one) => wakeOpOn((study = study.reset({ arch })), one);
  };
  const costs = archs.map((arch) => {
    release = release.reset({ arch });
    return costRow(onArch(arch), lost, release);
  });
  return {
    schemaVersion: 1,
    scenario: "futex-wake-op",
    kernel: study.shape.kernel.version,
    lost,
    operations: archs.flatMap((arch) => operationRows(onArch(arch), options)),
    comparisons: archs.flatMap((arch) => comparisonRows(onArch(arch), options)),
    places: archs.flatMap((arch) => placeRows(onArch(arch))),
    costs,
  };
}

function operationRows(once: Once, options: CompareFutexWakeOpOptions): FutexWakeOpRow[] {
  const { opargs = comparedWakeOps.opargs } = options;
  const operands = opargs.flatMap((oparg) => [false, true].map((shift) => ({ oparg, shift })));
  const operations: WakeOperation[] = ops.flatMap((op) =>
    operands.map((operand) => ({ op, ...operand })),
  );
  return operations.map((operation) => rowOf(once({ operation, word: operatedWord })));
}

function comparisonRows(once: Once, options: CompareFutexWakeOpOptions): FutexWakeOpRow[] {
  const { words = comparedWakeOps.words, cmparg = comparedWakeOps.cmparg } = options;
  return cmps.flatMap((cmp) =>
    words.map((word) => rowOf(once({ operation: { op: "add", oparg: 1, cmp, cmparg }, word }))),
  );
}

function rowOf(run: FutexWakeOpRun): FutexWakeOpRow {
  const { arch, operation, before, after, result, passed, first, second } = run;
  const [woken, woken2] = [first.woken.length, second.woken.length];
  return { arch, operation, before, after, result, passed, woken, woken2 };
}

function placeRows(once: Once): FutexWakeOpPlaceRow[] {
  return [false, true].flatMap((isPrivate) =>
    ([1, 2] as const).flatMap((word) =>
      wordPlaceNames.map((place) => {
        const where = word === 1 ? { place } : { place2: place };
        return placeRow(once({ ...where, private: isPrivate }), word);
      }),
    ),
  );
}

function placeRow(run: FutexWakeOpRun, word: 1 | 2): FutexWakeOpPlaceRow {
  const { arch, result, guardOpens, faults, after } = run;
  const { place } = word === 1 ? run.first : run.second;
  const repairs = run.steps.filter(({ call }) => call === "fault_in_user_writeable").length;
  const tries = triesOf(run);
  return {
    arch,
    word,
    place,
    private: run.private,
    result,
    tries,
    repairs,
    guardOpens,
    faults,
    after,
  };
}

function triesOf({ steps }: FutexWakeOpRun): number {
  return steps.filter(({ call }) => call === "futex_atomic_op_inuser").length;
}

function costRow(once: Once, lost: number, release: Machine): FutexWakeOpCost {
  const { arch, cost } = once({ private: true });
  const triesContended = triesOf(once({ private: true, lost }));
  return { arch, ...cost!, triesContended, nsPerCall: realTime(release) };
}

function realTime(machine: Machine): number {
  const task = machine.createTask();
  placeWord(task, FIRST_WORD, "present", 0);
  placeWord(task, SECOND_WORD, "present", 0);
  const encoded = encodeWakeOp(wakeOpDefaults.operation);
  const op = machine.constant("FUTEX_WAKE_OP") | machine.constant("FLAG_PRIVATE");
  const call = new Futex(task).operation({
    address: FIRST_WORD,
    op,
    value: 1,
    timeout: 1,
    address2: SECOND_WORD,
    value3: encoded,
  });
  const [nanoseconds] = nanosecondsPerTurn([
    (turns) => {
      for (let turn = 0; turn < turns; turn++) call.call();
    },
  ]);
  return nanoseconds!;
}
