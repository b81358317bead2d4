/**
 * What the cost model takes in: how often things happened on one side of one call, as a running core
 * can count them. No strategy, no architecture and no price in here; the architecture's own rules (which
 * check is dropped, which access opens the guard) already show in the counts.
 *
 * The two sides of a call, in the order the kernel runs them:
 *
 *   read side                              write side
 *   from the entry of the function to      from the first byte that goes back to user memory
 *   the last value fetched from user       to the end of the call
 *   memory
 */

import {
  checkOptions,
  checkThat,
  listOf,
  objectOf,
  optional,
  whole,
  type Shape,
} from "../../base/checks.ts";

/** One copy between kernel and user memory. */
export interface CopyEvent {
  /** Bytes copied. */
  readonly bytes: number;
  /** Destination address modulo 64 (the user address of a copy to user, else the kernel buffer's). */
  readonly toAlign: number;
  /** Source address modulo 64 (the kernel buffer's address of a copy to user, else the user address). */
  readonly fromAlign: number;
}

/** Name, unit and meaning of every counter of one side. */
export const sideCounters = [
  {
    name: "functionEntries",
    unit: "calls",
    meaning: "entries of the function that does the accesses",
  },
  { name: "gets", unit: "accesses", meaning: "get_user and __get_user" },
  { name: "wideGets", unit: "accesses", meaning: "those of them that are 8 bytes wide" },
  { name: "puts", unit: "accesses", meaning: "put_user and __put_user" },
  { name: "widePuts", unit: "accesses", meaning: "those of them that are 8 bytes wide" },
  { name: "getRangeChecks", unit: "checks", meaning: "range checks executed for gets" },
  {
    name: "putRangeChecks",
    unit: "checks",
    meaning: "range checks executed for puts (a check the compiler drops is not executed)",
  },
  { name: "blockRangeChecks", unit: "checks", meaning: "range checks executed to open blocks" },
  { name: "copyRangeChecks", unit: "checks", meaning: "range checks executed for copies" },
  { name: "accessOpens", unit: "guard writes", meaning: "openings of the guard by gets and puts" },
  { name: "accessCloses", unit: "guard writes", meaning: "closings of the guard by gets and puts" },
  { name: "readBlocks", unit: "blocks", meaning: "blocks entered by user_read_access_begin" },
  {
    name: "writeBlocks",
    unit: "blocks",
    meaning: "blocks entered by user_write_access_begin or user_access_begin",
  },
  { name: "blockOpens", unit: "guard writes", meaning: "openings of the guard by and in blocks" },
  { name: "blockCloses", unit: "guard writes", meaning: "closings of the guard by and in blocks" },
  { name: "blockLoads", unit: "accesses", meaning: "unsafe_get_user" },
  { name: "wideBlockLoads", unit: "accesses", meaning: "those of them that are 8 bytes wide" },
  { name: "blockStores", unit: "accesses", meaning: "unsafe_put_user" },
  { name: "wideBlockStores", unit: "accesses", meaning: "those of them that are 8 bytes wide" },
  { name: "copyOpens", unit: "guard writes", meaning: "openings of the guard by copies" },
  { name: "copyCloses", unit: "guard writes", meaning: "closings of the guard by copies" },
  { name: "clears", unit: "calls", meaning: "clear_user" },
] as const;

/** Name of a counter of one side. */
export type SideCounter = (typeof sideCounters)[number]["name"];

/** What happened on one side of one call. Counts are whole numbers from 0. */
export type SideEvents = Readonly<Record<SideCounter, number>> & {
  readonly copiesFromUser: readonly CopyEvent[];
  readonly copiesToUser: readonly CopyEvent[];
};

/** Alignments are addresses modulo this many bytes. */
export const alignmentModulus = 64;

/** What a weight multiplies: a counter, or the number of entries of a copy list. */
export type CostEvent = SideCounter | "copiesFromUser" | "copiesToUser";

export const costEvents: readonly CostEvent[] = [
  ...sideCounters.map(({ name }) => name),
  "copiesFromUser",
  "copiesToUser",
];

/** Width of the task's addresses: some range checks take a shorter way for a 32-bit task. */
export type TaskBits = 32 | 64;

export const anyTaskBits = checkThat("32 or 64", (value) => value === 32 || value === 64);

/** What happened in one call. */
export interface CallEvents {
  readonly taskBits: TaskBits;
  readonly read: SideEvents;
  readonly write: SideEvents;
}

const count = whole(0, Number.MAX_SAFE_INTEGER);
/** An address modulo {@link alignmentModulus}. */
export const alignment = whole(0, alignmentModulus - 1);
const copies = listOf(
  objectOf<CopyEvent>({ bytes: count, toAlign: alignment, fromAlign: alignment }),
);

/** What a core can have counted on one side. */
const sideShape = {
  ...Object.fromEntries(sideCounters.map(({ name }) => [name, count])),
  copiesFromUser: copies,
  copiesToUser: copies,
} as Shape<SideEvents>;

const givenShape = Object.fromEntries(
  Object.entries(sideShape).map(([name, check]) => [name, optional(check)]),
) as Shape<SideEvents>;

/**
 * A side with the given events and none of any other kind.
 * @throws UsageError naming the event that no core can have counted
 */
export function sideEvents(events: Partial<SideEvents> = {}): SideEvents {
  checkOptions("events", events, givenShape as Shape<Partial<SideEvents>>);
  const none = Object.fromEntries(sideCounters.map(({ name }) => [name, 0]));
  return {
    ...(none as Record<SideCounter, number>),
    copiesFromUser: [],
    copiesToUser: [],
    ...events,
  };
}

/** How often `event` happened. */
export function countOf(events: SideEvents, event: CostEvent): number {
  const count = events[event];
  return typeof count === "number" ? count : count.length;
}

/** One side's events, and the events of one call. */
export const anySide = objectOf<SideEvents>(sideShape);
export const anyCall: Shape<CallEvents> = { taskBits: anyTaskBits, read: anySide, write: anySide };
