import { checkOptions, nameOf, optional, whole, type Shape } from "../base/checks.ts";
import { errnos } from "../base/errno.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import type { CallFigures } from "./callFigures.ts";
import { given } from "./compareSyncPtr.ts";
import { figuresOfEvents } from "./figuresOfEvents.ts";
import {
  FIRST_WORD,
  contentOn,
  placeWord,
  unsignedWord,
  wordAt,
  wordPageNames,
  type WordPage,
} from "./futexBed.ts";

/** What is run. Everything has a default. */
export interface FutexCmpxchgOptions {
  readonly arch?: ArchName;
  /** What the word's page is like. Default "present". */
  readonly page?: WordPage;
  /** What stands in the word, on a page that has a content. Default 7, else 0. */
  readonly value?: number;
  /** What is expected there. Default: what stands there. */
  readonly expected?: number;
  /** What shall stand there. Default 9. */
  readonly replacement?: number;
  /** So many store-exclusives fail, as if another CPU had written to the line. Default 0. */
  readonly lost?: number;
  readonly kernel?: string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

/** More losses than anybody waits for. */
export const MOST_LOST = 100_000;

const cmpxchgOptions: Shape<FutexCmpxchgOptions> = {
  arch: optional(nameOf(archNames)),
  page: optional(nameOf(wordPageNames)),
  value: optional(unsignedWord),
  expected: optional(unsignedWord),
  replacement: optional(unsignedWord),
  lost: optional(whole(0, MOST_LOST)),
  kernel: optional(kernelRelease),
  wasm: optional(wasmSource),
};

export const cmpxchgDefaults = {
  arch: "x86-64",
  page: "present",
  value: 7,
  replacement: 9,
} as const;

/** The steps of the dance around the exchange: what the kernel calls. */
export type CmpxchgCall =
  "futex_atomic_cmpxchg_inatomic" | "fault_in_user_writeable" | "cond_resched";

/** One step, with what it took. */
export interface CmpxchgStep {
  readonly call: CmpxchgCall;
  /** 0 or −errno. */
  readonly result: number;
  /** What stood in the word, where the exchange was executed. */
  readonly seen: number | null;
  /** The word afterwards; null where no page is present. */
  readonly word: number | null;
  readonly guardOpens: number;
  readonly faults: number;
}

/** An exchange with all that the kernel does until it is executed, or cannot be. */
export interface FutexCmpxchgRun {
  readonly schemaVersion: 1;
  readonly scenario: "futex-cmpxchg";
  readonly kernel: string;
  readonly arch: ArchName;
  readonly page: WordPage;
  readonly value: number;
  readonly expected: number;
  readonly replacement: number;
  readonly lost: number;
  readonly steps: readonly CmpxchgStep[];
  /** Of the last step. */
  readonly result: number;
  /** The exchange was executed and the word was as expected. */
  readonly matched: boolean;
  readonly word: number | null;
  /** Of the last exchange: range check, guard and store. Null where none was executed. */
  readonly cost: CallFigures | null;
  readonly findings: readonly Finding[];
}

/** One compare-exchange on a user word, on the study build. @throws UsageError for an option that cannot be */
export async function runFutexCmpxchg(options: FutexCmpxchgOptions = {}): Promise<FutexCmpxchgRun> {
  checkOptions("options", options, cmpxchgOptions);
  const { arch = cmpxchgDefaults.arch, kernel = newestKernel, wasm } = options;
  const machine = await Machine.create({
    arch,
    kernel,
    build: "study",
    memory: "1M",
    ...given(wasm),
  });
  return cmpxchgOn(machine, options);
}

/** The same on a machine of the study build that has nothing on it. */
export function cmpxchgOn(machine: Machine, options: FutexCmpxchgOptions): FutexCmpxchgRun {
  const { page = cmpxchgDefaults.page, replacement = cmpxchgDefaults.replacement } = options;
  const value = contentOn(page, "value", options.value, cmpxchgDefaults.value);
  const { expected = value, lost = 0 } = options;
  const task = machine.createTask();
  placeWord(task, FIRST_WORD, page, value);
  machine.exports.loseReservations(task.cpu, lost);
  const steps = dance(task, expected, replacement);
  const last = steps.at(-1)!;
  return {
    schemaVersion: 1,
    scenario: "futex-cmpxchg",
    kernel: machine.shape.kernel.version,
    arch: machine.arch,
    page,
    value,
    expected,
    replacement,
    lost,
    steps: steps.map(({ cost: _, ...step }) => step),
    result: last.result,
    matched: last.seen === expected,
    word: last.word,
    cost: last.cost,
    findings: machine.findings(),
  };
}

interface PricedStep extends CmpxchgStep {
  readonly cost: CallFigures | null;
}

/**
 * What the kernel does around the exchange, under whose locks no fault may be taken: after −EFAULT it lets go of them
 * and makes the page writable, after −EAGAIN it lets others run; then it starts again.
 */
function dance(task: Task, expected: number, replacement: number): PricedStep[] {
  const steps: PricedStep[] = [];
  for (;;) {
    const exchange = exchangeOnce(task, expected, replacement);
    steps.push(exchange);
    if (exchange.result === 0) return steps;
    if (exchange.result === -errnos.EAGAIN) {
      steps.push(measured(task, "cond_resched", () => 0));
      continue;
    }
    const repair = measured(
      task,
      "fault_in_user_writeable",
      () => task.fixupFault(FIRST_WORD, "write").result,
    );
    steps.push(repair);
    if (repair.result !== 0) return steps;
  }
}

function exchangeOnce(task: Task, expected: number, replacement: number): PricedStep {
  const { machine, cpu } = task;
  const since = machine.eventCount;
  const step = measured(task, "futex_atomic_cmpxchg_inatomic", () =>
    machine.exports.futexCmpxchg(cpu, FIRST_WORD, 0, expected, replacement),
  );
  if (step.result !== 0) return step;
  const seen = machine.exports.readValueLow(cpu) >>> 0;
  return { ...step, seen, cost: figuresOfEvents(machine, machine.events(since)) };
}

function measured(task: Task, call: CmpxchgCall, make: () => number): PricedStep {
  const { machine } = task;
  const before = machine.counters();
  const result = make();
  const after = machine.counters();
  return {
    call,
    result,
    seen: null,
    word: wordAt(task, FIRST_WORD),
    guardOpens: after.guardOpensWrite - before.guardOpensWrite,
    faults: after.faults - before.faults,
    cost: null,
  };
}
