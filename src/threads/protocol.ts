/**
 * What the thread that drives a machine shares with those that are its CPUs, in 32-bit words:
 *
 *   0                 SHARED_WORDS
 *   ┌─────────────────┬───────────────┬───────────────┬───
 *   │ of all programs │ first thread  │ second thread │ …
 *   └─────────────────┴───────────────┴───────────────┴───
 *
 *   a thread's   state │ what │ result │ published │ cancelled │ arguments …
 *
 * The driver writes `what` and the arguments, then the state `called`; the thread writes `result`, then its next state.
 */

import type { MachineShape } from "../machine/options.ts";

export const SHARED_WORDS = 4;
export const THREAD_WORDS = 24;

/** Where a thread's words stand among its own. */
export const wordAt = { state: 0, what: 1, result: 2, published: 3, cancelled: 4, arguments: 5 } as const; // prettier-ignore

export const MOST_ARGUMENTS = THREAD_WORDS - wordAt.arguments;

/**
 * idle: waits for a call; called: at one; asleep: its task sleeps in it; awake: that was woken and goes on; returned:
 * the result waits to be taken.
 */
export const threadStates = ["idle", "called", "asleep", "awake", "returned"] as const;
export type ThreadState = (typeof threadStates)[number];

export function numberOfState(state: ThreadState): number {
  return threadStates.indexOf(state);
}

/** What a thread is given at its start. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly shape: MachineShape;
  readonly control: SharedArrayBuffer;
  /** Which of the threads it is, from 0. */
  readonly index: number;
  readonly cpu: number;
  /** The programs that it may be asked to run, in the order of their numbers. */
  readonly programs: readonly string[];
}

/** `what` of a program, from its place in the list, and back: it is below 0, that of the core's exports is not. */
export function programNumber(index: number): number {
  return -1 - index;
}

/** The core's functions in the order of their numbers: the same on both sides, which run one module. */
export function functionNames(exports: object): string[] {
  return Object.entries(exports)
    .filter(([, value]) => typeof value === "function")
    .map(([name]) => name);
}

/** How many words so many threads need. */
export function controlBytes(threads: number): number {
  return 4 * (SHARED_WORDS + threads * THREAD_WORDS);
}

/** Where a thread's own words begin. */
export function firstWordOf(index: number): number {
  return SHARED_WORDS + index * THREAD_WORDS;
}
