/** Many threads on futex words at once, each an emulated CPU: what they did, and what of it was lost. */

import { FaultlineError } from "../base/errors.ts";
import { errnos } from "../base/errno.ts";
import type { Finding } from "../machine/findings.ts";
import { Machine } from "../machine/machine.ts";
import type { Mapping } from "../machine/mapping.ts";
import type { Task } from "../machine/task.ts";
import { halves } from "../machine/address.ts";
import { setRobustList } from "../systems/futex/calls.ts";
import type { CpuThread } from "../threads/cpuThread.ts";
import type { CpuThreads } from "../threads/cpuThreads.ts";
import {
  SleepWatch,
  ownerAmong,
  type AbandonedWord,
  type StressWorker,
} from "./futexStressDeaths.ts";
import { coreLoops, robustWords } from "./futexStressPrograms.ts";

const PAGE = 4096;
const LINE = 64;
const WORDS = 0x4000_0000;
const RAM = "16M";
/** Each pair of threads hands a word of its own over. */
const PAIR_BYTES = 2 * LINE;
/** The threads' robust lists, on the second page. */
const LISTS_AT = PAGE + PAGE / 2;

/** Where the word and what it guards lie, as distances from the start of the first of two pages. */
export const stressLayouts = {
  "same-line": { word: 0, counter: 8, wide: 0 },
  "different-lines": { word: 0, counter: LINE, wide: LINE },
  "straddling-lines": { word: LINE - 4, counter: LINE, wide: LINE - 4 },
  "straddling-pages": { word: PAGE - 4, counter: PAGE, wide: PAGE - 4 },
} as const;
export type StressLayout = keyof typeof stressLayouts;
export const stressLayoutNames = Object.keys(stressLayouts) as StressLayout[];

/** What the threads do, and how much rarer it is than an increment: a hand-off takes so much longer. */
export const stressWorks = {
  cmpxchg32: { rarer: 1, meaning: "compare-and-exchange increments of the word" },
  cmpxchg64: { rarer: 4, meaning: "the same of 64 bits; a split access where they straddle" },
  mutex: { rarer: 10, meaning: "a lock of three states around a counter" },
  pi: { rarer: 10, meaning: "a PI lock around a counter" },
  handoff: { rarer: 100, meaning: "a word to and fro between two, each asleep in turn" },
  robust: { rarer: 20, meaning: "a robust lock around a counter" },
} as const;
export type StressWork = keyof typeof stressWorks;
export const stressWorkNames = Object.keys(stressWorks) as StressWork[];

export interface FutexStressOptions {
  readonly workers: number;
  /** Increments on each layout, of all threads together; other works are so much rarer (stressWorks). */
  readonly operations: number;
  readonly layouts: readonly StressLayout[];
  readonly works: readonly StressWork[];
  /** So many threads are ended in the middle of each work. */
  readonly kills: number;
  /** Starts the machine's CPUs as threads, which can run {@link stressPrograms}. */
  readonly start: (machine: Machine) => Promise<CpuThreads>;
}

/** One work on one layout. */
export interface FutexStressRow {
  readonly layout: StressLayout;
  readonly work: StressWork;
  readonly operations: number;
  /** Operations that were done and cannot be found in what they changed. */
  readonly lost: number;
  /** Sleepers that nobody woke. */
  readonly wakesLost: number;
  /** Threads that were ended at their work. */
  readonly killed: number;
  /** What one of those left so that the others could not go on. */
  readonly abandoned: AbandonedWord | null;
}

export interface FutexStressRun {
  readonly schemaVersion: 1;
  readonly scenario: "futex-stress";
  readonly workers: number;
  readonly rows: readonly FutexStressRow[];
  readonly operations: number;
  readonly lost: number;
  readonly wakesLost: number;
  readonly findings: readonly Finding[];
}

/** Every work on every layout, one after the other, each on threads of its own. */
export async function runFutexStress(options: FutexStressOptions): Promise<FutexStressRun> {
  const rows: FutexStressRow[] = [];
  const findings: Finding[] = [];
  for (const layout of options.layouts) {
    for (const work of options.works) {
      const stress = await Stress.begin(options, layout, work);
      rows.push(await stress.run().finally(() => stress.end()));
      findings.push(...stress.findings());
    }
  }
  const sum = (name: "operations" | "lost" | "wakesLost"): number =>
    rows.reduce((total, row) => total + row[name], 0);
  return {
    schemaVersion: 1,
    scenario: "futex-stress",
    workers: options.workers,
    rows,
    operations: sum("operations"),
    lost: sum("lost"),
    wakesLost: sum("wakesLost"),
    findings,
  };
}

