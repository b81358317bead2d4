/** What came of numbered periods on their way between a program and a device: which came in whose turn. */

import { BEGINNING_WORDS, notesAt } from "./virtioThreadsScript.ts";

/** A period that is not the one whose turn it was. */
export interface WrongPeriod {
  /** Its turn at the other end, from 1. */
  readonly turn: number;
  /** The number of the period whose turn it was: that of the turn, as long as no xrun dropped one. */
  readonly due: number;
  /** What was heard, or read: an earlier or later period, parts of two, or what was there before all of them. */
  readonly heard: number | "torn" | "nothing";
}

/** From a turn on, periods are due from a number on. */
export interface Beginning {
  readonly turn: number;
  readonly number: number;
}

export interface ThreadsOutcome {
  /** Periods that were heard, or read, those of nobody's turn too. */
  readonly played: number;
  readonly wrong: number;
  /** Of those, periods of which parts of two were heard. */
  readonly torn: number;
  /** Periods that an xrun dropped: nobody was to hear them. */
  readonly dropped: number;
  /** All others that were never heard, or read. */
  readonly unheard: number;
  /** The first of the wrong ones, and of those never heard. */
  readonly firstWrong: readonly WrongPeriod[];
  readonly firstUnheard: readonly number[];
}

const FIRST = 5;
const TORN = -1;

/** What the program wrote down: see {@link notesAt}. */
export interface Notes {
  readonly began: readonly Beginning[];
  readonly read: number;
  readonly late: number;
}

export function notesIn(words: Int32Array, notes: number): Notes {
  const first = notes >>> 2;
  const began = Array.from({ length: words[first + notesAt.beginnings]! }, (_, index) => {
    const place = first + notesAt.first + BEGINNING_WORDS * index;
    return { turn: words[place]!, number: words[place + 1]! };
  });
  return { began, read: words[first + notesAt.read]!, late: words[first + notesAt.late]! };
}

/** What was heard, turn by turn, of `count` periods. */
export function outcomeOf(
  heard: readonly number[],
  began: readonly Beginning[],
  count: number,
): ThreadsOutcome {
  const wrong: WrongPeriod[] = [];
  const known = new Set(heard);
  let beginning = 0;
  heard.forEach((number, index) => {
    const turn = index + 1;
    while (beginning + 1 < began.length && began[beginning + 1]!.turn <= turn) beginning += 1;
    const due = dueIn(began[beginning]!, turn);
    if (number !== due) wrong.push({ turn, due, heard: kindOf(number) });
  });
  const dropped = droppedBetween(began);
  for (const number of dropped) known.add(number);
  const unheard = Array.from({ length: count }, (_, at) => at + 1).filter((n) => !known.has(n));
  return {
    played: heard.length,
    wrong: wrong.length,
    torn: wrong.filter((period) => period.heard === "torn").length,
    dropped: dropped.length,
    unheard: unheard.length,
    firstWrong: wrong.slice(0, FIRST),
    firstUnheard: unheard.slice(0, FIRST),
  };
}

function dueIn(beginning: Beginning, turn: number): number {
  return beginning.number + turn - beginning.turn;
}

/** The numbers that nobody's turn is: between one beginning and the next. */
function droppedBetween(began: readonly Beginning[]): number[] {
  return began.slice(1).flatMap((next, index) => {
    const first = dueIn(began[index]!, next.turn);
    return Array.from({ length: next.number - first }, (_, at) => first + at);
  });
}

function kindOf(number: number): WrongPeriod["heard"] {
  if (number === TORN) return "torn";
  return number === 0 ? "nothing" : number;
}
