/**
 * Figures that are composed from counted events and an architecture's weights, beside the counters that the core keeps
 * (src/machine/counters.ts): the command, the JSON and the docs are made from both tables.
 */
export const figureTable = [
  {
    name: "outOfLineCalls",
    unit: "calls",
    meaning:
      "calls out of the kernel function: accessors, copies and guard switches that are not inline",
  },
  {
    name: "instructions",
    unit: "instructions",
    meaning: "instructions executed, by the architecture's weights",
  },
  {
    name: "modelledCycles",
    unit: "cycles",
    meaning: "core cycles where a measurement or a stated scale exists",
  },
] as const;

export type FigureName = (typeof figureTable)[number]["name"];
