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

/** What a weight multiplies: a counter, or the number of entries of a copy list. */
export type CostEvent = SideCounter | "copiesFromUser" | "copiesToUser";

/** Width of the task's addresses: some range checks take a shorter way for a 32-bit task. */
export type TaskBits = 32 | 64;

/** What happened in one call. */
export interface CallEvents {
  readonly taskBits: TaskBits;
  readonly read: SideEvents;
  readonly write: SideEvents;
}

/** A side with the given events and none of any other kind. */
export function sideEvents(events: Partial<SideEvents> = {}): SideEvents {
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

/**
 * Refuses counts that no core can have counted.
 * @throws RangeError naming the counter, its value and what is valid
 */
export function checkSideEvents(events: SideEvents): void {
  for (const { name } of sideCounters) requireWhole(name, events[name], Number.MAX_SAFE_INTEGER);
  for (const list of ["copiesFromUser", "copiesToUser"] as const) {
    events[list].forEach((copy, index) => {
      requireWhole(`${list}[${index}].bytes`, copy.bytes, Number.MAX_SAFE_INTEGER);
      requireWhole(`${list}[${index}].toAlign`, copy.toAlign, alignmentModulus - 1);
      requireWhole(`${list}[${index}].fromAlign`, copy.fromAlign, alignmentModulus - 1);
    });
  }
}

/** Alignments are addresses modulo this many bytes. */
export const alignmentModulus = 64;

function requireWhole(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`${name} is ${value}; it must be a whole number from 0 to ${most}`);
}
