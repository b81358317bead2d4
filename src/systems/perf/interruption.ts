/** Samples that come while another is taken: in which contexts, and where. */

import { nameOf, whole, type Shape } from "../../base/checks.ts";
import { madeEvent, type PerfEvent } from "./perfEvent.ts";
import { madeFrame, type RegisterFrame } from "./registers.ts";

/** Contexts of a CPU, each of which only those behind it may interrupt. */
export const sampleContexts = ["task", "softirq", "irq", "nmi"] as const;
export type SampleContext = (typeof sampleContexts)[number];

export const aContext = nameOf(sampleContexts);

/** A sample that interrupts another at a point. */
export interface Interruption {
  /** The point's number, counted from 0 over all samples in progress. */
  readonly at: number;
  readonly context: SampleContext;
  readonly event: PerfEvent;
  /** What it interrupts. */
  readonly regs: RegisterFrame;
}

/** So many contexts can be interrupted by another. */
export const MOST_INTERRUPTIONS = sampleContexts.length - 1;

/** Of 32 bits: a point, and what else the core counts so. */
export const MOST_COUNTED = 0xffff_ffff;

export const interruptionShape: Shape<Interruption> = {
  at: whole(0, MOST_COUNTED),
  context: aContext,
  event: madeEvent,
  regs: madeFrame,
};
