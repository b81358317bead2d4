/** A thread that is a CPU of a machine: it makes the calls that the driver hands it, and parks while its task sleeps. */

import { instantiateCore } from "../core/core.ts";
import type { CoreExports } from "../core/exports.ts";
import { Machine } from "../machine/machine.ts";
import { explained } from "./death.ts";
import { workForLife } from "./lifeLock.ts";
import {
  MOST_ARGUMENTS,
  SHARED_WORDS,
  endWith,
  functionNames,
  numberOfState,
  ownWordsOf,
  programNumber,
  wordAt,
  type ThreadData,
  type ThreadState,
} from "./protocol.ts";
import { watchThreads, type WatchData } from "./watch.ts";

/** What a program finds on its thread. */
export interface Seat {
  readonly machine: Machine;
  readonly cpu: number;
  readonly shared: Int32Array;
  /** What a call answers in the end, however often its task sleeps in it; BLOCKED where it is forgotten there. */
  toItsEnd(result: number): number;
}

/** A program that a thread runs by itself, from the numbers it is given to the one it answers. */
export type ThreadProgram = (seat: Seat, numbers: readonly number[]) => number;

/** So long until a sleeper looks whether it is still wanted. */
const NAP_MS = 1;
/**
 * A sleeper of a program that nobody has woken in so many naps was forgotten. Its own naps are counted and not the time:
 * on a machine that stands still for a while, nobody could have woken it.
 */
const FORGOTTEN_NAPS = 20_000;

type CoreCall = (...numbers: number[]) => number | undefined;

/** What a thread does that CpuThreads.start has started, by what it was given. */
export function serveThread(
  data: ThreadData | WatchData,
  programs: Readonly<Record<string, ThreadProgram>>,
): void {
  if ("watched" in data) watchThreads(data);
  else workForLife(data.port, () => serveCpu(data, programs));
}

/**
 * Serves a CPU until whoever started the thread ends it, or an error does. Of that the driver is told through the shared
 * words: it may be waiting there, where no event of the host reaches it.
 */
function serveCpu(data: ThreadData, programs: Readonly<Record<string, ThreadProgram>>): void {
  try {
    const service = new Service(data, programs);
    for (;;) service.serve();
  } catch (error) {
    endWith(ownWordsOf(data.control, data.index), String(explained(error, data.memory)));
  }
}

class Service implements Seat {
  readonly machine: Machine;
  readonly cpu: number;
  readonly shared: Int32Array;
  readonly #words: Int32Array;
  readonly #calls: readonly CoreCall[];
  readonly #programs: readonly ThreadProgram[];
  readonly #blocked: number;

  constructor(data: ThreadData, programs: Readonly<Record<string, ThreadProgram>>) {
    const { module, memory, shape, control, index, cpu } = data;
    this.machine = Machine.attach(instantiateCore("threads", module, memory, cpu), shape);
    this.cpu = cpu;
    this.shared = new Int32Array(control, 0, SHARED_WORDS);
    this.#words = ownWordsOf(control, index);
    const { exports } = this.machine;
    this.#calls = functionNames(exports).map((name) => callOf(exports, name));
    this.#programs = data.programs.map((name) => programs[name]!);
    this.#blocked = this.machine.constant("BLOCKED");
    Atomics.store(this.#words, wordAt.state, numberOfState("idle"));
  }

  /** The next call, to its end. */
  serve(): void {
    this.#awaitCall();
    const what = this.#load("what");
    const start = wordAt.arguments;
    const numbers = [...this.#words.subarray(start, start + MOST_ARGUMENTS)];
    const program = what < 0 ? this.#programs[programNumber(what)] : undefined;
    this.#publish("returned", program?.(this, numbers) ?? this.#call(what, numbers));
  }

  #awaitCall(): void {
    const called = numberOfState("called");
    for (;;) {
      const state = this.#load("state");
      if (state === called) return;
      Atomics.wait(this.#words, wordAt.state, state);
    }
  }

  /** A call whose task sleeps is answered twice: that it sleeps, and what it returned. */
  #call(what: number, numbers: readonly number[]): number {
    let result = this.#calls[what]!(...numbers) ?? 0;
    while (result === this.#blocked) {
      this.#publish("asleep", result);
      if (!this.#park(() => this.#load("cancelled") === 0)) return result;
      Atomics.store(this.#words, wordAt.state, numberOfState("awake"));
      result = this.machine.exports.futexResume(this.cpu);
    }
    return result;
  }

  toItsEnd(first: number): number {
    let result = first;
    while (result === this.#blocked) {
      let naps = 0;
      if (!this.#park(() => naps++ < FORGOTTEN_NAPS)) return result;
      result = this.machine.exports.futexResume(this.cpu);
    }
    return result;
  }

  /** Until the CPU's task may go on; false where it is not wanted any more. */
  #park(isWanted: () => boolean): boolean {
    while (isWanted()) if (this.machine.exports.futexPark(this.cpu, NAP_MS) !== 0) return true;
    return false;
  }

  #publish(state: ThreadState, result: number): void {
    Atomics.store(this.#words, wordAt.result, result);
    Atomics.add(this.#words, wordAt.published, 1);
    Atomics.store(this.#words, wordAt.state, numberOfState(state));
    Atomics.notify(this.#words, wordAt.state);
  }

  #load(word: keyof typeof wordAt): number {
    return Atomics.load(this.#words, wordAt[word]);
  }
}

function callOf(exports: CoreExports, name: string): CoreCall {
  return (exports as unknown as Record<string, CoreCall>)[name]!;
}
