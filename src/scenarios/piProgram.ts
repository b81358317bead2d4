import { UsageError } from "../base/errors.ts";
import { oneOf, unknownName } from "../base/nearest.ts";
import type { FutexClock } from "../systems/futex/options.ts";
import { wordPageNames, type WordPage } from "./futexBed.ts";

/** Programs of tasks that take PI locks, written down a step at a time. */

/** What a task does in a step; the words are names. */
export type PiAction =
  | { readonly verb: "lock" | "lock2"; readonly word: string; readonly limit: PiLimit | null }
  | { readonly verb: "trylock" | "unlock" | "robust"; readonly word: string }
  | {
      readonly verb: "wait";
      readonly word: string;
      readonly lock: string;
      readonly limit: PiLimit | null;
    }
  | {
      readonly verb: "requeue";
      readonly word: string;
      readonly lock: string;
      readonly count: number | null;
    }
  | { readonly verb: "store"; readonly word: string; readonly value: number | string }
  | { readonly verb: "priority"; readonly priority: number }
  | { readonly verb: "exit" };

/** A time limit: nanoseconds from now on, on a clock. */
export interface PiLimit {
  readonly nanoseconds: number;
  readonly clock: FutexClock;
}

/** What happens in a step: a task acts, the clock moves, or a page becomes another kind. */
export type PiStep = { readonly text: string } & (
  | { readonly kind: "act"; readonly task: string; readonly action: PiAction }
  | { readonly kind: "clock"; readonly nanoseconds: number }
  | { readonly kind: "page"; readonly word: string; readonly page: WordPage }
);

/** A task and its own priority: SCHED_FIFO 1 to 99, or 0 for normal. */
export interface PiTask {
  readonly name: string;
  readonly priority: number;
}

export interface PiProgram {
  readonly tasks: readonly PiTask[];
  readonly words: readonly string[];
  readonly steps: readonly PiStep[];
}

export const MOST_TASKS = 16;
export const MOST_WORDS = 8;
const MOST_STEPS = 200;
const MOST_PRIORITY = 99;
const MOST_NANOSECONDS = 10 ** 12;
const MOST_WORD = 2 ** 32 - 1;

/** The word that is meant where none is named. */
const USUAL_WORD = "m";

/** What each verb is followed by. */
export const piVerbs = {
  lock: "[word] [for NS]: LOCK_PI, with a time limit on realtime",
  lock2: "[word] [for NS [realtime]]: LOCK_PI2, on monotonic unless it says",
  trylock: "[word]: TRYLOCK_PI",
  unlock: "[word]: UNLOCK_PI",
  wait: "<word> <lock> [for NS]: WAIT_REQUEUE_PI while the word is as it is",
  requeue: "<word> <lock> [count]: CMP_REQUEUE_PI, by default of all",
  robust: "[word]: puts the lock on the task's robust list",
  store: "<word> <number or task>: stores that, or that task's number",
  priority: "<0-99>: sched_setscheduler",
  exit: "the task ends",
} as const;

type Verb = keyof typeof piVerbs;
const verbs = Object.keys(piVerbs) as Verb[];

/** What stands in a task's place in a step that is no task's. */
const worldVerbs = ["clock", "page"] as const;

/**
 * Tasks as "A:10,B,C:20", and a program as "A lock; B lock; A unlock".
 * @throws UsageError that names the step, or the task, and what could stand there
 */
export function parsePiProgram(tasksText: string, programText: string): PiProgram {
  const tasks = parseTasks(tasksText);
  const texts = programText.split(/[;\n]/).map((text) => text.trim().replace(/\s+/g, " "));
  const steps = texts
    .filter((text) => text !== "")
    .map((text, index) => new StepParser(text, `program, step ${index + 1}`, tasks).step());
  if (steps.length === 0 || steps.length > MOST_STEPS) {
    const problem = `has ${steps.length} steps`;
    throw new UsageError({ argument: "program", problem, valid: `1 to ${MOST_STEPS}` });
  }
  const words = wordsOf(steps);
  if (words.length <= MOST_WORDS) return { tasks, words, steps };
  const problem = `names ${words.length} words`;
  throw new UsageError({ argument: "program", problem, valid: `up to ${MOST_WORDS}` });
}

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

function parseTasks(text: string): PiTask[] {
  const tasks = text.split(",").map((part) => parseTask(part.trim()));
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    const problem = `names "${twice}" twice`;
    throw new UsageError({ argument: "tasks", problem, valid: "each task once" });
  }
  if (tasks.length <= MOST_TASKS) return tasks;
  const problem = `has ${tasks.length} tasks`;
  throw new UsageError({ argument: "tasks", problem, valid: `up to ${MOST_TASKS}` });
}

