/** A CPU of a machine that is a thread of its own, as the thread sees it that drives the machine. */

import { FaultlineError } from "../base/errors.ts";
import { instantiateCore, type Core } from "../core/core.ts";
import type { CoreExports } from "../core/exports.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { Machine } from "../machine/machine.ts";
import { Task } from "../machine/task.ts";
import { tellAgain, tellDeath } from "./death.ts";
import {
  MOST_ARGUMENTS,
  THREAD_WORDS,
  firstWordOf,
  functionNames,
  endWith,
  lastWords,
  programNumber,
  numberOfLife,
  numberOfState,
  threadStates,
  wordAt,
  type ThreadState,
} from "./protocol.ts";

/** A thread that has not answered by then never will: no call into the core takes so long. One that fails says so. */
const PATIENCE_MS = 60_000;
const NAP_MS = 100;

export class CpuThread {
  readonly cpu: number;
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #programs: readonly string[];
  readonly #core: Core;
  readonly #checkOthers: () => void;
  #hasEnded = false;

  constructor(
    driver: Machine,
    control: SharedArrayBuffer,
    index: number,
    cpu: number,
    programs: readonly string[],
    checkOthers: () => void,
  ) {
    this.cpu = cpu;
    this.#words = new Int32Array(control);
    this.#first = firstWordOf(index);
    this.#programs = programs;
    this.#checkOthers = checkOthers;
    const { module, memory } = driver.core;
    this.#core = instantiateCore("threads", module, memory);
    this.#core.exports = this.#remote(this.#core.rawExports);
  }

  /** Takes a task onto its CPU. Every call of the answer, which is that task, is made by this thread. */
  seat(task: Task): Task {
    const machine = Machine.attach(this.#core, task.machine.shape);
    const seated = Task.attach(machine, task.handle, this.cpu);
    seated.runOn(this.cpu);
    return seated;
  }

  /** The exports, each of which hands the call over and waits for what it answers: BLOCKED where its task sleeps. */
  #remote(exports: CoreExports): CoreExports {
    const remote: Record<string, unknown> = { ...exports };
    functionNames(exports).forEach((name, what) => {
      remote[name] = (...numbers: number[]) => this.#call(what, numbers);
    });
    return remote as unknown as CoreExports;
  }

  #call(what: number, numbers: readonly number[]): number {
    this.#begin(what, numbers);
    return this.awaitOther("called") === "returned" ? this.take() : coreConstants.BLOCKED;
  }

  #begin(what: number, numbers: readonly number[]): void {
    this.checkAlive();
    if (this.state !== "idle") throw new Error(`CPU ${this.cpu} is ${this.state}, not idle`);
    if (numbers.length > MOST_ARGUMENTS) throw new Error(`${numbers.length} arguments`);
    numbers.forEach((number, index) => {
      this.#words[this.#first + wordAt.arguments + index] = number;
    });
    Atomics.store(this.#words, this.#first + wordAt.what, what);
    Atomics.store(this.#words, this.#first + wordAt.cancelled, 0);
    this.#become("called");
  }

  /** Lets the thread run one of its programs. */
  begin(program: string, numbers: readonly number[]): void {
    this.#begin(programNumber(this.#programs.indexOf(program)), numbers);
  }

  /** The thread has come to its end: it will answer nothing more. */
  get hasEnded(): boolean {
    return this.#hasEnded || this.state === "ended" || this.#isGone;
  }

  get #isGone(): boolean {
    return this.#load("life") === numberOfLife("gone");
  }

  /**
   * An end that nobody asked for is an error.
   * @throws FaultlineError "thread-lost" with what ended it
   */
  checkAlive(): void {
    if (this.state === "ended") {
      const why = lastWords(this.#own);
      throw lost(`the thread that is CPU ${this.cpu} was ended by an error: ${why}`);
    }
    if (this.#isGone && !this.#hasEnded) {
      throw lost(`the thread that is CPU ${this.cpu} has ended, and said nothing`);
    }
  }

  /** The same for an error that the thread could not tell of. */
  markFailed(cause: string): void {
    if (this.state !== "ended") endWith(this.#own, cause);
    this.tellDeath();
  }

  /** Says so in shared memory, where nobody else has. */
  tellDeath(): void {
    tellDeath(this.#own, this.#core.memory, this.cpu);
  }

  /** After another one was cleared up behind. */
  tellDeathAgain(): void {
    tellAgain(this.#own, this.#core.memory, this.cpu);
  }

  get #own(): Int32Array {
    return this.#words.subarray(this.#first, this.#first + THREAD_WORDS);
  }

  /** That it ends is wanted, or cleared up behind. */
  expectEnd(): void {
    this.#hasEnded = true;
  }

  /** It waits for a call, or for its result to be taken. */
  get isAtRest(): boolean {
    return this.state === "idle" || this.state === "returned";
  }

  get state(): ThreadState {
    return threadStates[this.#load("state")]!;
  }

  /** How often it has fallen asleep or returned. */
  get published(): number {
    return this.#load("published");
  }

  /**
   * Waits until it is in another state than this one, and answers which.
   * @throws FaultlineError "thread-lost" where it never gets there, or a thread ends that nobody has ended: it may be
   *   that one which it waits for
   */
  awaitOther(state: ThreadState): ThreadState {
    const deadline = performance.now() + PATIENCE_MS;
    while (this.state === state) {
      if (performance.now() > deadline) {
        const seconds = PATIENCE_MS / 1000;
        throw lost(
          `the thread that is CPU ${this.cpu} has not answered for ${seconds} s: it has ended, or waits for one that has`,
        );
      }
      this.#checkOthers();
      Atomics.wait(this.#words, this.#first + wordAt.state, numberOfState(state), NAP_MS);
    }
    this.checkAlive();
    return this.state;
  }

  /** What it returned; it is idle from then on. */
  take(): number {
    const result = this.#load("result");
    this.#become("idle");
    return result;
  }

  /** The task that sleeps on its CPU need not go on: the thread leaves it asleep. */
  cancel(): void {
    if (this.state !== "asleep") return;
    Atomics.store(this.#words, this.#first + wordAt.cancelled, 1);
    if (this.awaitOther("asleep") === "returned") this.take();
  }

  #load(word: keyof typeof wordAt): number {
    return Atomics.load(this.#words, this.#first + wordAt[word]);
  }

  #become(state: ThreadState): void {
    const at = this.#first + wordAt.state;
    Atomics.store(this.#words, at, numberOfState(state));
    Atomics.notify(this.#words, at);
  }
}

function lost(message: string): FaultlineError {
  return new FaultlineError("thread-lost", message);
}
