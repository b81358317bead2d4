import { describe, expect, test } from "vitest";
import { encodeWakeOp, type Operation } from "../../../src/index.ts";
import { WORDS } from "./threads.ts";
import { droppingPage, newBed, runTurns, type Bed, type Outcome } from "./turns.ts";

/**
 * A call changes a word while another CPU drops its page, at every yield point. The word is 0 again then, as in any
 * anonymous page: the call is done on that, in another round, and never ends in a fault.
 */

const SECOND = WORDS + 64;
const PRIVATE = 128;
const LOCK_PI = 6;
const TRYLOCK_PI = 8;
const FUTEX_CMP_REQUEUE = 4;
const WAKE_OP = 5;

/** What each call makes of a word of 0, given the number of its task. */
const calls = [
  ["WAKE_OP", { op: WAKE_OP, value: 1, value3: encodeWakeOp({ op: "add", oparg: 3 }) }, () => 3],
  ["WAKE_OP that only looks", { op: WAKE_OP, value3: encodeWakeOp({ op: "or" }) }, () => 0],
  ["LOCK_PI", { op: LOCK_PI }, (own: number) => own],
  ["TRYLOCK_PI", { op: TRYLOCK_PI }, (own: number) => own],
  ["CMP_REQUEUE", { op: FUTEX_CMP_REQUEUE, value3: 0 }, () => 0],
] as const;

function calling({ sleeper }: Bed, call: (typeof calls)[number][1], bits: number): Operation {
  // the second address of a WAKE_OP is the word that it changes
  const words =
    call.op === WAKE_OP
      ? { address: SECOND, address2: WORDS }
      : { address: WORDS, address2: SECOND };
  return sleeper.operation({ ...call, ...words, op: call.op | bits });
}

interface Dropped extends Outcome {
  /** Null where the page was dropped after the call had changed it. */
  readonly word: number | null;
}

/** The page is dropped after so many steps of the call. */
function droppedAfter(bed: Bed, call: () => Operation, before: number): Dropped {
  const outcome = runTurns(bed, call, () => [droppingPage(bed)], [before, Infinity, Infinity]);
  const { machine, sleeper } = bed;
  const linear = sleeper.task.linearOf(WORDS);
  return { ...outcome, word: linear === null ? null : machine.words[linear >>> 2]! };
}

describe.each([
  ["private", PRIVATE],
  ["shared", 0],
] as const)("a page that is dropped under a %s word", (_, bits) => {
  test.each(calls)("of %s: retry, then success", async (__, arguments_, made) => {
    const bed = await newBed();
    const call = (): Operation => calling(bed, arguments_, bits);
    const [length] = runTurns(bed, call, () => [], [Infinity, 0, 0]).steps;
    const outcomes = Array.from({ length: length + 1 }, (___, before) =>
      droppedAfter(bed, call, before),
    );
    expect(new Set(outcomes.map(({ slept }) => slept))).toEqual(new Set([0]));
    const kept = outcomes.filter(({ word }) => word !== null);
    expect(new Set(kept.map(({ word }) => word))).toEqual(new Set([made(bed.sleeper.task.id)]));
    expect(outcomes.some(({ fixups }) => fixups > 0)).toBe(true);
  });
});
