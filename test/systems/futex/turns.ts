import {
  FaultlineError,
  Futex,
  Machine,
  runPrograms,
  type Operation,
  type Program,
  type Snapshot,
} from "../../../src/index.ts";
import { PAGE } from "../../machine/pool.ts";
import { WORDS } from "./threads.ts";

/** Two threads on two CPUs of the study build, each left at any yield point for the other. */

export interface Bed {
  readonly machine: Machine;
  readonly sleeper: Futex;
  readonly waker: Futex;
  readonly start: Snapshot;
}

/** A design that is not the kernel's: a waiter is seen to be counted only after it has read its word. */
export interface BedOptions {
  readonly countsLate?: boolean;
}

export async function newBed(options: BedOptions = {}): Promise<Bed> {
  const machine = await Machine.create({ build: "study", memory: "1M", cpus: 2, tlbEntries: 64 });
  const first = machine.createTask({ cpu: 0 });
  const sleeper = new Futex(first);
  const waker = new Futex(machine.createTask({ cpu: 1, sharing: first }));
  first.map({ at: WORDS, length: PAGE, populate: true });
  if (options.countsLate === true) {
    machine.rawExports.setFutexDesign(machine.constant("COUNTS_LATE"));
  }
  sleeper.waitvOperation([{ address: WORDS, value: 0 }]); // maps the page of arguments
  return { machine, sleeper, waker, start: machine.snapshot() };
}

function* oneByOne(operations: readonly Operation[]): Program {
  yield* operations;
}

/** What a schedule came to: the sleeper's answer, the other's answers; null where somebody sleeps for ever. */
export interface Outcome {
  readonly slept: number | null;
  readonly others: readonly number[];
  /** The sleeper was asleep before the other began. */
  readonly early: boolean;
  readonly fixups: number;
  readonly steps: readonly [number, number];
}

/** How long each may run before the other one does: steps of the sleeper, of the other, of the sleeper. */
export type Turns = readonly [number, number, number];

export function runTurns(
  bed: Bed,
  sleep: () => Operation,
  others: () => readonly Operation[],
  turns: Turns,
): Outcome {
  const { machine, sleeper, waker } = bed;
  machine.restore(bed.start);
  const programs = [
    { task: sleeper.task, body: oneByOne([sleep()]) },
    { task: waker.task, body: oneByOne(others()) },
  ];
  const steps: [number, number] = [0, 0];
  let early = false;
  const [before, between, after] = turns;
  const choose = (runnable: readonly number[]): number => {
    const wanted =
      steps[0] < before ? 0 : steps[1] < between ? 1 : steps[0] < before + after ? 0 : 1;
    const chosen = runnable.includes(wanted) ? wanted : runnable[0]!;
    if (chosen === 1 && steps[1] === 0) early = sleeper.task.blocked;
    steps[chosen]! += 1;
    return chosen;
  };
  const fixups = machine.counters().fixups;
  const traces = untilTheEnd(() => runPrograms(machine, programs, { choose }));
  return {
    slept: traces?.[0]!.results[0]?.result ?? null,
    others: traces?.[1]!.results.map(({ result }) => result) ?? [],
    early,
    fixups: machine.counters().fixups - fixups,
    steps,
  };
}

/** Null where every program sleeps. */
function untilTheEnd<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof FaultlineError && error.code === "deadlock") return null;
    throw error;
  }
}

/** The other thread lets the page of words go. */
export function droppingPage({ machine, waker }: Bed): Operation {
  const { cpu, handle } = waker.task;
  const advice = machine.constant("MADV_DONTNEED");
  const call = (): number =>
    machine.rawExports.adviseMemory(cpu, handle, WORDS, 0, PAGE, 0, advice);
  return { name: "madvise", call };
}
