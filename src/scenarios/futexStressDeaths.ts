/** What becomes of the others when a thread of a futex stress run dies at work. */

import { coreConstants } from "../core/generated/coreConstants.ts";
import type { Task } from "../machine/task.ts";
import type { CpuThread } from "../threads/cpuThread.ts";

export interface StressWorker {
  readonly thread: CpuThread;
  readonly task: Task;
  /** The task's number, which PI and robust locks hold. */
  readonly id: number;
}

/**
 * A word that a dead thread left such that nobody can go on: the others were stopped. A plain mutex that was left free
 * is one whose next wake died with the thread: it owed that, or had been given it. So is a robust lock, which the exit
 * gives to others: another had been faster than the one that was woken, and knew of no sleepers.
 */
export interface AbandonedWord {
  /** The CPU whose thread died. */
  readonly cpu: number;
  readonly address: number;
  readonly value: number;
}

/** So often in a row must all be seen asleep: one look takes its time, in which one may wake another and fall asleep. */
const LOOKS = 20;

/** Whether all who have not come to their end sleep, and nobody is left to wake them. */
export class SleepWatch {
  readonly #workers: readonly StressWorker[];
  #looks = 0;

  constructor(workers: readonly StressWorker[]) {
    this.#workers = workers;
  }

  isInVain(): boolean {
    const busy = this.#workers.filter(({ thread }) => !thread.isAtRest && !thread.hasEnded);
    const asleep = busy.length > 0 && busy.every(({ task }) => task.blocked && !task.canResume);
    this.#looks = asleep ? this.#looks + 1 : 0;
    return this.#looks >= LOOKS;
  }
}

/** Who of the dead a PI lock's word names. */
export function ownerAmong(dead: readonly StressWorker[], value: number): StressWorker | undefined {
  return dead.find(({ id }) => id === (value & coreConstants.FUTEX_TID_MASK));
}
