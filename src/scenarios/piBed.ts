import { UsageError } from "../base/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { storeByProgram } from "../machine/programAccess.ts";
import type { Task } from "../machine/task.ts";
import { Futex, futexBlocked } from "../systems/futex/futex.ts";
import {
  FIRST_WORD,
  placeWord,
  restorePage,
  spoilPage,
  wordAt,
  type WordPage,
} from "./futexBed.ts";
import { ownWords, type PiLocks } from "./piLocks.ts";
import type { PiAction, PiLimit, PiProgram, PiStep } from "./piProgram.ts";

/** The tasks of a program and its words, each word on a page of its own, and what a step does to them. */

const WORD_STRIDE = 0x2000;
const ROBUST_LISTS = 0x2000_0000;
const PAGE_BYTES = 4096;
/** Where in its page a task keeps the one node of its robust list: behind the head. */
const NODE_AT = 64;
/** Bit 0 of a pointer to a node: the lock is a PI futex. */
const PI_BIT = 1n;

/** Where a task stands. */
export interface PiActor {
  readonly name: string;
  readonly futex: Futex;
  /** The number of the task, as it stands in a word. */
  readonly id: number;
  /** Its own priority. */
  own: number;
  /** What it sleeps in; null where it does not. */
  asleep: PiSleep | null;
  gone: boolean;
}

/** A sleep: on which word, and which lock it will have if it is woken. */
interface PiSleep {
  readonly word: string;
  readonly lock: string;
}

/** A call that came back: at once, or out of a sleep that began in an earlier step. */
export interface PiReturn {
  readonly task: string;
  readonly result: number;
}

export class PiBed {
  readonly actors: readonly PiActor[];
  readonly words: readonly string[];
  readonly #locks: PiLocks;
  readonly #program: Task;

  constructor(machine: Machine, { tasks, words }: PiProgram, locks: PiLocks) {
    this.words = words;
    this.#locks = locks;
    this.#program = machine.createTask();
    for (const word of words) placeWord(this.#program, this.addressOf(word), "present", 0);
    this.actors = tasks.map(({ name, priority }) => {
      const task = machine.createTask({ sharing: this.#program });
      const futex = new Futex(task);
      futex.setPriority(priority);
      return { name, futex, id: task.id, own: priority, asleep: null, gone: false };
    });
  }

  addressOf(word: string): number {
    return FIRST_WORD + WORD_STRIDE * this.words.indexOf(word);
  }

  /** A word as it stands in memory; null where no page is present. */
  wordAt(word: string): number | null {
    return wordAt(this.#program, this.addressOf(word));
  }

  /** Does a step: what the call answers, `futexBlocked` where its task sleeps in it; null for what is no call. */
  perform(step: PiStep): number | null {
    if (step.kind === "act") return this.#act(this.#awake(step.task, step.text), step.action);
    if (step.kind === "clock") this.#program.machine.advanceClock(step.nanoseconds);
    else this.#change(this.addressOf(step.word), step.page);
    return null;
  }

  /** Whatever the page was, it becomes that. */
  #change(at: number, page: WordPage): void {
    if (page !== "unmapped") restorePage(this.#program, at);
    spoilPage(this.#program, at, page);
  }

  /** Ends the sleeps that are over, of the task with the highest priority first. */
  settle(): PiReturn[] {
    const returns: PiReturn[] = [];
    for (let actor = this.#nextToReturn(); actor !== undefined; actor = this.#nextToReturn()) {
      const { word } = actor.asleep!;
      const result = this.#locks.finish(actor.futex, this.addressOf(word));
      if (result === futexBlocked) continue;
      actor.asleep = null;
      returns.push({ task: actor.name, result });
    }
    return returns;
  }

  #nextToReturn(): PiActor | undefined {
    return this.actors
      .filter(({ asleep, futex }) => asleep !== null && futex.task.canResume)
      .sort((a, b) => b.futex.priority - a.futex.priority)[0];
  }

  /** @throws UsageError for a task that cannot do anything now */
  #awake(name: string, text: string): PiActor {
    const actor = this.actors.find((one) => one.name === name)!;
    if (actor.asleep === null && !actor.gone) return actor;
    throw new UsageError({
      argument: "program",
      problem: `lets ${name} "${text}" while it ${actor.gone ? "has ended" : `sleeps on ${actor.asleep!.word}`}`,
      valid: "a step of a task that is awake",
    });
  }

  #act(actor: PiActor, action: PiAction): number | null {
    const result = this.#made(actor, action);
    if (result !== futexBlocked || !("word" in action)) return result;
    actor.asleep = { word: action.word, lock: "lock" in action ? action.lock : action.word };
    return result;
  }

  #made(actor: PiActor, action: PiAction): number | null {
    const { futex } = actor;
    switch (action.verb) {
      case "lock":
        return this.#locks.lock(futex, this.addressOf(action.word), limitOf(futex, action.limit));
      case "lock2":
        return futex.lockPi2(this.addressOf(action.word), limitOf(futex, action.limit));
      case "trylock":
        return this.#locks.trylock(futex, this.addressOf(action.word));
      case "unlock":
        return this.#locks.unlock(futex, this.addressOf(action.word));
      case "wait":
        return this.#wait(futex, action.word, action.lock, action.limit);
      case "requeue":
        return this.#requeue(futex, action.word, action.lock, action.count);
      case "robust":
        return this.#keepList(actor, action.word);
      default:
        this.#quietly(actor, action);
        return null;
    }
  }

  /** What is no call of the futex. */
  #quietly(
    actor: PiActor,
    action: Extract<PiAction, { verb: "store" | "priority" | "exit" }>,
  ): void {
    if (action.verb === "store") this.#store(action.word, action.value);
    else if (action.verb === "priority") {
      actor.own = action.priority;
      actor.futex.setPriority(action.priority);
    } else {
      actor.gone = true;
      actor.futex.task.runOn(actor.futex.task.cpu);
      actor.futex.task.exit();
    }
  }

