import { PAGE_SIZE } from "./frames.ts";
import { FAULT, GUARD_CLOSED, GUARD_READ, GUARD_WRITE } from "./machine.ts";
import type { JsMachine } from "./machine.ts";

/** The first address that is not the user's, 0x7FFF_FFFF_F000, in halves. */
const LIMIT_HI = 0x7fff;
const LIMIT_LO = 0xffff_f000;

/** Up to this many bytes a loop over words beats the call of `copyWithin`. */
const LOOP_MAX = 64;
const WORD = 4;

export const EFAULT = -14;

/** Whether `size` bytes (below 2^31) from (lo, hi) are the user's; below the last 4 GiB they always are. */
export function accessOk(lo: number, hi: number, size: number): boolean {
  return hi >>> 0 < LIMIT_HI || (hi === LIMIT_HI && (lo >>> 0) + size <= LIMIT_LO);
}

/** Checks the range and opens a block of stores; false when the check fails. */
export function userWriteAccessBegin(m: JsMachine, lo: number, hi: number, size: number): boolean {
  if (!accessOk(lo, hi, size)) return false;
  m.guard[0] = GUARD_WRITE;
  return true;
}

/** Checks the range and opens a block of loads; false when the check fails. */
export function userReadAccessBegin(m: JsMachine, lo: number, hi: number, size: number): boolean {
  if (!accessOk(lo, hi, size)) return false;
  m.guard[0] = GUARD_READ;
  return true;
}

export function userAccessEnd(m: JsMachine): void {
  m.guard[0] = GUARD_CLOSED;
}

/** Stores four bytes inside a block of stores. 0 or -EFAULT. */
export function unsafePutUser(m: JsMachine, lo: number, hi: number, value: number): number {
  const tlb = m.writeTlb;
  const slot = tlb.slot(lo);
  if (m.guard[0] === GUARD_WRITE && tlb.words[slot] === tlb.wordKey(lo, hi)) {
    m.words[(lo + tlb.words[slot + 1]!) >> 2] = value;
    return 0;
  }
  return putMissed(m, lo, hi, value);
}

/** Loads four bytes inside a block of loads; a fault reads as 0. */
export function unsafeGetUser(m: JsMachine, lo: number, hi: number): number {
  const tlb = m.readTlb;
  const slot = tlb.slot(lo);
  if (m.guard[0] === GUARD_READ && tlb.words[slot] === tlb.wordKey(lo, hi)) {
    return m.words[(lo + tlb.words[slot + 1]!) >> 2]!;
  }
  return getMissed(m, lo, hi);
}

/** `put_user` of four bytes: range check, open, store, close. 0 or -EFAULT. */
export function putUser(m: JsMachine, lo: number, hi: number, value: number): number {
  if (!accessOk(lo, hi, WORD)) return EFAULT;
  m.guard[0] = GUARD_WRITE;
  const result = unsafePutUser(m, lo, hi, value);
  m.guard[0] = GUARD_CLOSED;
  return result;
}

/**
 * Where a structure of `size` bytes lies in RAM, in words, when one translation serves all of it
 * (it is aligned and on one page); else -1, and each field is translated for itself.
 */
export function wholeStruct(m: JsMachine, lo: number, hi: number, size: number): number {
  if ((lo & (PAGE_SIZE - 1)) + size > PAGE_SIZE || (lo & (WORD - 1)) !== 0) return -1;
  return m.translateWrite(lo, hi) >> 2;
}

/** Copies from RAM to the user in one guarded section. Returns how many bytes were not copied. */
export function copyToUser(m: JsMachine, lo: number, hi: number, from: number, size: number): number {
  if (!userWriteAccessBegin(m, lo, hi, size)) return size;
  const left = copyRuns(m, lo, hi, from, size);
  userAccessEnd(m);
  return left;
}

/** Copies run by run, a run being pages whose frames follow one another. */
function copyRuns(m: JsMachine, lo: number, hi: number, from: number, size: number): number {
  let left = size;
  while (left > 0) {
    const to = m.translateWrite(lo, hi);
    if (to === FAULT) return left;
    let run = Math.min(left, PAGE_SIZE - (lo & (PAGE_SIZE - 1)));
    while (run < left && m.translateWrite((lo + run) | 0, carry(lo, hi, run)) === to + run) {
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
function carry(lo: number, hi: number, bytes: number): number {
  return (lo + bytes) >>> 0 < lo >>> 0 ? hi + 1 : hi;
}

function moveBytes(m: JsMachine, to: number, from: number, size: number): void {
  if (size > LOOP_MAX || ((to | from | size) & (WORD - 1)) !== 0) {
    m.bytes.copyWithin(to, from, from + size);
    return;
  }
  const words = m.words;
  const offset = (from - to) >> 2;
  const end = (to + size) >> 2;
  for (let i = to >> 2; i < end; i++) words[i] = words[i + offset]!;
}

/** A store that missed: an aligned word needs one translation, any other word one for each end. */
function putMissed(m: JsMachine, lo: number, hi: number, value: number): number {
  const to = m.translateWrite(lo, hi);
  if (to === FAULT) return EFAULT;
  if ((lo & (WORD - 1)) === 0) {
    m.words[to >> 2] = value;
    return 0;
  }
  const last = m.translateWrite((lo + WORD - 1) | 0, carry(lo, hi, WORD - 1));
  if (last === FAULT) return EFAULT;
  putStraddling(m, to, last, value);
  return 0;
}

/** Stores byte by byte; the word may end on another frame than it starts on. */
function putStraddling(m: JsMachine, first: number, last: number, value: number): void {
  const onFirst = Math.min(WORD, PAGE_SIZE - (first & (PAGE_SIZE - 1)));
  for (let i = 0; i < WORD; i++) {
    m.bytes[i < onFirst ? first + i : last - (WORD - 1 - i)] = value >>> (8 * i);
  }
}

function getMissed(m: JsMachine, lo: number, hi: number): number {
  const from = m.translateRead(lo, hi);
  if ((lo & (WORD - 1)) === 0) return from === FAULT ? 0 : m.words[from >> 2]!;
  const last = m.translateRead((lo + WORD - 1) | 0, carry(lo, hi, WORD - 1));
  return from === FAULT || last === FAULT ? 0 : getStraddling(m, from, last);
}

function getStraddling(m: JsMachine, first: number, last: number): number {
  const onFirst = Math.min(WORD, PAGE_SIZE - (first & (PAGE_SIZE - 1)));
  let value = 0;
  for (let i = 0; i < WORD; i++) {
    value |= m.bytes[i < onFirst ? first + i : last - (WORD - 1 - i)]! << (8 * i);
  }
  return value;
}
