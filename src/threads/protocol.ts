/**
 * What the thread that drives a machine shares with those that are its CPUs, in 32-bit words:
 *
 *   0                 SHARED_WORDS
 *   ┌─────────────────┬───────────────┬───────────────┬───
 *   │ of all programs │ first thread  │ second thread │ …
 *   └─────────────────┴───────────────┴───────────────┴───
 *
 *   a thread's   state │ what │ result │ published │ cancelled │ life │ arguments … │ last words …
 *
 * The driver writes `what` and the arguments, then the state `called`; the thread writes `result`, then its next state.
 * One that an error ends says which in its last words, and that before the state `ended`.
 */

import type { MachineShape } from "../machine/options.ts";

export const SHARED_WORDS = 4;
const CALL_WORDS = 25;
/** The length of an error's text, and the text: a UTF-16 unit a word. */
const LAST_WORDS = 1 + 255;
export const THREAD_WORDS = CALL_WORDS + LAST_WORDS;

/** Where a thread's words stand among its own. */
export const wordAt = {
  state: 0,
  what: 1,
  result: 2,
  published: 3,
  cancelled: 4,
  life: 5,
  arguments: 6,
} as const;

export const MOST_ARGUMENTS = CALL_WORDS - wordAt.arguments;

/**
 * starting: serves no call yet; idle: waits for a call; called: at one; asleep: its task sleeps in it; awake: that was
 * woken and goes on; returned: the result waits to be taken; ended: an error has ended the thread.
 */
export const threadStates = [
  "starting",
  "idle",
  "called",
  "asleep",
  "awake",
  "returned",
  "ended",
] as const;
export type ThreadState = (typeof threadStates)[number];

export function numberOfState(state: ThreadState): number {
  return threadStates.indexOf(state);
}

/** gone: it has ended, whatever ended it; telling: somebody is about to say so. */
const lives = ["alive", "telling", "gone"] as const;

export function numberOfLife(life: (typeof lives)[number]): number {
  return lives.indexOf(life);
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
  /** Names the thread's lock to who watches (watch.ts), and is closed with the thread: by either its end is noticed. */
  readonly port: MessagePort;
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

/** Says among a thread's own words that an error has ended it, and which. */
export function endWith(own: Int32Array, cause: string): void {
  const kept = cause.slice(0, LAST_WORDS - 1);
  own[CALL_WORDS] = kept.length;
  for (let at = 0; at < kept.length; at++) own[CALL_WORDS + 1 + at] = kept.charCodeAt(at);
  Atomics.store(own, wordAt.state, numberOfState("ended"));
  Atomics.notify(own, wordAt.state);
}

/** What ended a thread, from its own words; empty where it left none. */
export function lastWords(own: Int32Array): string {
  const from = CALL_WORDS + 1;
  return String.fromCharCode(...own.subarray(from, from + own[CALL_WORDS]!));
}

/** How many words so many threads need. */
export function controlBytes(threads: number): number {
  return 4 * (SHARED_WORDS + threads * THREAD_WORDS);
}

/** A thread's own words. */
export function ownWordsOf(control: SharedArrayBuffer, index: number): Int32Array {
  return new Int32Array(control, 4 * firstWordOf(index), THREAD_WORDS);
}

/** Where a thread's own words begin. */
export function firstWordOf(index: number): number {
  return SHARED_WORDS + index * THREAD_WORDS;
}
