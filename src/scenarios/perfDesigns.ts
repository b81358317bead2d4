import { oneOf } from "../base/nearest.ts";
import type { CopyDesign } from "../systems/perf/copyDesign.ts";
import { sampleLayout, type SampleEra, type SampleLayout } from "./sampleLayouts.ts";

/** A design, and the structure it goes with. */
interface NamedDesign extends CopyDesign {
  readonly name: string;
  readonly meaning: string;
  readonly era: SampleEra;
}

/** Two lines and a half, filled up to three. */
const PADDED_SLOT = 192;
const before = { saving: "SAVED_WITHOUT_BP" } as const;
const later = { saving: "SAVED_WITH_BP" } as const;
const eager = { fetching: "FETCH_ALWAYS", marking: "MARK_NONE" } as const;
const withoutCopy = "v4.6-without-copy";

/**
 * Where the copy of the user registers lives: what was in 4.6, what was posted and asked for in April 2016, what was
 * merged in October 2020, and what it is today.
 */
export const perfDesigns = [
  {
    name: "stack",
    meaning: "in the sample, which is on the stack (4.6)",
    era: "v4.6",
    ...before,
    storage: "STORAGE_SAMPLE",
    slots: 0,
    ...eager,
  },
  {
    name: "lazy-flag",
    meaning: "likewise, filled on first use: a flag in the first line",
    era: "v4.6-flags",
    ...before,
    storage: "STORAGE_SAMPLE",
    slots: 0,
    fetching: "FETCH_FLAG",
    marking: "MARK_NONE",
  },
  {
    name: "lazy-sentinel",
    meaning: "likewise, by a pointer of all ones",
    era: "v4.6",
    ...before,
    storage: "STORAGE_SAMPLE",
    slots: 0,
    fetching: "FETCH_SENTINEL",
    marking: "MARK_NONE",
  },
  {
    name: "array-posted",
    meaning: "four a CPU, by context, as the patch asks for it",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_POSTED",
    slots: 4,
    ...eager,
  },
  {
    name: "array-ordered",
    meaning: "likewise, asked in the right order",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_ORDERED",
    slots: 4,
    ...eager,
  },
  {
    name: "array-padded",
    meaning: "likewise, each on lines of its own",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_ORDERED",
    slots: 4,
    slotBytes: PADDED_SLOT,
    ...eager,
  },
  {
    name: "pile",
    meaning: "four a CPU, the next that is free",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_PILE",
    slots: 4,
    ...eager,
  },
  {
    name: "single",
    meaning: "one a CPU, filled by every sample anew",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_SINGLE",
    slots: 1,
    ...eager,
  },
  {
    name: "single-mark-first",
    meaning: "one a CPU, marked as filled before it is",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_SINGLE",
    slots: 1,
    fetching: "FETCH_ALWAYS",
    marking: "MARK_FIRST",
  },
  {
    name: "single-mark-last",
    meaning: "one a CPU, marked once it is filled",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_SINGLE",
    slots: 1,
    fetching: "FETCH_ALWAYS",
    marking: "MARK_LAST",
  },
  {
    name: "single-mark-named",
    meaning: "likewise, the mark names task and entry",
    era: withoutCopy,
    ...before,
    storage: "STORAGE_SINGLE",
    slots: 1,
    fetching: "FETCH_ALWAYS",
    marking: "MARK_NAMED",
  },
  {
    name: "merged",
    meaning: "the frame itself; one copy a CPU, for NMIs alone (5.11)",
    era: "v5.11",
    ...later,
    storage: "STORAGE_NMI",
    slots: 1,
    ...eager,
  },
  {
    name: "today",
    meaning: "likewise, with flags for what is valid (6.2 on)",
    era: "v7.0",
    ...later,
    storage: "STORAGE_NMI",
    slots: 1,
    fetching: "FETCH_FLAG",
    marking: "MARK_NONE",
  },
] as const satisfies readonly NamedDesign[];

export type PerfDesignName = (typeof perfDesigns)[number]["name"];

export const perfDesignNames: readonly PerfDesignName[] = perfDesigns.map(({ name }) => name);

/**
 * What a design of this name is, and the layout of its structure.
 * @throws UsageError for a name that no design has
 */
export function perfDesign(name: PerfDesignName): {
  readonly design: CopyDesign;
  readonly places: SampleLayout;
} {
  const valid = oneOf("name", name, perfDesignNames);
  const row: NamedDesign = perfDesigns.find((one) => one.name === valid)!;
  const { storage, fetching, marking, saving, slots, slotBytes } = row;
  const design: CopyDesign = { storage, fetching, marking, saving, slots };
  return {
    design: slotBytes === undefined ? design : { ...design, slotBytes },
    places: sampleLayout(row.era),
  };
}
