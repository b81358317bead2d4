import {
  GUARD,
  GUARD_CLOSED,
  GUARD_READ,
  GUARD_WRITE,
  PAGE_MASK,
  PAGE_SIZE,
  READ_TLB,
  WORD,
  WORD_MASK,
  WRITE_TLB,
} from "./layout.ts";
import { FAULT, fillRead, translateRead, translateWrite } from "./machine.ts";
import type { JsMachine } from "./machine.ts";
import { tlbSlot, wordKey } from "./tlb.ts";

/** The first address that is not the user's, 0x7FFF_FFFF_F000, in halves. */
const LIMIT_HI = 0x7fff;
const LIMIT_LO = 0xffff_f000;

/** Up to this many bytes a loop over words beats the call of `copyWithin`. */
const LOOP_MAX = 64;

export const EFAULT = -14;

/** Whether `size` bytes (below 2^31) from (lo, hi) are the user's; below the last 4 GiB they always are. */
export function accessOk(lo: number, hi: number, size: number): boolean {
  return hi >>> 0 < LIMIT_HI || (hi === LIMIT_HI && (lo >>> 0) + size <= LIMIT_LO);
}

/** Checks the range and opens a block of stores; false when the check fails. */
export function userWriteAccessBegin(m: JsMachine, lo: number, hi: number, size: number): boolean {
  if (!accessOk(lo, hi, size)) return false;
  m.words[GUARD] = GUARD_WRITE;
  return true;
}

/** Checks the range and opens a block of loads; false when the check fails. */
export function userReadAccessBegin(m: JsMachine, lo: number, hi: number, size: number): boolean {
  if (!accessOk(lo, hi, size)) return false;
  m.words[GUARD] = GUARD_READ;
  return true;
}

export function userAccessEnd(m: JsMachine): void {
  m.words[GUARD] = GUARD_CLOSED;
}

/** Stores four bytes inside a block of stores. 0 or -EFAULT. */
export function unsafePutUser(m: JsMachine, lo: number, hi: number, value: number): number {
  const w = m.words;
  const slot = WRITE_TLB + tlbSlot(lo);
  if (w[GUARD] === GUARD_WRITE && w[slot] === wordKey(w, lo, hi)) {
    w[(lo + w[slot + 1]!) >> 2] = value;
    return 0;
  }
  return putMissed(m, lo, hi, value);
}

/** Loads four bytes inside a block of loads; a fault reads as 0. */
export function unsafeGetUser(m: JsMachine, lo: number, hi: number): number {
  const w = m.words;
  const slot = READ_TLB + tlbSlot(lo);
  if (w[GUARD] === GUARD_READ && w[slot] === wordKey(w, lo, hi)) {
    return w[(lo + w[slot + 1]!) >> 2]!;
  }
  return getMissed(m, lo, hi);
}

/** `put_user` of four bytes: range check, open, store, close. 0 or -EFAULT. */
export function putUser(m: JsMachine, lo: number, hi: number, value: number): number {
  if (!accessOk(lo, hi, WORD)) return EFAULT;
  m.words[GUARD] = GUARD_WRITE;
  const result = unsafePutUser(m, lo, hi, value);
  m.words[GUARD] = GUARD_CLOSED;
  return result;
}

/**
 * Where a structure of `size` bytes lies in RAM, in words, when one translation serves all of it
 * (it is aligned and on one page); else -1, and each field is translated for itself.
 */
export function wholeStruct(m: JsMachine, lo: number, hi: number, size: number): number {
  if ((lo & PAGE_MASK) + size > PAGE_SIZE || (lo & WORD_MASK) !== 0) return -1;
  return translateWrite(m, lo, hi) >> 2;
}

/** Copies from RAM to the user in one guarded section. Returns how many bytes were not copied. */
export function copyToUser(
  m: JsMachine,
  lo: number,
  hi: number,
  from: number,
  size: number,
): number {
  if (!userWriteAccessBegin(m, lo, hi, size)) return size;
  const left =
    (lo & PAGE_MASK) + size <= PAGE_SIZE
      ? copyOnPage(m, lo, hi, from, size)
      : copyRuns(m, lo, hi, from, size);
  userAccessEnd(m);
  return left;
}

