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
