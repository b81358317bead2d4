import { checkOptions, flag, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import type { MachineEvent } from "../machine/events.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import { Futex } from "../systems/futex/futex.ts";
import { count } from "../systems/futex/options.ts";
import {
  anyWakeOperation,
  encodeWakeOp,
  type WakeOperation,
} from "../systems/futex/wakeOperation.ts";
import type { CallFigures } from "./callFigures.ts";
import { given } from "./compareSyncPtr.ts";
import { figuresOfEvents } from "./figuresOfEvents.ts";
import {
  FIRST_WORD,
  SECOND_WORD,
  contentOn,
  placeWord,
  spoilPage,
  unsignedWord,
  wordAt,
} from "./futexBed.ts";
import { MOST_LOST } from "./futexCmpxchg.ts";
import { comparesTo, spelledWakeOp, type SpelledWakeOp } from "./spelledWakeOp.ts";
import { addressOfPlace, pageOfPlace, wordPlaceNames, type WordPlace } from "./wordPlaces.ts";
import { wakeOpSteps, type WakeOpStep } from "./wakeOpSteps.ts";

/** What is run. Everything has a default. */
export interface FutexWakeOpScenario {
  readonly arch?: ArchName;
  /** Its parts, or 32 bits. Default: adds 1, and wakes on the second word if its old value was greater than 0. */
  readonly operation?: WakeOperation | number;
  /** What stands in the second word, on a page that has a content. Default 0. */
  readonly word?: number;
  /** What the two addresses point to. Default "present". */
  readonly place?: WordPlace;
  readonly place2?: WordPlace;
  /** How many sleep on the first word, and on the second. Default 2. */
  readonly sleepers?: number;
  readonly sleepers2?: number;
  /** How many are to be woken there. Default 1. */
  readonly wake?: number;
  readonly wake2?: number;
  /** The words belong to this address space alone. Default false. */
  readonly private?: boolean;
  /** So many store-exclusives fail, as if another CPU had written to the line. Default 0. */
  readonly lost?: number;
  readonly kernel?: string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

/** More sleepers than anybody looks at. */
export const MOST_SLEEPERS = 64;
const sleeperCount = whole(0, MOST_SLEEPERS);

const wakeOpOptions: Shape<FutexWakeOpScenario> = {
  arch: optional(nameOf(archNames)),
  operation: optional((argument, value) =>
    (typeof value === "number" ? unsignedWord : anyWakeOperation)(argument, value),
  ),
  word: optional(unsignedWord),
  place: optional(nameOf(wordPlaceNames)),
  place2: optional(nameOf(wordPlaceNames)),
  sleepers: optional(sleeperCount),
  sleepers2: optional(sleeperCount),
  wake: optional(count),
  wake2: optional(count),
  private: optional(flag),
  lost: optional(whole(0, MOST_LOST)),
  kernel: optional(kernelRelease),
  wasm: optional(wasmSource),
};

export const wakeOpDefaults = {
  arch: "x86-64",
  operation: { op: "add", oparg: 1, cmp: "gt", cmparg: 0 },
  word: 0,
  place: "present",
  sleepers: 2,
  wake: 1,
} as const;

/** Who sleeps at an address, numbered over both, and who of them was woken. */
export interface WokenOnWord {
  readonly place: WordPlace;
  readonly asleep: readonly number[];
  readonly woken: readonly number[];
}

/** One WAKE_OP: its operation, the way it went, what became of the second word, and who woke on each. */
export interface FutexWakeOpRun {
  readonly schemaVersion: 1;
  readonly scenario: "futex-wake-op";
  readonly kernel: string;
  readonly arch: ArchName;
  readonly operation: SpelledWakeOp;
  readonly private: boolean;
  readonly lost: number;
  readonly wake: number;
  readonly wake2: number;
  readonly steps: readonly WakeOpStep[];
  /** How many were woken, or −errno. */
  readonly result: number;
  /** The second word before; null where nothing was mapped. */
  readonly before: number | null;
  /** And afterwards; null where no page is present. */
  readonly after: number | null;
  /** Whether the old word passed the comparison; null where it came to none. */
  readonly passed: boolean | null;
  readonly first: WokenOnWord;
  readonly second: WokenOnWord;
  readonly guardOpens: number;
  readonly faults: number;
  /** Of a call that nothing was in the way of: range checks, guard and store. Null elsewhere. */
  readonly cost: CallFigures | null;
  readonly findings: readonly Finding[];
}

/** One FUTEX_WAKE_OP, on the study build. @throws UsageError for an option that cannot be */
export async function runFutexWakeOp(options: FutexWakeOpScenario = {}): Promise<FutexWakeOpRun> {
  checkOptions("options", options, wakeOpOptions);
  const { arch = wakeOpDefaults.arch, kernel = newestKernel, wasm } = options;
  const machine = await Machine.create({
    arch,
    kernel,
    build: "study",
    ...wakeOpShape,
    ...given(wasm),
  });
  return wakeOpOn(machine, options);
}

/** The caller has a CPU of its own, on which the compiler has seen no address checked yet. */
export const wakeOpShape = { memory: "2M", cpus: 2 } as const;
const WAKER_CPU = 1;

/** The same on a machine of the study build that has two CPUs and nothing on it. */
export function wakeOpOn(machine: Machine, options: FutexWakeOpScenario): FutexWakeOpRun {
  const { wake = wakeOpDefaults.wake, wake2 = wakeOpDefaults.wake, lost = 0 } = options;
  const scope = { private: options.private ?? false };
  const bed = prepareWakeOp(machine, options, scope);
  const { waker, operation } = bed;
  machine.exports.loseReservations(waker.task.cpu, lost);
  const { result, events, ...counts } = counted(waker.task, () =>
    waker.wakeOp(bed.at, bed.at2, operation.encoded, { ...scope, wake, wake2 }),
  );
  const passed = result < 0 ? null : comparesTo(operation, bed.before ?? 0);
  const after = wordAt(waker.task, SECOND_WORD);
  const first = wokenOf(bed.place, bed.first, 0);
  const second = wokenOf(bed.place2, bed.second, bed.first.length);
  const woken = [first.woken.length, second.woken.length] as const;
  const firstKey = waker.futexWake(bed.at, { ...scope, count: 0 });
  return {
    schemaVersion: 1,
    scenario: "futex-wake-op",
    kernel: machine.shape.kernel.version,
    arch: machine.arch,
    operation,
    ...scope,
    lost,
    wake,
    wake2,
    steps: wakeOpSteps({ ...scope, events, result, firstKey, passed, woken }),
    result,
    before: bed.before,
    after,
    passed,
    first,
    second,
    ...counts,
    cost: result < 0 || counts.faults > 0 || lost > 0 ? null : figuresOfEvents(machine, events),
    findings: machine.findings(),
  };
}

/** A call on the study build, with what was recorded and counted of its CPU. */
function counted(
  { machine, cpu }: Task,
  call: () => number,
): {
  readonly result: number;
  readonly events: readonly MachineEvent[];
  readonly guardOpens: number;
  readonly faults: number;
} {
  const since = machine.eventCount;
  const before = machine.counters(cpu);
  const result = call();
  const after = machine.counters(cpu);
  return {
    result,
    events: machine.events(since).filter((event) => event.cpu === cpu),
    guardOpens: after.guardOpensWrite - before.guardOpensWrite,
    faults: after.faults - before.faults,
  };
}

/** Two words with their sleepers, and who calls. */
interface WakeOpBed {
  readonly waker: Futex;
  readonly operation: SpelledWakeOp;
  readonly place: WordPlace;
  readonly place2: WordPlace;
  readonly at: bigint;
  readonly at2: bigint;
  readonly before: number | null;
  readonly first: readonly Futex[];
  readonly second: readonly Futex[];
}

/** They fall asleep on words that are there; only then becomes of the pages what they shall be. */
function prepareWakeOp(
  machine: Machine,
  options: FutexWakeOpScenario,
  scope: { readonly private: boolean },
): WakeOpBed {
  const { place = wakeOpDefaults.place, place2 = wakeOpDefaults.place } = options;
  const { sleepers = wakeOpDefaults.sleepers, sleepers2 = wakeOpDefaults.sleepers } = options;
  const { operation = wakeOpDefaults.operation } = options;
  const word = contentOn(pageOfPlace(place2), "word", options.word, wakeOpDefaults.word);
  const encoded = typeof operation === "number" ? operation : encodeWakeOp(operation);
  const process = machine.createTask();
  placeWord(process, FIRST_WORD, "present", 0);
  placeWord(process, SECOND_WORD, "present", word);
  const asleepOn = (at: number, value: number, number: number): Futex[] =>
    Array.from({ length: number }, () => asleep(process, at, value, scope));
  const first = asleepOn(FIRST_WORD, 0, sleepers);
  const second = asleepOn(SECOND_WORD, word, sleepers2);
  spoilPage(process, FIRST_WORD, pageOfPlace(place));
  spoilPage(process, SECOND_WORD, pageOfPlace(place2));
  return {
    waker: new Futex(machine.createTask({ sharing: process, cpu: WAKER_CPU })),
    operation: spelledWakeOp(encoded),
    place,
    place2,
    at: addressOfPlace(machine, FIRST_WORD, place),
    at2: addressOfPlace(machine, SECOND_WORD, place2),
    before: place2 === "unmapped" ? null : word,
    first,
    second,
  };
}

/** A thread of the process that sleeps on a word. */
function asleep(
  process: Task,
  at: number,
  value: number,
  scope: { readonly private: boolean },
): Futex {
  const futex = new Futex(process.machine.createTask({ sharing: process }));
  futex.wait(at, value, scope);
  return futex;
}

function wokenOf(place: WordPlace, futexes: readonly Futex[], before: number): WokenOnWord {
  const asleep = futexes.map((_, index) => before + index + 1);
  return { place, asleep, woken: asleep.filter((_, index) => futexes[index]!.task.canResume) };
}
