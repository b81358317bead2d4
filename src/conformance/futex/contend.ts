/** Several threads at once on one word: their programs, and a run in which they take turns. */

import { runPrograms, type Operation, type Program } from "../../machine/programs.ts";
import type { Task } from "../../machine/task.ts";
import type { OperationOf } from "./steps.ts";
import type { World } from "./world.ts";
import { TraceError, wordOf } from "../base/trace.ts";

type Contend = OperationOf<"contend">;

/** What the programs share besides the word. */
interface Shared {
  counter: number;
}

/** The wake word of the modes with WAKE_OP. */
const WAKE_WORD_AFTER = 64n;
/** val3 of WAKE_OP: operation, comparison EQ with 0, operand. */
const ADD_ONE = 0x1000_1000;
const XOR = 0x4000_0000;
const OPERAND_SHIFT = 12;

/** An operation that only lets others run. */
const pause: Operation = { name: "pause", call: () => 0 };

/** The word: its user address, and its place in the machine's memory. */
export interface PlacedWord {
  readonly at: bigint;
  readonly linear: number;
}

/** Takes the fault of the first store to a word. @throws TraceError where none can be made */
export function placeWord(task: Task, at: bigint): PlacedWord {
  const linear = task.touch(at, "write") ? task.linearOf(at) : null;
  if (linear === null) throw new TraceError("", `no store can be made at 0x${at.toString(16)}`);
  return { at, linear };
}

/** A thread's view of the word and the calls it makes on it. Its own instructions are atomic, on any number of CPUs. */
export class Contender {
  readonly task: Task;
  readonly number: number;
  readonly #at: bigint;
  readonly #index: number;

  constructor(task: Task, number: number, word: PlacedWord) {
    this.task = task;
    this.number = number;
    this.#at = word.at;
    this.#index = word.linear >>> 2;
  }

  load(): number {
    return Atomics.load(this.task.machine.words, this.#index);
  }

  /** Both of these answer what stood there. */
  exchange(value: number): number {
    return Atomics.exchange(this.task.machine.words, this.#index, value);
  }

  compareExchange(expected: number, replacement: number): number {
    return Atomics.compareExchange(this.task.machine.words, this.#index, expected, replacement);
  }

  /** A private futex call on the word. */
  call(
    command: "FUTEX_WAIT" | "FUTEX_WAKE" | "FUTEX_LOCK_PI" | "FUTEX_UNLOCK_PI",
    value: number,
  ): Operation {
    return this.#operation(command, this.#at, value, 0n, 0);
  }

  /** A private WAKE_OP whose second word is this one. */
  wakeOp(encoded: number): Operation {
    return this.#operation("FUTEX_WAKE_OP", this.#at + WAKE_WORD_AFTER, 1, this.#at, encoded);
  }

  #operation(
    command: "FUTEX_WAIT" | "FUTEX_WAKE" | "FUTEX_LOCK_PI" | "FUTEX_UNLOCK_PI" | "FUTEX_WAKE_OP",
    address: bigint,
    value: number,
    address2: bigint,
    value3: number,
  ): Operation {
    const { machine, cpu } = this.task;
    const op = machine.constant(command) | machine.constant("FLAG_PRIVATE");
    const first = machine.word(address, "address");
    const second = machine.word(address2, "address2");
    const count2 = command === "FUTEX_WAKE_OP" ? 1 : 0;
    return {
      name: command,
      call: () =>
        machine.rawExports.futex(cpu, first.lo, first.hi, op, value, count2, 0, second.lo, second.hi, value3), // prettier-ignore
    };
  }
}

/** Runs the threads in turns to their ends; the counter that their lock guarded, 0 in the modes without one. */
export function contendInTurns(world: World, { t, mode, threads, count, addr }: Contend): number {
  const word = placeWord(world.task(t), wordOf(addr));
  const shared: Shared = { counter: 0 };
  const workers = Array.from(
    { length: threads },
    (_, number) => new Contender(world.addWorker(), number, word),
  );
  const before = world.machine.switchEvery;
  runPrograms(
    world.machine,
    workers.map((worker) => ({
      task: worker.task,
      body: contendProgram(mode, worker, count, shared),
    })),
    { switchEvery: before },
  );
  for (const { task } of workers) world.endWorker(task);
  return shared.counter;
}

/** What one of the threads does. */
export function* contendProgram(
  mode: number,
  worker: Contender,
  count: number,
  shared: Shared,
): Program {
  for (let round = 0; round < count; round++) yield* roundOf(mode, worker, shared);
}

function roundOf(mode: number, worker: Contender, shared: Shared): Program {
  switch (mode) {
    case 0:
      return increment(worker);
    case 1:
      return threeStates(worker, shared);
    case 2:
      return piLock(worker, shared);
    case 3:
      return once(worker.wakeOp(ADD_ONE));
    case 4:
      return once(worker.wakeOp(XOR | ((1 << worker.number) << OPERAND_SHIFT)));
    default:
      return worker.number % 2 === 1 ? once(worker.wakeOp(ADD_ONE)) : increment(worker);
  }
}

function* once(operation: Operation): Program {
  yield operation;
}

/** A load, and a compare-and-exchange that may find another value by then. */
function* increment(worker: Contender): Program {
  let seen = worker.load();
  while (true) {
    yield pause;
    const found = worker.compareExchange(seen, (seen + 1) >>> 0);
    if (found === seen) return;
    seen = found;
  }
}

function* addToCounter(shared: Shared): Program {
  const seen = shared.counter;
  yield pause;
  shared.counter = seen + 1;
}

/** 0 free, 1 held, 2 held and others may sleep. */
function* threeStates(worker: Contender, shared: Shared): Program {
  let seen = worker.compareExchange(0, 1);
  while (seen !== 0) {
    if (seen === 2 || worker.compareExchange(1, 2) !== 0) yield worker.call("FUTEX_WAIT", 2);
    seen = worker.compareExchange(0, 2);
  }
  yield* addToCounter(shared);
  if (worker.exchange(0) === 2) yield worker.call("FUTEX_WAKE", 1);
}

function* piLock(worker: Contender, shared: Shared): Program {
  const own = worker.task.id;
  if (worker.compareExchange(0, own) !== 0) yield worker.call("FUTEX_LOCK_PI", 0);
  yield* addToCounter(shared);
  if (worker.compareExchange(own, 0) !== own) yield worker.call("FUTEX_UNLOCK_PI", 0);
}
