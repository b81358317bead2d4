import { UsageError } from "./errors.ts";
import { shown } from "./shown.ts";

/** How many names a message offers as "did you mean". */
const MOST_SUGGESTIONS = 3;

/** Up to this many valid names a message lists them all; with more it counts the rest. */
const MOST_LISTED = 12;

/**
 * The number of single-character insertions, deletions, replacements and swaps of neighbours that turn `from` into
 * `to` (the optimal string alignment distance: no substring is edited twice).
 */
export function editDistance(from: string, to: string): number {
  // Three rolling rows of the usual table: a swap of neighbours looks two rows back.
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = last[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      const best = Math.min(replaced, last[column]! + 1, current[column - 1]! + 1);
      const isSwap =
        row > 1 &&
        column > 1 &&
        from[row - 1] === to[column - 2] &&
        from[row - 2] === to[column - 1];
      current.push(isSwap ? Math.min(best, beforeLast[column - 2]! + 1) : best);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}

/**
 * The names of `valid` that `input` may have been meant for, best first, at most three; empty when none is close.
 * Letter case is ignored. A name that contains the input counts as one edit away, so `8xx` finds `powerpc-8xx`.
 */
export function nearestNames(input: string, valid: readonly string[]): string[] {
  const wanted = input.toLowerCase();
  if (wanted === "") return [];
  const mostEdits = Math.max(1, Math.floor(wanted.length / 3));
  return valid
    .map((name) => ({ name, edits: editsBetween(wanted, name.toLowerCase()) }))
    .filter((candidate) => candidate.edits <= mostEdits)
    .sort((a, b) => a.edits - b.edits)
    .slice(0, MOST_SUGGESTIONS)
    .map((candidate) => candidate.name);
}

function editsBetween(wanted: string, name: string): number {
  const edits = editDistance(wanted, name);
  return name.includes(wanted) ? Math.min(edits, 1) : edits;
}

/**
 * The error for a name that is not one of `valid`: it says which argument, repeats the name, and offers the nearest
 * valid ones, in one line.
 */
export function unknownName(argument: string, name: string, valid: readonly string[]): UsageError {
  const problem = `${shown(name)} is unknown${suggestion(name, valid)}`;
  return new UsageError({ argument, problem, valid: listNames(valid) });
}

/** The error for an option that is not one of `valid`: it is the argument itself. */
export function unknownOption(
  argument: string,
  name: string,
  valid: readonly string[],
): UsageError {
  const problem = `is no option${suggestion(name, valid)}`;
  return new UsageError({ argument, problem, valid: listNames(valid) });
}

function suggestion(name: string, valid: readonly string[]): string {
  const near = nearestNames(name, valid);
  return near.length > 0 ? ` (did you mean ${near.join(" or ")}?)` : "";
}

function listNames(names: readonly string[]): string {
  const listed = names.slice(0, MOST_LISTED).join(", ");
  const rest = names.length - MOST_LISTED;
  return rest > 0 ? `${listed} and ${rest} more` : listed;
}

/**
 * `name`, known to be one of `valid`.
 * @throws UsageError naming the argument and the nearest valid names
 */
export function oneOf<Name extends string>(
  argument: string,
  name: unknown,
  valid: readonly Name[],
): Name {
  const found = valid.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  if (typeof name === "string") throw unknownName(argument, name, valid);
  throw new UsageError({ argument, problem: `is ${shown(name)}`, valid: listNames(valid) });
}
