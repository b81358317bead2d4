import {
  callback,
  checkOptions,
  checkThat,
  listOf,
  objectOf,
  optional,
  whole,
  wrong,
  type Shape,
} from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import type { FiberOutcome } from "../core/fibers.ts";
import { MOST_SWITCHES, madeMachine, type Machine } from "./machine.ts";
import { madeTask, type Task } from "./task.ts";
import { unmapped } from "./unmapped.ts";

/**
 * User programs as generators that yield operations. The release, threads and profile builds run each
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

/** A program, and the task it belongs to. Several tasks may share a CPU: they take turns between operations. */
export interface RunningProgram {
  readonly task: Task;
  readonly body: Program;
}

export interface RunOptions {
  /**
   * Picks the next of the programs that can go on, by their index among the programs given; default: in turn. One that
   * only found that it has to wait is offered again after another one ran.
   */
  readonly choose?: (runnable: readonly number[], step: number) => number;
  /** Study: leave operations at every k-th yield point. Default 1. */
  readonly switchEvery?: number;
}

/** What a program came to: the result of each of its operations. */
export interface ProgramTrace {
  readonly results: readonly { readonly operation: string; readonly result: number }[];
}

/**
 * ready: between two operations; left: inside one, at a yield point; blocked: asleep at the top of one; woken: about to
 * run that one's second half.
 */
type Phase = "ready" | "left" | "blocked" | "woken" | "done";

interface Slot {
  readonly program: RunningProgram;
  readonly results: { operation: string; result: number }[];
  phase: Phase;
  operation: Operation | undefined;
  answer: number;
  /** It was run last and only found that it has to wait. */
  waits: boolean;
}

const runningPrograms = listOf(
  objectOf<RunningProgram>({
    task: madeTask,
    body: checkThat("a generator of operations", isGenerator),
  }),
);
const runOptions: Shape<RunOptions> = {
  choose: optional(callback),
  switchEvery: optional(whole(0, MOST_SWITCHES)),
};
const operation = checkThat("an operation: its name and a call", (value) => {
  const { name, call } = (value ?? {}) as Partial<Operation>;
  return typeof name === "string" && typeof call === "function";
});

function isGenerator(value: unknown): boolean {
  const next = (value as Partial<Program> | null | undefined)?.next;
  return typeof next === "function";
}

/** Rounds in which nobody got anywhere after which the programs wait for each other for good. */
const PATIENCE = 10_000;

/**
 * Runs programs to their ends. A sleep inside an operation lets the others run; when all sleep, the virtual clock
 * moves to the first time limit.
 * @throws FaultlineError "deadlock" when nobody can go on; UsageError for two programs of one task, and for
 *   an answer of `choose` that names no program that can go on
 */
export function runPrograms(
  machine: Machine,
  programs: readonly RunningProgram[],
  options: RunOptions = {},
): ProgramTrace[] {
  madeMachine("machine", machine);
  runningPrograms("programs", programs);
  checkOptions("options", options, runOptions);
  checkTasks(machine, programs);
  const slots = programs.map((program): Slot => ({
    program,
    results: [],
    phase: "ready",
    operation: undefined,
    answer: 0,
    waits: false,
  }));
  const before = machine.switchEvery;
  machine.switchEvery = options.switchEvery ?? 1;
  try {
    runSlots(machine, slots, options.choose ?? inTurn);
  } finally {
    machine.switchEvery = before;
    unmapped(machine);
  }
  return slots.map(({ results }) => ({ results }));
}

function checkTasks(machine: Machine, programs: readonly RunningProgram[]): void {
  const handles = new Set(programs.map(({ task }) => task.handleOn(machine)));
  if (handles.size === programs.length) return;
  throw new UsageError({
    argument: "programs",
    problem: "give one task two programs",
    valid: "one program a task",
  });
}

function inTurn(runnable: readonly number[], step: number): number {
  return runnable[step % runnable.length]!;
}

function runSlots(
  machine: Machine,
  slots: readonly Slot[],
  choose: NonNullable<RunOptions["choose"]>,
): void {
  let idle = 0;
  for (let step = 0; ; step++) {
    wakeSleepers(slots);
    const runnable = runnableOf(slots);
    if (runnable.length === 0) {
      if (slots.every((slot) => slot.phase === "done")) return;
      if (!machine.advanceToNextTimeout()) {
        throw new FaultlineError(
          "deadlock",
          "every program sleeps and nobody is left to wake them",
        );
      }
      continue;
    }
    const chosen = slots[chosenOf(runnable, choose(runnable, step))]!;
    const progressed = advance(machine, chosen);
    for (const slot of slots) slot.waits = slot === chosen && !progressed;
    idle = progressed ? 0 : idle + 1;
    if (idle > PATIENCE) throw new FaultlineError("deadlock", "the programs wait for each other");
  }
}

function chosenOf(runnable: readonly number[], index: unknown): number {
  const found = runnable.find((candidate) => candidate === index);
  if (found !== undefined) return found;
  throw wrong("choose's answer", index, `one of those that can go on: ${runnable.join(", ")}`);
}

/** A sleeper that was woken, or whose time is up, may run the second half of its call. */
function wakeSleepers(slots: readonly Slot[]): void {
  for (const slot of slots) {
    if (slot.phase === "blocked" && slot.program.task.canResume) slot.phase = "woken";
  }
}

/** Who can go on: a CPU left inside an operation runs nothing else, and who waits does so until another one ran. */
function runnableOf(slots: readonly Slot[]): number[] {
  const left = slots.filter(({ phase }) => phase === "left");
  const able: number[] = [];
  const others: number[] = [];
  for (const [index, slot] of slots.entries()) {
    if (!canGoOn(slot, left)) continue;
    able.push(index);
    if (!slot.waits) others.push(index);
  }
  return others.length > 0 ? others : able;
}

function canGoOn({ phase, program }: Slot, left: readonly Slot[]): boolean {
  if (phase === "left") return true;
  if (phase !== "ready" && phase !== "woken") return false;
  return left.length === 0 || left.every((other) => other.program.task.cpu !== program.task.cpu);
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
  operation("operation", next.value);
  slot.operation = next.value;
  return true;
}

function runOperation(machine: Machine, slot: Slot): FiberOutcome {
  const { fibers } = machine.core;
  const { task } = slot.program;
  const call = callOf(machine, slot);
  if (slot.phase === "left") return fibers!.resume(task.cpu, call);
  task.runOn(task.cpu);
  if (fibers === undefined) return { done: true, result: call() };
  return fibers.start(call);
}

/** The operation itself, or its second half once it has slept. */
function callOf(machine: Machine, slot: Slot): () => number {
  const { task } = slot.program;
  if (slot.phase === "woken") slot.operation = secondHalf(machine, task, slot.operation!.name);
  return slot.operation!.call;
}

function secondHalf(machine: Machine, task: Task, name: string): Operation {
  return { name, call: () => machine.rawExports.resumeTask(task.cpu, task.handle) };
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
