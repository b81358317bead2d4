/**
 * The machine that the replayer of performance events drives: one process with its threads and children, and their
 * events. The replayer holds no answers: every value it compares comes through this interface.
 */

import type { PerfRegsOperation, StepAnswer } from "./steps.ts";

/**
 * A machine for one case at a time. A method may throw a NotImplementedError; the replayer then fails the case and goes
 * on with the next one.
 */
export interface PerfRegsMachine {
  /** Drops everything of the case before; `kernel` is its release as recorded ("Linux 6.18.44 x86_64"). */
  reset(kernel: string): void;
  /** Does a step; what it answered, by the recorded names. */
  perform(operation: PerfRegsOperation): StepAnswer;
  /** The numbers that a symbol of the recordings (P, T0, E1 …) stands for in this case. */
  symbol(name: string): readonly bigint[];
  /** What broke the rules inside the modelled kernel since the last question; empty if nothing. */
  takeFindings(): readonly string[];
  /** Ends everything of the case. What is then still held that was not before it; empty if nothing. */
  finish(): readonly string[];
}
