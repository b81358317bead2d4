import { FaultlineError, UsageError } from "../base/errors.ts";
import type { FiberOutcome } from "../core/fibers.ts";
import type { Machine } from "./machine.ts";
import type { Task } from "./task.ts";

/**
 * User programs as generators that yield operations (DESIGN §2). The release, threads and profile builds run each
 * operation straight through; the study build also leaves it at its yield points, so that another CPU runs between
 * two stores of one system call.
 */

/** One operation: a call into the core. It may be called again to be taken up, so it must do nothing else. */
export interface Operation {
  readonly name: string;
  readonly call: () => number;
}

/** A program yields operations and gets their results. */
export type Program = Generator<Operation, void, number>;

/** A program, and the task whose CPU it runs on. */
export interface RunningProgram {
  readonly task: Task;
  readonly body: Program;
}

export interface RunOptions {
  /** Picks the next of the programs that can go on, by index into the list given; default: in turn. */
  readonly choose?: (runnable: readonly number[], step: number) => number;
  /** Study: leave operations at every k-th yield point. Default 1. */
  readonly switchEvery?: number;
}

/** What a program came to: the result of each of its operations. */
export interface ProgramTrace {
  readonly results: readonly { readonly operation: string; readonly result: number }[];
}

type Phase = "ready" | "left" | "blocked" | "done";

interface Slot {
  readonly program: RunningProgram;
  readonly results: { operation: string; result: number }[];
  phase: Phase;
  operation: Operation | undefined;
  answer: number;
}

/** Rounds in which nobody got anywhere after which the programs wait for each other for good. */
const PATIENCE = 10_000;

/**
 * Runs programs to their ends. A sleep inside an operation lets the others run; when all sleep, the virtual clock
 * moves to the first time limit.
 * @throws FaultlineError "deadlock" when nobody can go on; UsageError for two programs on one CPU
 */
export function runPrograms(machine: Machine, programs: readonly RunningProgram[], options: RunOptions = {}): ProgramTrace[] {
  checkCpus(programs);
  const slots = programs.map((program): Slot => ({ program, results: [], phase: "ready", operation: undefined, answer: 0 }));
  const before = machine.switchEvery;
  machine.switchEvery = options.switchEvery ?? 1;
  try {
    runSlots(machine, slots, options.choose ?? inTurn);
  } finally {
    machine.switchEvery = before;
  }
  return slots.map(({ results }) => ({ results }));
}

function checkCpus(programs: readonly RunningProgram[]): void {
  const cpus = new Set(programs.map(({ task }) => task.cpu));
  if (cpus.size === programs.length) return;
  throw new UsageError({ argument: "programs", problem: "put two tasks on one CPU", valid: "one program a CPU" });
}

function inTurn(runnable: readonly number[], step: number): number {
  return runnable[step % runnable.length]!;
}

function runSlots(machine: Machine, slots: readonly Slot[], choose: NonNullable<RunOptions["choose"]>): void {
  let idle = 0;
  for (let step = 0; ; step++) {
    wakeSleepers(machine, slots);
    const runnable = slots.flatMap((slot, index) => (slot.phase === "ready" || slot.phase === "left" ? [index] : []));
    if (runnable.length === 0) {
      if (slots.every((slot) => slot.phase === "done")) return;
      if (!machine.advanceToNextTimeout()) throw new FaultlineError("deadlock", "every program sleeps and nobody is left to wake them");
      continue;
    }
    const progressed = advance(machine, slots[choose(runnable, step)]!);
    idle = progressed ? 0 : idle + 1;
    if (idle > PATIENCE) throw new FaultlineError("deadlock", "the programs wait for each other");
  }
}

/** Runs one program up to its next yield point; false if it only found that it still has to wait. */
function advance(machine: Machine, slot: Slot): boolean {
  if (slot.phase === "ready" && !fetch(slot)) return true;
  const outcome = runOperation(machine, slot);
  if (!outcome.done) {
    slot.phase = "left";
    return outcome.reason === "step";
  }
  settle(machine, slot, outcome.result);
  return true;
}

/** Asks the program for its next operation; false when it is at its end. */
function fetch(slot: Slot): boolean {
  const next = slot.program.body.next(slot.answer);
  if (next.done === true) {
    slot.phase = "done";
    return false;
  }
  slot.operation = next.value;
  return true;
}

function runOperation(machine: Machine, slot: Slot): FiberOutcome {
  const { fibers } = machine.core;
  const { call } = slot.operation!;
  if (fibers === undefined) return { done: true, result: call() };
  return slot.phase === "left" ? fibers.resume(slot.program.task.cpu, call) : fibers.start(call);
}

function settle(machine: Machine, slot: Slot, result: number): void {
  if (result === machine.constant("BLOCKED")) {
    slot.phase = "blocked";
    return;
  }
  slot.results.push({ operation: slot.operation!.name, result });
  slot.answer = result;
  slot.phase = "ready";
}

/** A sleeper that was woken, or whose time is up, runs the second half of its call. */
function wakeSleepers(machine: Machine, slots: readonly Slot[]): void {
  for (const slot of slots) {
    const { task } = slot.program;
    if (slot.phase !== "blocked" || !task.canResume) continue;
    settle(machine, slot, machine.exports.resumeTask(task.cpu, task.handle));
  }
}
