import { checkOptions, nameOf, optional, text, type Shape } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import { wasmSource, type WasmSource } from "../core/source.ts";
import { archNames, type ArchName } from "../machine/arch.ts";
import type { Finding } from "../machine/findings.ts";
import { kernelRelease, newestKernel } from "../machine/kernel.ts";
import { Machine } from "../machine/machine.ts";
import { futexBlocked } from "../systems/futex/futex.ts";
import { given } from "./compareSyncPtr.ts";
import { PiBed, type PiReturn } from "./piBed.ts";
import { kernelLocks, plainLocks } from "./piLocks.ts";
import { parsePiProgram, type PiProgram, type PiStep, type PiTask } from "./piProgram.ts";
import { piProgramNames, piPrograms, type PiProgramName } from "./piPrograms.ts";
import { piStateOf, type PiState } from "./piState.ts";

/** What `lock`, `trylock` and `unlock` of a program are. */
export const piLockKinds = {
  pi: "LOCK_PI, TRYLOCK_PI and UNLOCK_PI",
  plain: "a mutex that the program makes of WAIT and WAKE",
} as const;

export type PiLockKind = keyof typeof piLockKinds;

export const piLockKindNames = Object.keys(piLockKinds) as PiLockKind[];

const locksOf = { pi: kernelLocks, plain: plainLocks } as const;

/** What is run. Everything has a default. */
export interface FutexPiOptions {
  readonly arch?: ArchName;
  /** A program that comes with the scenario. Default "inversion". */
  readonly name?: PiProgramName;
  /** One of your own, as "A lock; B lock; A unlock". */
  readonly program?: string;
  /** Its tasks with their priorities, as "A:10,B". */
  readonly tasks?: string;
  /** Default "pi". */
  readonly locks?: PiLockKind;
  readonly kernel?: string;
  /** The study core, where the built-in one cannot be found (browsers). */
  readonly wasm?: WasmSource;
}

const piOptions: Shape<FutexPiOptions> = {
  arch: optional(nameOf(archNames)),
  name: optional(nameOf(piProgramNames)),
  program: optional(text),
  tasks: optional(text),
  locks: optional(nameOf(piLockKindNames)),
  kernel: optional(kernelRelease),
  wasm: optional(wasmSource),
};

export const piDefaults = { arch: "x86-64", name: "inversion", locks: "pi" } as const;

/** A step, what its call answered, which sleeps it ended, and how everything stands then. */
export interface PiStepRun extends PiState {
  readonly text: string;
  /** 0, a count or −errno; null where the task sleeps in it, and where it is no call. */
  readonly result: number | null;
  readonly sleeps: boolean;
  readonly returns: readonly PiReturn[];
  /** Page faults taken. */
  readonly faults: number;
}

/** A task, with the number that stands in the words. */
export interface PiRunTask extends PiTask {
  readonly id: number;
}

/** A program of tasks and PI locks, step by step. */
export interface FutexPiRun {
  readonly schemaVersion: 1;
  readonly scenario: "futex-pi";
  readonly kernel: string;
  readonly arch: ArchName;
  /** Null for a program of your own. */
  readonly name: PiProgramName | null;
  readonly locks: PiLockKind;
  readonly tasks: readonly PiRunTask[];
  readonly steps: readonly PiStepRun[];
  /** Who still sleeps at the end. */
  readonly asleep: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Runs a program on the study build.
 * @throws UsageError for a program that cannot be, naming the step; for `tasks` or `program` alone, or beside `name`
 */
export async function runFutexPi(options: FutexPiOptions = {}): Promise<FutexPiRun> {
  checkOptions("options", options, piOptions);
  const { arch = piDefaults.arch, kernel = newestKernel, wasm } = options;
  const { locks = piDefaults.locks } = options;
  const { name, program } = programOf(options);
  requireLocks(locks, program);
  const machine = await Machine.create({
    arch,
    kernel,
    build: "study",
    ...piShape,
    ...given(wasm),
  });
  return piOn(machine, name, program, locks);
}

const plainVerbs: readonly string[] = ["lock", "trylock", "unlock", "store", "priority", "exit"];

/** Whether a program's own mutex can do what a step wants: it has no time limits and no conditions. */
function canBePlain(step: PiStep): boolean {
  if (step.kind !== "act") return step.kind === "clock";
  const { action } = step;
  return plainVerbs.includes(action.verb) && !("limit" in action && action.limit !== null);
}

/** @throws UsageError for a step that needs the kernel's locks */
function requireLocks(locks: PiLockKind, { steps }: PiProgram): void {
  const step = locks === "plain" ? steps.find((one) => !canBePlain(one)) : undefined;
  if (step === undefined) return;
  throw new UsageError({
    argument: "locks",
    problem: `are plain, and a step is "${step.text}"`,
    valid: `pi, or steps of ${plainVerbs.join(", ")} and clock`,
  });
}

export const piShape = { memory: "2M" } as const;

/** The program that the options name or hold. */
export function programOf(options: Pick<FutexPiOptions, "name" | "program" | "tasks">): {
  readonly name: PiProgramName | null;
  readonly program: PiProgram;
} {
  const { program, tasks } = options;
  if (program !== undefined && tasks !== undefined && options.name === undefined) {
    return { name: null, program: parsePiProgram(tasks, program) };
  }
  if (program === undefined && tasks === undefined) return namedProgram(options.name);
  throw new UsageError({
    argument: program === undefined ? "tasks" : "program",
    problem: options.name === undefined ? "is given alone" : `is given beside "${options.name}"`,
    valid: "both tasks and program, or neither",
  });
}

function namedProgram(name: PiProgramName = piDefaults.name) {
  const { tasks, program } = piPrograms.find((one) => one.name === name)!;
  return { name, program: parsePiProgram(tasks, program) };
}

/** The same on a machine of the study build that has nothing on it. */
export function piOn(
  machine: Machine,
  name: PiProgramName | null,
  program: PiProgram,
  locks: PiLockKind,
): FutexPiRun {
  const bed = new PiBed(machine, program, locksOf[locks]);
  const ids = bed.actors.map(({ id }) => id);
  const steps = program.steps.map((step) => performed(machine, bed, step));
  return {
    schemaVersion: 1,
    scenario: "futex-pi",
    kernel: machine.shape.kernel.version,
    arch: machine.arch,
    name,
    locks,
    tasks: program.tasks.map((task, index) => ({ ...task, id: ids[index]! })),
    steps,
    asleep: bed.actors.filter(({ asleep }) => asleep !== null).map((actor) => actor.name),
    findings: machine.findings(),
  };
}

function performed(machine: Machine, bed: PiBed, step: PiStep): PiStepRun {
  const before = machine.counters().faults;
  const answer = bed.perform(step);
  const returns = bed.settle();
  const faults = machine.counters().faults - before;
  const sleeps = answer === futexBlocked;
  const { text: stepText } = step;
  return {
    text: stepText,
    result: sleeps ? null : answer,
    sleeps,
    returns,
    faults,
    ...piStateOf(bed),
  };
}
