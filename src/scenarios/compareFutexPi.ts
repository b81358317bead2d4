import { checkOptions, listOf, nameOf, optional, type Shape } from "../base/checks.ts";
import type { WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { nanosecondsPerTurn } from "../measure/realTime.ts";
import { Futex } from "../systems/futex/futex.ts";
import type { CallFigures } from "./callFigures.ts";
import { given } from "./compareSyncPtr.ts";
import { coresGiven } from "./coresGiven.ts";
import { figuresOfEvents } from "./figuresOfEvents.ts";
import { FIRST_WORD, placeWord } from "./futexBed.ts";
import {
  piOn,
  piShape,
  programOf,
  type FutexPiRun,
  type PiLockKind,
  type PiStepRun,
} from "./futexPi.ts";
import { ownWords } from "./piLocks.ts";
import { piPlaceRows, type PiPlaceRow } from "./piPlaces.ts";
import { piProgramNames, type PiProgramName } from "./piPrograms.ts";

/** What is compared. Everything has a default. */
export interface CompareFutexPiOptions {
  readonly archs?: readonly ArchName[];
  readonly names?: readonly PiProgramName[];
  readonly kernel?: string;
  /** The cores to use, where the built-in ones cannot be found (browsers). */
  readonly wasm?: { readonly study?: WasmSource; readonly release?: WasmSource };
}

const compareOptions: Shape<CompareFutexPiOptions> = {
  archs: optional(listOf(nameOf(archNames))),
  names: optional(listOf(nameOf(piProgramNames))),
  kernel: optional(kernelRelease),
  wasm: optional(coresGiven),
};

/** Programs that a mutex of their own brings to the same end; in others it leaves somebody asleep for ever. */
const comparedWithPlain: readonly PiProgramName[] = ["inversion", "hand-over", "trylock"];

/** A program with the kernel's locks, and with a mutex of its own. */
export interface PiLocksRow {
  readonly name: PiProgramName;
  readonly pi: readonly PiStepRun[];
  readonly plain: readonly PiStepRun[];
}

/** What a program's steps answer. */
export interface PiAnswersRow {
  readonly arch: ArchName;
  readonly name: PiProgramName;
  readonly steps: readonly Pick<PiStepRun, "text" | "result" | "sleeps" | "returns">[];
  readonly asleep: readonly string[];
}

/** The answers of every call to every kind of address. */
export interface PiPlacesRow extends PiPlaceRow {
  readonly arch: ArchName;
}

/** What taking a free lock costs, and giving it back while nobody waits, each by a call of the kernel. */
export interface PiCost {
  readonly arch: ArchName;
  readonly lock: CallFigures;
  readonly unlock: CallFigures;
  /** Real time of both on this machine, in nanoseconds: of calls from outside. */
  readonly nsBoth: number;
}

export interface FutexPiComparison {
  readonly schemaVersion: 1;
  readonly scenario: "futex-pi";
  readonly kernel: string;
  readonly locks: readonly PiLocksRow[];
  readonly programs: readonly PiAnswersRow[];
  readonly places: readonly PiPlacesRow[];
  readonly costs: readonly PiCost[];
}

/**
 * PI locks beside a mutex of the program's own, the answers of programs step by step, and every call with every kind of
 * bad address, for each architecture. Answers come from the study build, times from release.
 */
export async function compareFutexPi(
  options: CompareFutexPiOptions = {},
): Promise<FutexPiComparison> {
  checkOptions("options", options, compareOptions);
  const { archs = archNames, names = piProgramNames, wasm } = options;
  const shape = { kernel: options.kernel ?? newestKernel, ...piShape } as const;
  let study = await Machine.create({ ...shape, build: "study", ...given(wasm?.study) });
  let release = await Machine.create({ ...shape, build: "release", ...given(wasm?.release) });
  const once = (arch: ArchName, name: PiProgramName, locks: PiLockKind): FutexPiRun =>
    piOn((study = study.reset({ arch })), name, programOf({ name }).program, locks);
  const [first] = archs;
  const plain = names.filter((name) => comparedWithPlain.includes(name));
  return {
    schemaVersion: 1,
    scenario: "futex-pi",
    kernel: study.shape.kernel.version,
    locks:
      first === undefined
        ? []
        : plain.map((name) => ({
            name,
            pi: once(first, name, "pi").steps,
            plain: once(first, name, "plain").steps,
          })),
    programs: archs.flatMap((arch) => names.map((name) => answersOf(once(arch, name, "pi"), name))),
    places: archs.flatMap((arch) =>
      piPlaceRows(() => (study = study.reset({ arch }))).map((row) => ({ arch, ...row })),
    ),
    costs: archs.map((arch) =>
      costOf(() => (study = study.reset({ arch })), (release = release.reset({ arch }))),
    ),
  };
}

function answersOf({ arch, steps, asleep }: FutexPiRun, name: PiProgramName): PiAnswersRow {
  const answers = steps.map(({ text, result, sleeps, returns }) => ({
    text,
    result,
    sleeps,
    returns,
  }));
  return { arch, name, steps: answers, asleep };
}

function costOf(study: () => Machine, release: Machine): PiCost {
  return {
    arch: release.arch,
    lock: figuresOf(
      study(),
      () => 0,
      (futex) => futex.lockPi(FIRST_WORD, ownWords),
    ),
    unlock: figuresOf(
      study(),
      ({ task }) => task.id,
      (futex) => futex.unlockPi(FIRST_WORD, ownWords),
    ),
    nsBoth: realTime(release),
  };
}

function figuresOf(
  machine: Machine,
  word: (futex: Futex) => number,
  call: (futex: Futex) => number,
): CallFigures {
  const futex = new Futex(machine.createTask());
  placeWord(futex.task, FIRST_WORD, "present", word(futex));
  const since = machine.eventCount;
  call(futex);
  return figuresOfEvents(machine, machine.events(since));
}

function realTime(machine: Machine): number {
  const futex = new Futex(machine.createTask());
  placeWord(futex.task, FIRST_WORD, "present", 0);
  const call = (name: "FUTEX_LOCK_PI" | "FUTEX_UNLOCK_PI") => {
    const op = machine.constant(name) | machine.constant("FLAG_PRIVATE");
    return futex.operation({ address: FIRST_WORD, op });
  };
  const [lock, unlock] = [call("FUTEX_LOCK_PI"), call("FUTEX_UNLOCK_PI")];
  const [nanoseconds] = nanosecondsPerTurn([
    (turns) => {
      for (let turn = 0; turn < turns; turn++) {
        lock.call();
        unlock.call();
      }
    },
  ]);
  return nanoseconds!;
}