function copyOnPage(m: JsMachine, lo: number, hi: number, from: number, size: number): number {
  const to = translateWrite(m, lo, hi);
  if (to === FAULT) return size;
  moveBytes(m, to, from, size);
  return 0;
}

/** Copies run by run, a run being pages whose frames follow one another. */
function copyRuns(m: JsMachine, lo: number, hi: number, from: number, size: number): number {
  let left = size;
  while (left > 0) {
    const to = translateWrite(m, lo, hi);
    if (to === FAULT) return left;
    let run = Math.min(left, PAGE_SIZE - (lo & PAGE_MASK));
    while (run < left && translateWrite(m, (lo + run) | 0, carry(lo, hi, run)) === to + run) {
      run = Math.min(left, run + PAGE_SIZE);
    }
    moveBytes(m, to, from, run);
    hi = carry(lo, hi, run);
    lo = (lo + run) | 0;
    from += run;
    left -= run;
  }
  return 0;
}

/** The high half of (lo, hi) + `bytes`. */
export function carry(lo: number, hi: number, bytes: number): number {
  return (lo + bytes) >>> 0 < lo >>> 0 ? hi + 1 : hi;
}

/** Moves bytes inside the machine. */
export function moveBytes(m: JsMachine, to: number, from: number, size: number): void {
  if (size <= LOOP_MAX && ((to | from | size) & WORD_MASK) === 0) {
    moveWords(m.words, to >> 2, from >> 2, size >> 2);
  } else {
    m.bytes.copyWithin(to, from, from + size);
  }
}

function moveWords(words: Int32Array, to: number, from: number, count: number): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    words[to + i] = words[from + i]!;
    words[to + i + 1] = words[from + i + 1]!;
    words[to + i + 2] = words[from + i + 2]!;
    words[to + i + 3] = words[from + i + 3]!;
  }
  for (; i < count; i++) words[to + i] = words[from + i]!;
}

/** A store that missed: an aligned word needs one translation, any other word one for each end. */
function putMissed(m: JsMachine, lo: number, hi: number, value: number): number {
  const to = translateWrite(m, lo, hi);
  if (to === FAULT) return EFAULT;
  if ((lo & WORD_MASK) === 0) {
    m.words[to >> 2] = value;
    return 0;
  }
  const last = translateWrite(m, (lo + WORD - 1) | 0, carry(lo, hi, WORD - 1));
  if (last === FAULT) return EFAULT;
  putStraddling(m, to, last, value);
  return 0;
}

/** Stores byte by byte; the word may end on another frame than it starts on. */
function putStraddling(m: JsMachine, first: number, last: number, value: number): void {
  const onFirst = Math.min(WORD, PAGE_SIZE - (first & PAGE_MASK));
  for (let i = 0; i < WORD; i++) {
    m.bytes[i < onFirst ? first + i : last - (WORD - 1 - i)] = value >>> (8 * i);
  }
}

function getMissed(m: JsMachine, lo: number, hi: number): number {
  if ((lo & WORD_MASK) !== 0) return getMisaligned(m, lo, hi);
  const from = fillRead(m, lo, hi);
  return from === FAULT ? 0 : m.words[from >> 2]!;
}

function getMisaligned(m: JsMachine, lo: number, hi: number): number {
  const from = translateRead(m, lo, hi);
  const last = translateRead(m, (lo + WORD - 1) | 0, carry(lo, hi, WORD - 1));
  return from === FAULT || last === FAULT ? 0 : getStraddling(m, from, last);
}

function getStraddling(m: JsMachine, first: number, last: number): number {
  const onFirst = Math.min(WORD, PAGE_SIZE - (first & PAGE_MASK));
  let value = 0;
  for (let i = 0; i < WORD; i++) {
    value |= m.bytes[i < onFirst ? first + i : last - (WORD - 1 - i)]! << (8 * i);
  }
  return value;
}
