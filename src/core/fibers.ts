import type { CoreExports, FiberHost } from "./exports.ts";
import { coreConstants } from "./generated/coreConstants.ts";

/**
 * Emulated CPUs as fibers, on binaryen's asyncify (study build). A fiber is a call into the core that can be left at
 * a yield point and taken up again: leaving unwinds the wasm stack into the CPU's fiber area, taking up calls the same
 * export once more and rewinds.
 *
 *   fiber area of a CPU    0          4          8                      FIBER_BYTES
 *                          ┌──────────┬──────────┬──────────────────────┐
 *                          │ position │ end      │ unwound frames       │
 *                          └──────────┴──────────┴──────────────────────┘
 */
const FRAMES_AT = 8;

/** Why a fiber gave way: it could go on at once, or it waits for another CPU. */
export type YieldReason = "step" | "wait";

/** What running a fiber up to its next yield point came to. */
export type FiberOutcome =
  | { readonly done: true; readonly result: number }
  | { readonly done: false; readonly reason: YieldReason };

type Mode = "running" | "unwinding" | "rewinding";

/** Runs fibers one at a time. Nobody else may call into the core while a fiber is left. */
export class Fibers {
  readonly #core: FiberHost;
  /** The core's own exports, which return garbage when a call is left at a yield point. */
  readonly #raw: CoreExports;
  #mode: Mode = "running";
  #reason: YieldReason = "step";
  /** A waiting fiber gives way only when somebody else can run meanwhile. */
  #othersCanRun = false;
  /** The CPU that gave way last. */
  #cpu = 0;
  #switches = 0;

  constructor(core: FiberHost) {
    this.#core = core;
    this.#raw = core.exports;
    core.onSwitch = (cpu, why) => this.#switch(cpu, why);
  }

  /** How often a call was really left and its stack unwound. */
  get switches(): number {
    return this.#switches;
  }

  /** Answers the core at a yield point: 0 = go on, nobody schedules. */
  #switch(cpu: number, why: number): number {
    if (this.#mode === "rewinding") {
      this.#core.asyncify!.asyncify_stop_rewind();
      this.#mode = "running";
      return 1;
    }
    const waits = why === coreConstants.YIELD_WAIT;
    this.#cpu = cpu;
    if (waits && !this.#othersCanRun) return 0;
    this.#reason = waits ? "wait" : "step";
    this.#mode = "unwinding";
    this.#switches += 1;
    this.#core.asyncify!.asyncify_start_unwind(this.#emptyArea(cpu));
    return 0;
  }

  #areaOf(cpu: number): number {
    const words = new Uint32Array(this.#core.memory.buffer);
    const base = words[(this.#raw.headerAddress() + coreConstants.HEADER_FIBERS) >>> 2]!;
    return base + cpu * coreConstants.FIBER_BYTES;
  }

  #emptyArea(cpu: number): number {
    const area = this.#areaOf(cpu);
    const words = new Uint32Array(this.#core.memory.buffer);
    words[area >>> 2] = area + FRAMES_AT;
    words[(area >>> 2) + 1] = area + coreConstants.FIBER_BYTES;
    return area;
  }

  /** Starts a call and runs it to its next yield point. */
  start(call: () => number): FiberOutcome {
    this.#othersCanRun = true;
    return this.#outcome(call());
  }

  /** Takes up a call that was left; `call` must be the one it was started with. */
  resume(cpu: number, call: () => number): FiberOutcome {
    this.#othersCanRun = true;
    this.#mode = "rewinding";
    this.#core.asyncify!.asyncify_start_rewind(this.#areaOf(cpu));
    return this.#outcome(call());
  }

  #outcome(result: number): FiberOutcome {
    this.#othersCanRun = false;
    if (this.#mode !== "unwinding") return { done: true, result };
    this.#core.asyncify!.asyncify_stop_unwind();
    this.#mode = "running";
    return { done: false, reason: this.#reason };
  }

  /** Runs a call alone to its end, really leaving and taking it up at every yield point that asks for it. */
  runAlone(call: () => number): number {
    let result = call();
    while (this.#mode === "unwinding") {
      this.#core.asyncify!.asyncify_stop_unwind();
      this.#mode = "rewinding";
      this.#core.asyncify!.asyncify_start_rewind(this.#areaOf(this.#cpu));
      result = call();
    }
    return result;
  }
}

/** The core's exports with every function run through `runAlone`, so that plain calls may be left and taken up too. */
export function fiberedExports(core: FiberHost, fibers: Fibers): CoreExports {
  const wrapped: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(core.exports)) {
    if (typeof value !== "function") {
      wrapped[name] = value;
      continue;
    }
    const call = value as (...args: number[]) => number;
    wrapped[name] = (...args: number[]) => fibers.runAlone(() => call(...args));
  }
  return wrapped as unknown as CoreExports;
}
