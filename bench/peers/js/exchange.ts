import { GUARD, GUARD_CLOSED, GUARD_WRITE, WORD, WORD_MASK, WRITE_TLB } from "./layout.ts";
import { FAULT, translateWrite } from "./machine.ts";
import type { JsMachine } from "./machine.ts";
import { tlbSlot, wordKey } from "./tlb.ts";
import { accessOk, EFAULT } from "./uaccess.ts";

/**
 * `cmpxchg` of an aligned word of the user's, on shared memory: range check, open, `Atomics`, close. What stood there
 * (counted from 0 to 2^32 - 1), or -EFAULT, for a misaligned word too.
 */
export function compareExchangeUser(
  m: JsMachine,
  lo: number,
  hi: number,
  expected: number,
  replacement: number,
): number {
  const w = m.words;
  if (!accessOk(lo, hi, WORD)) return EFAULT;
  w[GUARD] = GUARD_WRITE;
  const slot = WRITE_TLB + tlbSlot(lo);
  const address = w[slot] === wordKey(w, lo, hi) ? (lo + w[slot + 1]!) | 0 : missed(m, lo, hi);
  const result =
    address === FAULT
      ? EFAULT
      : Atomics.compareExchange(w, address >> 2, expected, replacement) >>> 0;
  w[GUARD] = GUARD_CLOSED;
  return result;
}

function missed(m: JsMachine, lo: number, hi: number): number {
  return (lo & WORD_MASK) === 0 ? translateWrite(m, lo, hi) : FAULT;
}
