/** The emulated machine behind the replayer of the futex. */

import { checkOptions } from "../base/checks.ts";
import { madeMachine, type Machine } from "../machine/machine.ts";
import type { Task } from "../machine/task.ts";
import { setupCalls, systemCalls } from "./futexCalls.ts";
import { contend } from "./futexContend.ts";
import type { FutexAnswer, FutexMachine } from "./futexMachine.ts";
import type { FutexStep, ObservedWord, SetupOperation } from "./futexSteps.ts";
import { World } from "./futexWorld.ts";
import { NotImplementedError } from "./notImplemented.ts";
import { emulatedOptions } from "./pcmEmulated.ts";

/** How a replay runs the machine. */
export interface EmulatedFutexOptions {
  /** Study build: every k-th yield point of every call is really left and taken up again; 0 = none. */
  readonly switchEvery?: number;
  /** Told the kernel release of each case. */
  readonly onKernel?: (release: string) => void;
}

/** The machine has been up for so long when a case begins: small absolute times lie in the past. */
const UPTIME = 10_000_000_000n;

type Handler = (world: World, operation: SetupOperation | FutexStep) => number;
const handlers = { ...setupCalls, ...systemCalls } as unknown as Readonly<Record<string, Handler>>;

type Returned = { readonly thread: number; readonly result: number }[];

/** Replays on a {@link Machine}, which it takes over; cases leave nothing behind, so that one machine serves all. */
export class EmulatedFutex implements FutexMachine {
  readonly #options: EmulatedFutexOptions;
  #machine: Machine;
  #world: World | null = null;
  #release: string | null = null;
  #framesInUse = 0;
  #findings = 0;

  constructor(machine: Machine, options: EmulatedFutexOptions = {}) {
    madeMachine("machine", machine);
    checkOptions("options", options, emulatedOptions);
    this.#options = options;
    this.#machine = machine;
  }

  reset(kernel: string): void {
    const release = kernel.replace(/^\D*/, "");
    this.#options.onKernel?.(release);
    const isClean = this.#world === null && this.#release === release && this.#machine.isCurrent;
    if (!isClean) this.#restart(release);
    this.#world = new World(this.#machine);
  }

  /** A kernel thread stands where every kernel has one. */
  #restart(release: string): void {
    this.#machine = this.#machine.reset({ kernel: release });
    this.#machine.switchEvery = this.#options.switchEvery ?? 0;
    this.#release = release;
    this.#machine.advanceClock(UPTIME);
    this.#machine.exports.setNextTaskId(KTHREADD);
    this.#machine.exports.makeKernelThread(this.#machine.createTask({ cpu: null }).handle);
    this.#framesInUse = this.#machine.framesInUse;
    this.#findings = 0;
  }

  get #current(): World {
    if (this.#world === null) throw new NotImplementedError("steps outside of a case");
    return this.#world;
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
    if (result !== this.#machine.constant("BLOCKED")) return { result, returned: this.#settle() };
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
    const total = this.#machine.header("HEADER_FINDING_COUNT");
    if (total === this.#findings) return [];
    const fresh = this.#machine.findings().slice(this.#findings - total);
    this.#findings = total;
    return fresh.map(({ meaning }) => meaning);
  }

  finish(): readonly string[] {
    this.#current.finish();
    const extra = this.#machine.framesInUse - this.#framesInUse;
    if (extra !== 0) return [`${extra} frames more are in use`];
    this.#world = null;
    return [];
  }
}

/** The number of kthreadd. */
const KTHREADD = 2;