  #wait(futex: Futex, word: string, lock: string, limit: PiLimit | null): number {
    const value = this.wordAt(word) ?? 0;
    const options = limitOf(futex, limit);
    return futex.waitRequeuePi(this.addressOf(word), this.addressOf(lock), value, options);
  }

  #requeue(futex: Futex, word: string, lock: string, count: number | null): number {
    const expected = this.wordAt(word) ?? 0;
    const counts = count === null ? ownWords : { ...ownWords, requeue: count };
    return futex.cmpRequeuePi(this.addressOf(word), this.addressOf(lock), expected, counts);
  }

  #store(word: string, value: number | string): void {
    const number =
      typeof value === "number" ? value : this.actors.find(({ name }) => name === value)!.id;
    const bytes = new Uint8Array(Uint32Array.of(number).buffer);
    if (storeByProgram(this.#program, BigInt(this.addressOf(word)), bytes) === null) return;
    throw new UsageError({
      argument: "program",
      problem: `stores to ${word}, whose page cannot be written`,
      valid: "a store to a page that can",
    });
  }

  /**
   * A robust list with one lock on it, in a page of the task's own:
   *
   *   0  head: next ─▶ node │ PI bit, offset from a node to its word, no pending node
   *  64  node: next ─▶ head
   */
  #keepList({ futex }: PiActor, word: string): number {
    const { task } = futex;
    const { wordBytes } = task.machine;
    const head = BigInt(
      ROBUST_LISTS + PAGE_BYTES * this.actors.findIndex((one) => one.futex === futex),
    );
    const node = head + BigInt(NODE_AT);
    task.map({ at: head, length: PAGE_BYTES });
    [node | PI_BIT, BigInt(this.addressOf(word)) - node, 0n].forEach((value, index) =>
      storePointer(task, head + BigInt(index * wordBytes), value),
    );
    storePointer(task, node, head);
    return futex.setRobustList(head);
  }
}

function limitOf(futex: Futex, limit: PiLimit | null) {
  if (limit === null) return ownWords;
  const { clock, nanoseconds } = limit;
  return { ...ownWords, clock, timeout: futex.now(clock) + BigInt(nanoseconds) };
}

function storePointer(task: Task, at: bigint, value: bigint): void {
  const { wordBytes } = task.machine;
  const bytes = Uint8Array.from({ length: wordBytes }, (_, index) =>
    Number((BigInt.asUintN(8 * wordBytes, value) >> BigInt(8 * index)) & 0xffn),
  );
  storeByProgram(task, at, bytes);
}
