import {
  Futex,
  type Machine,
  type MachineOptions,
  type Mapping,
  type Task,
} from "../../../src/index.ts";
import { machineOf, PAGE } from "../../machine/pool.ts";

/** A process with threads that call the futex, and its words. */

export const WORDS = 0x1000_0000;
/** A page that is not mapped. */
export const HOLE = 0x2000_0000;
export const PRIVATE = { private: true } as const;

export const EPERM = 1;
export const ESRCH = 3;
export const EAGAIN = 11;
export const EFAULT = 14;
export const EINVAL = 22;
export const EDEADLK = 35;
export const ENOSYS = 38;
export const ETIMEDOUT = 110;

export const WAITERS = 0x8000_0000;
export const OWNER_DIED = 0x4000_0000;

export interface Threads {
  readonly machine: Machine;
  readonly words: Mapping;
  /** The first thread's calls, then each other's. */
  readonly futexes: readonly [Futex, ...Futex[]];
  readonly wordAt: (at: number) => number;
  readonly store: (at: number, value: number) => void;
}

/** So many threads of one process on CPU 0, and a page of words that is present. */
export async function newThreads(count: number, options: MachineOptions = {}): Promise<Threads> {
  const machine = await machineOf({ memory: "1M", ...options });
  const first = machine.createTask();
  const words = first.map({ at: WORDS, length: PAGE, populate: true });
  const others = Array.from({ length: count - 1 }, () => machine.createTask({ sharing: first }));
  return {
    machine,
    words,
    futexes: [new Futex(first), ...others.map((task) => new Futex(task))],
    wordAt: (at) => new DataView(words.read(at - WORDS, 4).slice().buffer).getUint32(0, true),
    store: (at, value) => words.write(at - WORDS, new Uint8Array(Uint32Array.of(value).buffer)),
  };
}

/** Which of them could go on now, by their places. */
export function awake(futexes: readonly Futex[]): number[] {
  return [...futexes.keys()].filter((index) => futexes[index]!.task.canResume);
}

/** The task ends. */
export function end(task: Task): void {
  task.runOn(0);
  task.exit();
}
