/**
 * The machine that the replayer of the futex drives: threads that make system calls, sleep and are woken. The replayer
 * holds no answers: every value it compares comes through this interface.
 */

import type { FutexStep, ObservedWord, SetupOperation } from "./steps.ts";

/** What came of a step. */
export interface FutexAnswer {
  /** Its thread still slept in an earlier one, so that it was left out. */
  readonly skipped?: boolean;
  /** Its thread sleeps in it. */
  readonly blocked?: boolean;
  /** What it returned; for `prio` the priority, which may be negative. */
  readonly result?: number;
  /** Threads that had slept and whose calls returned. */
  readonly returned: readonly { readonly thread: number; readonly result: number }[];
  /** What get_robust_list stored. */
  readonly head?: bigint;
  readonly length?: bigint;
  readonly counter?: number;
}

/**
 * A machine for one case at a time. A method may throw a NotImplementedError (notImplemented.ts); the replayer then
 * fails the case with "not implemented: …" and goes on with the next one.
 */
export interface FutexMachine {
  /** Drops everything of the case before and gets ready for a new one, of a kind, on a kernel release as recorded. */
  reset(kernel: string, kind: string): void;
  prepare(operation: SetupOperation): number;
  perform(step: FutexStep): FutexAnswer;
  /** The observed words as a debugger reads them, in the memory of thread 0; null where there is no page. */
  words(observed: readonly ObservedWord[]): readonly (string | null)[];
  /** Threads that sleep, sorted. */
  sleepers(): readonly number[];
  /** What broke the rules inside the modelled kernel since the last question; empty if nothing. */
  takeFindings(): readonly string[];
  /** Ends everything of the case. What is then still held that was not before it; empty if nothing. */
  finish(): readonly string[];
}
