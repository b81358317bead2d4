/** What the threads of a futex stress run do, each by itself. */

import { errnos } from "../base/errno.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import type { ConstantName } from "../core/exports.ts";
import { join } from "../machine/address.ts";
import { Task } from "../machine/task.ts";
import { futexCall } from "../systems/futex/calls.ts";
import { Umcg } from "../systems/umcg/umcg.ts";
import type { Seat, ThreadProgram } from "../threads/serve.ts";

/** The works that are loops of the core: the program of an even thread, and of an odd one. */
export const coreLoops = {
  cmpxchg32: ["ROUNDS_INCREMENT", "ROUNDS_INCREMENT"],
  mutex: ["ROUNDS_MUTEX", "ROUNDS_MUTEX"],
  pi: ["ROUNDS_PI", "ROUNDS_PI"],
  handoff: ["ROUNDS_PING", "ROUNDS_PONG"],
} as const satisfies Record<string, readonly [ConstantName, ConstantName]>;

/** Rounds of a loop in the core: how many, or −errno; −EINTR where a wake was lost. */
export const stressLoop: ThreadProgram = (seat, numbers) => {
  const [loop, lo, hi, counterLo, counterHi, rounds] = numbers as SixNumbers;
  return seat.machine.exports.futexRounds(seat.cpu, loop, lo, hi, counterLo, counterHi, rounds);
};

type SixNumbers = readonly [number, number, number, number, number, number];
type SevenNumbers = readonly [...SixNumbers, number];

/** Increments of a word of 64 bits by compare-and-exchange, wherever it lies: how many, or −errno. */
export const stressWide: ThreadProgram = (seat, numbers) => {
  const [handle, lo, hi, rounds] = numbers as readonly [number, number, number, number];
  // as posted: the one form that takes a word which is not aligned
  const umcg = new Umcg(Task.attach(seat.machine, handle, seat.cpu), { helper: "posted" });
  const at = join(lo, hi);
  let expected = 0n;
  for (let round = 0; round < rounds;) {
    const replacement = BigInt.asUintN(64, expected + 1n);
    const { result, old } = umcg.compareExchange(at, { bits: 64, expected, replacement });
    if (result === 0) round++;
    else if (result !== -errnos.EAGAIN) return result;
    expected = result === 0 ? replacement : old;
  }
  return rounds;
};

const TID_MASK = coreConstants.FUTEX_TID_MASK;
const OWNER_DIED = coreConstants.FUTEX_OWNER_DIED;
const WAITERS = coreConstants.FUTEX_WAITERS | 0;

/**
 * A thread's words for its robust lock, 32 bits each:
 *
 *   0        2        4         6        8
 *   ┌────────┬────────┬─────────┬────────┐
 *   │ next   │ offset │ pending │ rounds │     (struct robust_list_head, and how often it had the lock)
 *   └────────┴────────┴─────────┴────────┘
 */
export const robustWords = { next: 0, pending: 4, rounds: 6, all: 8 } as const;

/**
 * A robust lock around a counter, until it was had so often or the thread is ended: how often. Its own words say that
 * after each time, later than the counter does.
 */
export const stressRobust: ThreadProgram = (seat, numbers) => {
  const [handle, lo, hi, word, counter, list, rounds] = numbers as SevenNumbers;
  const lock = new RobustLock(
    seat,
    Task.attach(seat.machine, handle, seat.cpu),
    join(lo, hi),
    word,
  );
  const { words } = seat.machine;
  const at = (linear: number, index = 0): number => (linear >>> 2) + index;
  for (let round = 1; round <= rounds; round++) {
    Atomics.store(words, at(list, robustWords.pending), lo);
    if (!lock.take()) return -errnos.EINTR;
    words[at(counter)]! += 1;
    Atomics.store(words, at(list, robustWords.rounds), round);
    lock.leave();
    Atomics.store(words, at(list, robustWords.pending), 0);
  }
  return rounds;
};

class RobustLock {
  readonly #seat: Seat;
  readonly #task: Task;
  readonly #at: bigint;
  readonly #index: number;
  readonly #words: Uint32Array;

  constructor(seat: Seat, task: Task, at: bigint, linear: number) {
    this.#seat = seat;
    this.#task = task;
    this.#at = at;
    this.#index = linear >>> 2;
    this.#words = seat.machine.words;
  }

  /** False where nobody woke it. */
  take(): boolean {
    let mine = this.#task.id;
    for (;;) {
      const seen = this.#exchange(0, mine);
      if (seen === 0) return true;
      if ((seen & TID_MASK) === 0) {
        // its owner has died: who takes it on lets others know that somebody may sleep, and clears the bit
        if (this.#exchange(seen, mine | (seen & WAITERS)) === seen) return true;
      } else if (this.#announce(seen)) {
        if (!this.#wait(seen | WAITERS)) return false;
        mine |= WAITERS;
      }
    }
  }

  /** The word says that somebody sleeps; false where it has become another one. */
  #announce(seen: number): boolean {
    return (seen & WAITERS) !== 0 || this.#exchange(seen, seen | WAITERS) === seen;
  }

  #exchange(expected: number, replacement: number): number {
    return Atomics.compareExchange(this.#words, this.#index, expected >>> 0, replacement >>> 0) | 0;
  }

  #wait(value: number): boolean {
    const op = coreConstants.FUTEX_WAIT;
    const call = futexCall(this.#task, { address: this.#at, op, value });
    return this.#seat.toItsEnd(call(this.#seat.machine.exports)) !== coreConstants.BLOCKED;
  }

  leave(): void {
    const seen = Atomics.exchange(this.#words, this.#index, 0);
    if ((seen & (WAITERS | OWNER_DIED)) === 0) return;
    const op = coreConstants.FUTEX_WAKE;
    futexCall(this.#task, { address: this.#at, op, value: 1 })(this.#seat.machine.exports);
  }
}

/** By their names, which whoever starts the threads needs. */
export const stressPrograms: Readonly<Record<string, ThreadProgram>> = {
  stressLoop,
  stressWide,
  stressRobust,
};
