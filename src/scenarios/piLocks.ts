import { errnos } from "../base/errno.ts";
import { Futex, futexBlocked } from "../systems/futex/futex.ts";
import { storeWord, wordAt } from "./futexBed.ts";
import type { FutexDeadline } from "../systems/futex/options.ts";

/** How a program locks: by the kernel's PI futexes, or by a mutex that it makes of WAIT and WAKE itself. */
export interface PiLocks {
  /** 0, −errno, or `futexBlocked`. */
  lock(futex: Futex, at: number, limit: FutexDeadline): number;
  trylock(futex: Futex, at: number): number;
  unlock(futex: Futex, at: number): number;
  /** Goes on after a sleep; it may sleep again. */
  finish(futex: Futex, at: number): number;
}

/** The words are those of one process. */
export const ownWords = { private: true } as const;

export const kernelLocks: PiLocks = {
  lock: (futex, at, { timeout }) =>
    futex.lockPi(at, timeout === undefined ? ownWords : { ...ownWords, timeout }),
  trylock: (futex, at) => futex.trylockPi(at, ownWords),
  unlock: (futex, at) => futex.unlockPi(at, ownWords),
  finish: (futex) => futex.finish(),
};

const FREE = 0;
const LOCKED = 1;
/** Somebody may sleep on it: who unlocks has to wake. */
const CONTENDED = 2;

/** The word's old value, in place of which another stands now. */
function exchange({ task }: Futex, at: number, value: number): number {
  const old = wordAt(task, at)!;
  storeWord(task, at, value);
  return old;
}

/** Takes the mutex, or sleeps: whoever has slept says that others may sleep too. */
function takeOrSleep(futex: Futex, at: number): number {
  return exchange(futex, at, CONTENDED) === FREE ? 0 : futex.wait(at, CONTENDED, ownWords);
}

/**
 * The mutex of the paper "Futexes Are Tricky" (its mutex 2): the word says whether it is locked and whether somebody
 * may sleep, not by whom it is. Nothing stands between the tasks' steps here, so that its exchanges need no atomics.
 */
export const plainLocks: PiLocks = {
  lock: (futex, at) => {
    if (wordAt(futex.task, at) !== FREE) return takeOrSleep(futex, at);
    storeWord(futex.task, at, LOCKED);
    return 0;
  },
  trylock: (futex, at) => {
    if (wordAt(futex.task, at) !== FREE) return -errnos.EBUSY;
    storeWord(futex.task, at, LOCKED);
    return 0;
  },
  unlock: (futex, at) => {
    if (exchange(futex, at, FREE) === CONTENDED) futex.wake(at, 1, ownWords);
    return 0;
  },
  finish: (futex, at) => {
    const result = futex.finish();
    return result === futexBlocked || result < 0 ? result : takeOrSleep(futex, at);
  },
};
