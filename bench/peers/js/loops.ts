import { SOURCE_SHIFT, STRUCTS, STRUCT_SHIFT } from "../../compatLayout.ts";
import { LINE_MASK, LINE_SHIFT, SHIFT_A, SHIFT_B, SHIFT_C } from "../../pageOrder.ts";
import { GENERATION, PAGE_SHIFT } from "./layout.ts";
import type { JsMachine } from "./machine.ts";
import { readRemote } from "./remote.ts";
import { writeBlock, writeCopies, writePerField } from "./syncPtr.ts";
import { dropRead, flushTlb } from "./tlb.ts";
import { compareExchangeUser } from "./exchange.ts";
import { copyToUser, unsafeGetUser, userAccessEnd, userReadAccessBegin } from "./uaccess.ts";

// The timed loops. One function for each, so that the compiler sees one kind of work in each; all
// return something of the results.

/** Where the loops of W1 write, and the kernel memory they read (addresses in RAM). */
export interface SyncPtrPlace {
  readonly lo: number;
  readonly hi: number;
  readonly source: number;
  readonly bounce: number;
}

export function loopPerField(m: JsMachine, place: SyncPtrPlace, n: number): number {
  const { lo, hi, source } = place;
  let result = 0;
  for (let i = 0; i < n; i++) {
    const k = i & (STRUCTS - 1);
    result |= writePerField(m, lo + (k << STRUCT_SHIFT), hi, (source + (k << SOURCE_SHIFT)) >> 2);
  }
  return result;
}

export function loopBlock(m: JsMachine, place: SyncPtrPlace, n: number): number {
  const { lo, hi, source } = place;
  let result = 0;
  for (let i = 0; i < n; i++) {
    const k = i & (STRUCTS - 1);
    result |= writeBlock(m, lo + (k << STRUCT_SHIFT), hi, (source + (k << SOURCE_SHIFT)) >> 2);
  }
  return result;
}

export function loopCopies(m: JsMachine, place: SyncPtrPlace, n: number): number {
  const { lo, hi, source, bounce } = place;
  let result = 0;
  for (let i = 0; i < n; i++) {
    const k = i & (STRUCTS - 1);
    const record = (source + (k << SOURCE_SHIFT)) >> 2;
    result |= writeCopies(m, lo + (k << STRUCT_SHIFT), hi, record, bounce);
  }
  return result;
}

export function loopCopyToUser(
  m: JsMachine,
  lo: number,
  hi: number,
  from: number,
  size: number,
  n: number,
): number {
  let left = 0;
  for (let i = 0; i < n; i++) left += copyToUser(m, lo, hi, from, size);
  return left;
}

export function loopReadRemote(
  m: JsMachine,
  root: number,
  lo: number,
  hi: number,
  to: number,
  size: number,
  n: number,
): number {
  let read = 0;
  for (let i = 0; i < n; i++) read = (read + readRemote(m, root, lo, hi, to, size)) | 0;
  return read;
}

function nextRandom(x: number): number {
  const a = x ^ (x << SHIFT_A);
  const b = a ^ (a >>> SHIFT_B);
  return b ^ (b << SHIFT_C);
}

/** Random reads in the 4 GiB from (0, hi), whatever the TLB holds. */
export function loopRead(
  m: JsMachine,
  hi: number,
  pageMask: number,
  seed: number,
  n: number,
): number {
  let x = seed;
  let sum = 0;
  userReadAccessBegin(m, 0, hi, 0);
  for (let i = 0; i < n; i++) {
    x = nextRandom(x);
    const page = x & pageMask;
    const lo = (page << PAGE_SHIFT) | ((page << LINE_SHIFT) & LINE_MASK);
    sum = (sum + unsafeGetUser(m, lo, hi)) | 0;
  }
  userAccessEnd(m);
  return sum;
}

/** As `loopRead`, with the page's own TLB entry dropped before each read. */
export function loopWalk(
  m: JsMachine,
  hi: number,
  pageMask: number,
  seed: number,
  n: number,
): number {
  let x = seed;
  let sum = 0;
  userReadAccessBegin(m, 0, hi, 0);
  for (let i = 0; i < n; i++) {
    x = nextRandom(x);
    const page = x & pageMask;
    const lo = (page << PAGE_SHIFT) | ((page << LINE_SHIFT) & LINE_MASK);
    dropRead(m.words, lo, hi);
    sum = (sum + unsafeGetUser(m, lo, hi)) | 0;
  }
  userAccessEnd(m);
  return sum;
}

/** Attempts to add one to a word, each of which expects what the one before saw: how many matched. */
export function loopExchange(m: JsMachine, lo: number, hi: number, n: number): number {
  let expected = 0;
  let matched = 0;
  for (let i = 0; i < n; i++) {
    const seen = compareExchangeUser(m, lo, hi, expected, (expected + 1) | 0);
    if (seen < 0) return seen;
    const match = seen === expected ? 1 : 0;
    matched += match;
    expected = seen + match;
  }
  return matched;
}

export function loopFlush(m: JsMachine, n: number): number {
  for (let i = 0; i < n; i++) flushTlb(m.words);
  return m.words[GENERATION]!;
}