class Stress {
  readonly #layout: StressLayout;
  readonly #work: StressWork;
  readonly #machine: Machine;
  readonly #threads: CpuThreads;
  readonly #words: Mapping;
  readonly #workers: readonly StressWorker[];
  readonly #rounds: number;
  readonly #kills: number;
  readonly #dead: StressWorker[] = [];

  static async begin(
    options: FutexStressOptions,
    layout: StressLayout,
    work: StressWork,
  ): Promise<Stress> {
    const cpus = 1 + options.workers;
    const machine = await Machine.create({ build: "threads", memory: RAM, cpus });
    return new Stress(options, layout, work, machine, await options.start(machine));
  }

  private constructor(
    options: FutexStressOptions,
    layout: StressLayout,
    work: StressWork,
    machine: Machine,
    threads: CpuThreads,
  ) {
    this.#layout = layout;
    this.#work = work;
    this.#machine = machine;
    this.#threads = threads;
    this.#kills = options.kills;
    // one that outlives them all
    const owner = machine.createTask();
    this.#words = owner.map({ at: WORDS, length: 2 * PAGE, populate: true });
    this.#words.write(0, new Uint8Array(2 * PAGE));
    const count = work === "handoff" ? options.workers & ~1 : options.workers;
    this.#workers = threads.threads.slice(0, count).map((thread) => {
      const task = thread.seat(machine.createTask({ sharing: owner, cpu: null }));
      return { thread, task, id: task.id };
    });
    this.#rounds = Math.ceil(options.operations / stressWorks[work].rarer / count);
  }

  findings(): readonly Finding[] {
    return this.#machine.findings();
  }

  async run(): Promise<FutexStressRow> {
    this.#workers.forEach((worker, number) => this.#begin(worker, number));
    const threads = this.#workers.map(({ thread }) => thread);
    for (let number = 0; number < this.#kills; number++) await this.#killOne(number);
    const watch = this.#watch();
    const ended = await this.#threads.untilAtRest(threads, () => watch.isInVain());
    const results = this.#workers.map(({ thread }) => this.#resultOf(thread));
    const done = this.#done(results);
    const found = this.#found(results);
    const abandoned = this.#abandoned(ended, results);
    this.#refuse(results, abandoned);
    return {
      layout: this.#layout,
      work: this.#work,
      // what the dead did, they cannot say any more
      operations: this.#dead.length > 0 ? Math.max(done, found) : done,
      lost: Math.max(0, done - found),
      wakesLost: results.filter((result) => result === -errnos.EINTR).length,
      killed: this.#dead.length,
      abandoned,
    };
  }

  /** Nobody sleeps in vain who can be woken by a thread that lives; that a wake is lost is told in another way. */
  #watch(): Pick<SleepWatch, "isInVain"> {
    return this.#dead.length > 0 ? new SleepWatch(this.#workers) : { isInVain: () => false };
  }

  #resultOf(thread: CpuThread): number {
    return thread.hasEnded || !thread.isAtRest ? 0 : thread.take();
  }

  /** A plain lock names nobody: it is the last one killed, since the others went on after those before. */
  #abandoned(ended: boolean, results: readonly number[]): AbandonedWord | null {
    const address = WORDS + this.#placeOf(this.#workers.indexOf(this.#dead.at(-1)!));
    const value = this.#wordAt(address - WORDS);
    if (results.includes(-errnos.ESRCH)) {
      const owner = ownerAmong(this.#dead, value);
      return owner === undefined ? null : { cpu: owner.thread.cpu, address, value };
    }
    return ended ? null : { cpu: this.#dead.at(-1)!.thread.cpu, address, value };
  }

  /** Where the word of a thread lies. */
  #placeOf(number: number): number {
    const pair = this.#work === "handoff" ? PAIR_BYTES * (number >> 1) : 0;
    return stressLayouts[this.#layout].word + (number < 0 ? 0 : pair);
  }

  /** Its threads end, whether they did their work or not. */
  end(): Promise<void> {
    return this.#threads.stop();
  }

  /**
   * What LOCK_PI answers of the dead: ESRCH where the lock is still theirs, EINVAL where it has gone to a waiter that has
   * not said so in the word yet (attach_to_pi_state; kernel/futex/pi.c).
   */
  #tellsOfDeath(result: number, abandoned: AbandonedWord | null): boolean {
    if (result === -errnos.ESRCH) return abandoned !== null;
    return result === -errnos.EINVAL && this.#work === "pi" && this.#dead.length > 0;
  }

  /** A thread whose work ended with another errno did not do it. */
  #refuse(results: readonly number[], abandoned: AbandonedWord | null): void {
    results.forEach((result, index) => {
      if (result >= 0 || result === -errnos.EINTR) return;
      if (this.#tellsOfDeath(result, abandoned)) return;
      throw new FaultlineError(
        "stress-failed",
        `${this.#work} on ${this.#layout}: CPU ${this.#workers[index]!.thread.cpu} ended with errno ${-result}`,
      );
    });
  }

  #begin({ thread, task }: StressWorker, number: number): void {
    const { counter, wide } = stressLayouts[this.#layout];
    const rounds = this.#rounds;
    if (this.#work === "cmpxchg64") {
      const { lo, hi } = halves(WORDS + wide);
      thread.begin("stressWide", [task.handle, lo, hi, rounds]);
    } else if (this.#work === "robust") {
      this.#beginRobust(thread, task, number);
    } else {
      const { lo, hi } = halves(WORDS + this.#placeOf(number));
      const to = halves(WORDS + counter);
      const loop = this.#machine.constant(coreLoops[this.#work][number % 2]!);
      thread.begin("stressLoop", [loop, lo, hi, to.lo, to.hi, rounds]);
    }
  }

  #beginRobust(thread: CpuThread, task: Task, number: number): void {
    const { word, counter } = stressLayouts[this.#layout];
    const at = WORDS + word;
    const list = this.#listOf(number);
    const head = new Uint32Array(robustWords.all);
    head[robustWords.next] = WORDS + list;
    this.#words.write(list, new Uint8Array(head.buffer));
    setRobustList(task, WORDS + list, robustWords.rounds * 4);
    const linear = [at, WORDS + counter, WORDS + list].map((place) => task.linearOf(place)!);
    const { lo, hi } = halves(at);
    thread.begin("stressRobust", [task.handle, lo, hi, ...linear, this.#rounds]);
  }

  #listOf(number: number): number {
    return LISTS_AT + number * robustWords.all * 4;
  }

  /** Ends the thread of a number in the middle of its work, if it gets there; what it held goes to others. */
  async #killOne(number: number): Promise<void> {
    const worker = this.#workers[number]!;
    const { thread, task } = worker;
    const watch = this.#watch();
    const before = this.#traceOf(number);
    const isUnderWay = (): boolean => this.#traceOf(number) !== before || watch.isInVain();
    if (await this.#threads.untilAtRest([thread], isUnderWay)) return;
    if (watch.isInVain()) return;
    await this.#threads.kill(thread);
    this.#threads.bury(thread, task);
    if (!thread.isAtRest) this.#dead.push(worker);
  }

  /** What changes while a thread is at work. */
  #traceOf(number: number): number {
    const { counter, wide } = stressLayouts[this.#layout];
    if (this.#work === "robust") return this.#roundsOf(number);
    if (this.#work === "cmpxchg64") return this.#longAt(wide, 8);
    const isCounted = this.#work === "mutex" || this.#work === "pi";
    return this.#wordAt(isCounted ? counter : this.#placeOf(number));
  }

  #roundsOf(number: number): number {
    return this.#wordAt(this.#listOf(number) + robustWords.rounds * 4);
  }

  #wordAt(offset: number): number {
    return this.#longAt(offset, 4);
  }

  #longAt(offset: number, bytes: number): number {
    const value = new Uint8Array(8);
    value.set(this.#words.read(offset, bytes));
    return Number(new DataView(value.buffer).getBigUint64(0, true));
  }

  /** What the threads say that they did. */
  #done(results: readonly number[]): number {
    const each = this.#work === "robust" ? results.map((_, number) => this.#roundsOf(number)) : results; // prettier-ignore
    return each.reduce((sum, count) => sum + Math.max(0, count), 0);
  }

  /** What can be seen of it in memory. */
  #found(results: readonly number[]): number {
    const { word, counter, wide } = stressLayouts[this.#layout];
    if (this.#work === "cmpxchg32") return this.#wordAt(word);
    if (this.#work === "cmpxchg64") return this.#longAt(wide, 8);
    if (this.#work === "handoff") return this.#done(results) - this.#wordAt(word);
    return this.#wordAt(counter);
  }
}
