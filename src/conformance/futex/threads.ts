/** The threads of a case as real ones, a CPU each: a sleeping task is a parked thread. */

import { coreConstants } from "../../core/generated/coreConstants.ts";
import { halves, join } from "../../machine/address.ts";
import { Task } from "../../machine/task.ts";
import type { CpuThread } from "../../threads/cpuThread.ts";
import type { CpuThreads } from "../../threads/cpuThreads.ts";
import type { ThreadProgram } from "../../threads/serve.ts";
import { Contender, contendProgram, placeWord } from "./contend.ts";
import type { FutexRunner, Returned } from "./runner.ts";
import type { FutexCase, OperationOf } from "./steps.ts";
import type { World } from "./world.ts";
import { Mismatch } from "../base/compare.ts";
import { NotImplementedError } from "../base/notImplemented.ts";
import { wordOf } from "../base/trace.ts";

/** Kinds whose tasks are real threads where there are any: those that are about many at once. */
const threadedKinds: readonly string[] = ["contend", "queue"];

export function isThreaded(kind: string): boolean {
  return threadedKinds.includes(kind);
}

/** How many tasks a case has at once, if they are to be real threads; else 0. */
export function threadsOf({ kind, setup, steps }: FutexCase): number {
  if (!isThreaded(kind)) return 0;
  const started = [...setup.ops, ...steps].filter(({ op }) => op === "thread" || op === "proc");
  const contending = steps.map((step) => (step.op === "contend" ? step.threads : 0));
  return 1 + started.length + Math.max(0, ...contending);
}

/** The program of {@link contend}, as its threads have it. */
export const CONTEND = "contend";

interface Place {
  readonly thread: CpuThread;
  readonly observer: Task;
}

export class ThreadRunner implements FutexRunner {
  readonly #threads: CpuThreads;
  readonly #places = new Map<Task, Place>();
  readonly #free: CpuThread[];

  constructor(threads: CpuThreads) {
    this.#threads = threads;
    this.#free = [...threads.threads].reverse();
  }

  /** @throws NotImplementedError where all threads have a task */
  seat(task: Task): Task {
    const thread = this.#free.pop();
    if (thread === undefined) {
      const { length } = this.#threads.threads;
      throw new NotImplementedError(`more than ${length} threads at once`);
    }
    const seated = thread.seat(task);
    const observer = Task.attach(task.machine, task.handle, thread.cpu);
    this.#places.set(seated, { thread, observer });
    return seated;
  }

  prepare(): void {
    // each task has a CPU of its own
  }

  /** While its thread is parked, or waits for a call, nobody else is on its CPU. */
  observer(task: Task): Task {
    return this.#placeOf(task).observer;
  }

  #placeOf(task: Task): Place {
    return this.#places.get(task)!;
  }

  /**
   * Each thread goes on by itself, so that this only waits until none does any more: a round in which nobody was found
   * on its way, and nobody returned or fell asleep meanwhile.
   */
  settle(world: World): Returned {
    const returned: { thread: number; result: number }[] = [];
    let before = -1;
    while (before !== this.#published) {
      before = this.#published;
      for (const thread of world.threads) {
        const result = this.#awaitRest(world.task(thread));
        if (result !== null) returned.push({ thread, result });
      }
    }
    return returned.sort((a, b) => a.thread - b.thread);
  }

  get #published(): number {
    return this.#threads.threads.reduce((sum, { published }) => sum + published, 0);
  }

  /** Waits until its thread is idle, or its task asleep for good; what its call returned, if it did. */
  #awaitRest(task: Task): number | null {
    const { thread, observer } = this.#placeOf(task);
    for (;;) {
      // in this order: a task that takes up its wake between the two is no longer seen as asleep
      const isWoken = observer.canResume;
      const { state } = thread;
      if (state === "returned") return thread.take();
      if (state !== "awake" && !(state === "asleep" && isWoken)) return null;
      thread.awaitOther(state);
    }
  }

  /** The word's place is looked up here, because only one thread at a time may ask for such. */
  contend(world: World, { t, mode, threads, count, addr }: OperationOf<"contend">): number {
    const { at, linear } = placeWord(world.task(t), wordOf(addr));
    const { lo, hi } = halves(at);
    const tasks = Array.from({ length: threads }, () => world.addWorker());
    Atomics.store(this.#threads.shared, COUNTER, 0);
    tasks.forEach((task, number) => {
      const numbers = [task.handle, mode, number, count, lo, hi, linear];
      this.#placeOf(task).thread.begin(CONTEND, numbers);
    });
    for (const task of tasks) this.#awaitProgram(this.#placeOf(task).thread);
    for (const task of tasks) world.endWorker(task);
    return Atomics.load(this.#threads.shared, COUNTER);
  }

  #awaitProgram(thread: CpuThread): void {
    thread.awaitOther("called");
    const result = thread.take();
    if (result !== 0) throw new Mismatch("wakes lost", "0", `CPU ${thread.cpu} sleeps for ever`);
  }

  leave(task: Task): void {
    const { thread } = this.#placeOf(task);
    thread.cancel();
    this.#places.delete(task);
    this.#free.push(thread);
  }
}

/** Where the counter stands that a lock guards. */
const COUNTER = 0;

/** A thread that contends: 0, or BLOCKED where nobody woke it. */
export const contend: ThreadProgram = (seat, numbers) => {
  const [handle, mode, number, count, lo, hi, linear] = numbers as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const task = Task.attach(seat.machine, handle, seat.cpu);
  const word = { at: join(lo, hi), linear: linear >>> 0 };
  const counter = {
    get counter() {
      return seat.shared[COUNTER]!;
    },
    set counter(value) {
      seat.shared[COUNTER] = value;
    },
  };
  const program = contendProgram(mode, new Contender(task, number, word), count, counter);
  for (let step = program.next(); step.done !== true;) {
    const result = seat.toItsEnd(step.value.call());
    if (result === coreConstants.BLOCKED) return result;
    step = program.next(result);
  }
  return 0;
};
