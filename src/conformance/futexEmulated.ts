/** The emulated machine behind the replayer of the futex. */

import type { Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import { CaseMachine, insideCase, type EmulatedOptions } from "./caseMachine.ts";
import { setupCalls, systemCalls } from "./futexCalls.ts";
import { contend } from "./futexContend.ts";
import type { FutexAnswer, FutexMachine } from "./futexMachine.ts";
import type { FutexStep, ObservedWord, SetupOperation } from "./futexSteps.ts";
import { World } from "./futexWorld.ts";

/** The machine has been up for so long when a case begins: small absolute times lie in the past. */
const UPTIME = 10_000_000_000n;

type Handler = (world: World, operation: SetupOperation | FutexStep) => number;
const handlers = { ...setupCalls, ...systemCalls } as unknown as Readonly<Record<string, Handler>>;

type Returned = { readonly thread: number; readonly result: number }[];

/** Replays on a {@link Machine}, which it takes over; cases leave nothing behind, so that one machine serves all. */
export class EmulatedFutex implements FutexMachine {
  readonly #cases: CaseMachine;
  #world: World | null = null;

  constructor(machine: Machine, options: EmulatedOptions = {}) {
    this.#cases = new CaseMachine(machine, options);
  }

  reset(kernel: string): void {
    this.#world = new World(this.#cases.begin(kernel, prepareMachine));
  }

  get #current(): World {
    return insideCase(this.#world);
  }

  prepare(operation: SetupOperation): number {
    return handlers[operation.op]!(this.#current, operation);
  }

  perform(step: FutexStep): FutexAnswer {
    const world = this.#current;
    if (step.op === "contend") return { result: 0, counter: contend(world, step), returned: [] };
    if (step.op === "join") return this.#join(world.task(step.t));
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
    const task = this.#current.task(step.t);
    if (result !== this.#current.machine.constant("BLOCKED")) {
      return { result, returned: this.#settle() };
    }
    const ended = this.#settle();
    const own = ended.find(({ thread }) => thread === step.t);
    if (own !== undefined) {
      return { result: own.result, returned: ended.filter((row) => row !== own) };
    }
    if (step.wait_return === true) return this.#join(task);
    return { blocked: true, returned: ended };
  }

  /** Lets the time go on until a sleeping task's limit. */
  #join(task: Task): FutexAnswer {
    const { machine } = this.#current;
    const wakeAt = machine.wideAt(task.handle + machine.constant("TASK_WAKE_AT"));
    if (wakeAt > machine.nanoseconds) machine.advanceClock(wakeAt - machine.nanoseconds);
    task.runOn(0);
    const result = task.resume();
    return { result, returned: this.#settle() };
  }

  /** Runs every thread that can go on until it returns or sleeps again. */
  #settle(): Returned {
    const world = this.#current;
    const returned: Returned = [];
    let found = true;
    while (found) {
      found = false;
      for (const thread of world.sleepers()) {
        const task = world.task(thread);
        if (!task.canResume) continue;
        const result = task.resume();
        found = true;
        if (!task.blocked) returned.push({ thread, result });
      }
    }
    return returned.sort((a, b) => a.thread - b.thread);
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
