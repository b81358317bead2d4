/** The emulated machine behind the replayer of the futex. */

import { checkOptions, optional, type Shape } from "../../base/checks.ts";
import type { Machine } from "../../machine/machine.ts";
import { madeThreads, type CpuThreads } from "../../threads/cpuThreads.ts";
import {
  CaseMachine,
  emulatedOptions,
  insideCase,
  type EmulatedOptions,
} from "../base/caseMachine.ts";
import { setupCalls, systemCalls } from "./calls.ts";
import type { FutexAnswer, FutexMachine } from "./machine.ts";
import type { FutexRunner, Returned } from "./runner.ts";
import type { FutexStep, ObservedWord, SetupOperation } from "./steps.ts";
import { ThreadRunner, isThreaded } from "./threads.ts";
import { TurnRunner } from "./turns.ts";
import { World } from "./world.ts";

/** How a replay runs the machine. */
export interface EmulatedFutexOptions extends EmulatedOptions {
  /** The machine's other CPUs as threads: each task of a kind about many at once is one of them. */
  readonly threads?: CpuThreads;
}

export const futexOptions: Shape<EmulatedFutexOptions> = {
  ...emulatedOptions,
  threads: optional(madeThreads),
};

/** The machine has been up for so long when a case begins: small absolute times lie in the past. */
const UPTIME = 10_000_000_000n;

type Handler = (world: World, operation: SetupOperation | FutexStep) => number;
const handlers = { ...setupCalls, ...systemCalls } as unknown as Readonly<Record<string, Handler>>;

/** Replays on a {@link Machine}, which it takes over; cases leave nothing behind, so that one machine serves all. */
export class EmulatedFutex implements FutexMachine {
  readonly #cases: CaseMachine;
  readonly #threads: CpuThreads | undefined;
  #runner: FutexRunner = new TurnRunner();
  #world: World | null = null;

  constructor(machine: Machine, options: EmulatedFutexOptions = {}) {
    checkOptions("options", options, futexOptions);
    const { threads, ...common } = options;
    this.#threads = threads;
    this.#cases = new CaseMachine(machine, common);
  }

  reset(kernel: string, kind: string): void {
    this.#runner = this.#runnerOf(kind);
    this.#world = new World(this.#cases.begin(kernel, prepareMachine), this.#runner);
  }

  #runnerOf(kind: string): FutexRunner {
    if (this.#threads === undefined || !isThreaded(kind)) return new TurnRunner();
    return new ThreadRunner(this.#threads);
  }

  get #current(): World {
    return insideCase(this.#world);
  }

  prepare(operation: SetupOperation): number {
    return handlers[operation.op]!(this.#current, operation);
  }

  perform(step: FutexStep): FutexAnswer {
    const world = this.#current;
    if (step.op === "contend") {
      return { result: 0, counter: this.#runner.contend(world, step), returned: [] };
    }
    if (step.op === "join") return this.#join(step.t);
    if (step.op !== "prio" && world.task(step.t).blocked) return { skipped: true, returned: [] };
    if (step.op === "exit") {
      world.end(step.t);
      return { result: 0, returned: this.#settle() };
    }
    const result = handlers[step.op]!(world, step);
    const answer = this.#ended(step, result);
    return step.op === "get_robust_list" ? { ...answer, ...this.#listRead(step.t) } : answer;
  }

  #ended(step: FutexStep, result: number): FutexAnswer {
    if (result !== this.#current.machine.constant("BLOCKED")) {
      return { result, returned: this.#settle() };
    }
    const answer = this.#afterSleep(step.t);
    return answer.blocked === true && step.wait_return === true ? this.#join(step.t) : answer;
  }

  /** Lets the time go on until a sleeping task's limit. */
  #join(t: number): FutexAnswer {
    const { machine } = this.#current;
    const task = this.#current.task(t);
    const wakeAt = machine.wideAt(task.handle + machine.constant("TASK_WAKE_AT"));
    if (wakeAt > machine.nanoseconds) machine.advanceClock(wakeAt - machine.nanoseconds);
    return this.#afterSleep(t);
  }

  /** What came of a thread's call that slept, once everybody has gone on who can. */
  #afterSleep(t: number): FutexAnswer {
    const ended = this.#settle();
    const own = ended.find(({ thread }) => thread === t);
    if (own === undefined) return { blocked: true, returned: ended };
    return { result: own.result, returned: ended.filter((row) => row !== own) };
  }

  #settle(): Returned {
    return this.#runner.settle(this.#current);
  }

  #listRead(t: number): Pick<FutexAnswer, "head" | "length"> {
    const [head, length] = this.#current.results;
    return {
      head: this.#current.loadResult(t, head),
      length: this.#current.loadResult(t, length),
    };
  }

  words(observed: readonly ObservedWord[]): readonly (string | null)[] {
    return this.#current.words(observed);
  }

  sleepers(): readonly number[] {
    return this.#current.sleepers();
  }

  takeFindings(): readonly string[] {
    return this.#cases.takeFindings();
  }

  finish(): readonly string[] {
    this.#current.finish();
    this.#world = null;
    return this.#cases.end();
  }
}

/** The number of kthreadd. */
const KTHREADD = 2;

/** A kernel thread stands where every kernel has one. */
function prepareMachine(machine: Machine): void {
  machine.advanceClock(UPTIME);
  machine.exports.setNextTaskId(KTHREADD);
  machine.exports.makeKernelThread(machine.createTask({ cpu: null }).handle);
}
