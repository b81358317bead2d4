import { Recordings } from "../recordings.ts";

/** The recordings of performance events. */
export const perfRecordings = new Recordings({
  folder: "perf-regs",
  // RAM for the largest recorded rings and address spaces
  machine: { memory: "16M", kernel: "6.18" },
  steps: 12_852,
  cases: {
    break: 90,
    chain: 92,
    control: 63,
    elf32: 49,
    fields: 294,
    limit: 77,
    multi: 63,
    open: 659,
    raw: 112,
    regs: 265,
    ring: 204,
    side: 120,
    stack: 245,
    task: 31,
    wrapped: 8,
  },
});
export type PerfKind = (typeof perfRecordings.kinds)[number];

/** Our own: mutated and random cases, of which the first kind has few or none (test/golden/own). */
export const ownPerfRecordings = new Recordings({
  folder: "own/perf-regs",
  machine: { memory: "16M", kernel: "6.18" },
  steps: 6_233,
  cases: {
    break: 54,
    chain: 54,
    control: 48,
    elf32: 54,
    fields: 54,
    limit: 54,
    multi: 48,
    open: 252,
    raw: 54,
    regs: 54,
    ring: 36,
    side: 54,
    stack: 54,
    task: 54,
    wrapped: 24,
  },
});