function parseTask(text: string): PiTask {
  const [name = "", priority = "0", ...rest] = text.split(":");
  const taken = (worldVerbs as readonly string[]).includes(name);
  const number = wholeIn(priority, MOST_PRIORITY);
  if (NAME.test(name) && !taken && number !== null && rest.length === 0) {
    return { name, priority: number };
  }
  throw new UsageError({
    argument: "tasks",
    problem: `has "${text}"`,
    valid: `NAME or NAME:PRIORITY with commas, a name of letters and digits, 0 (normal) to ${MOST_PRIORITY}`,
  });
}

function wholeIn(text: string, most: number): number | null {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : null;
}

/** Takes one step apart, blank by blank. */
class StepParser {
  readonly #text: string;
  readonly #argument: string;
  readonly #tasks: readonly string[];
  readonly #left: string[];

  constructor(text: string, argument: string, tasks: readonly PiTask[]) {
    this.#text = text;
    this.#argument = argument;
    this.#tasks = tasks.map(({ name }) => name);
    this.#left = text.split(" ");
  }

  step(): PiStep {
    const first = this.#left.shift()!;
    const step = this.#begun(first);
    if (this.#left.length > 0) {
      throw this.#wrong(`ends before "${this.#left.join(" ")}"`, "no more");
    }
    return { text: this.#text, ...step };
  }

  #begun(first: string) {
    if (first === "clock") {
      return { kind: "clock", nanoseconds: this.#number("nanoseconds", MOST_NANOSECONDS) } as const;
    }
    if (first === "page") {
      const word = this.#word();
      return { kind: "page", word, page: this.#oneOf("a kind of page", wordPageNames) } as const;
    }
    if (!this.#tasks.includes(first)) {
      throw unknownName(`${this.#argument}: task`, first, [...this.#tasks, ...worldVerbs]);
    }
    return { kind: "act", task: first, action: this.#action() } as const;
  }

  #action(): PiAction {
    const verb = this.#oneOf("what the task does", verbs);
    switch (verb) {
      case "lock":
        return { verb, word: this.#wordOr(USUAL_WORD), limit: this.#limit("realtime") };
      case "lock2":
        return { verb, word: this.#wordOr(USUAL_WORD), limit: this.#limit("monotonic") };
      case "trylock":
      case "unlock":
      case "robust":
        return { verb, word: this.#wordOr(USUAL_WORD) };
      case "wait":
        return { verb, word: this.#word(), lock: this.#word(), limit: this.#limit("monotonic") };
      case "requeue":
        return { verb, word: this.#word(), lock: this.#word(), count: this.#count() };
      case "store":
        return { verb, word: this.#word(), value: this.#value() };
      case "priority":
        return { verb, priority: this.#number("a priority", MOST_PRIORITY) };
      case "exit":
        return { verb };
    }
  }

  #word(): string {
    const text = this.#left.shift();
    if (text !== undefined && NAME.test(text)) return text;
    throw this.#wrong(text === undefined ? "ends early" : `has "${text}"`, "a word's name there");
  }

  #wordOr(usual: string): string {
    return this.#left.length === 0 || this.#left[0] === "for" ? usual : this.#word();
  }

  #limit(clock: FutexClock): PiLimit | null {
    if (!this.#takes("for")) return null;
    const nanoseconds = this.#number("nanoseconds", MOST_NANOSECONDS);
    return { nanoseconds, clock: this.#takes("realtime") ? "realtime" : clock };
  }

  /** Whether the next word is this one, which is then taken. */
  #takes(word: string): boolean {
    const isNext = this.#left[0] === word;
    if (isNext) this.#left.shift();
    return isNext;
  }

  #count(): number | null {
    return this.#left.length === 0 ? null : this.#number("a count", MOST_TASKS);
  }

  #value(): number | string {
    const text = this.#left[0] ?? "";
    if (this.#tasks.includes(text)) return this.#left.shift()!;
    return this.#number("a number or a task's name", MOST_WORD);
  }

  #number(what: string, most: number): number {
    const text = this.#left.shift();
    const value = wholeIn(text ?? "", most);
    if (value !== null) return value;
    throw this.#wrong(
      text === undefined ? "ends early" : `has "${text}"`,
      `${what} there, up to ${most}`,
    );
  }

  #oneOf<Name extends string>(what: string, valid: readonly Name[]): Name {
    const text = this.#left.shift();
    if (text !== undefined) return oneOf(this.#argument, text, valid);
    throw this.#wrong("ends early", `${what} there: ${valid.join(", ")}`);
  }

  #wrong(problem: string, valid: string): UsageError {
    return new UsageError({ argument: this.#argument, problem, valid });
  }
}

function wordsOf(steps: readonly PiStep[]): string[] {
  const named = steps.flatMap((step) => {
    if (step.kind === "clock") return [];
    if (step.kind === "page") return [step.word];
    const { action } = step;
    if (action.verb === "priority" || action.verb === "exit") return [];
    return "lock" in action ? [action.word, action.lock] : [action.word];
  });
  return [...new Set(named)];
}
