import { EAGAIN, EFAULT, EINTR, EINVAL } from "../base/errno";
import { attempts, compareExchangeLocked } from "../futex/atomic";
import { Cpu } from "../machine/cpu";
import { ACCESS_WRITE } from "../mm/fault";
import { faultInUser, faultInUserKillable } from "../mm/fixupFault";
import { fatalSignalPending } from "../mm/task";
import { EVENT_BLOCK, ORIGIN_BLOCK, emit, setOrigin } from "../study/events";
import { accessOkFixed } from "../uaccess/check";
import { closeExclusive, openExclusive } from "../uaccess/exclusive";
import { MATCH_ALL, MATCH_NONE, exclusiveExchange, isAligned } from "../uaccess/exclusiveSized";
import { DIRECTION_BOTH, DIRECTION_READ } from "../uaccess/guard";
import { pagefaultDisable, pagefaultEnable } from "../uaccess/nofault";
import { getSizedUnchecked } from "../uaccess/sized";

/**
 * cmpxchg_user_32/64 and xchg_user_32/64 of the UMCG patches (kernel/sched/umcg_uaccess.h, v0.6, 17 Sep 2021;
 * mm/maccess.c, v0.7, 12 Oct 2021) and of their review (28 Sep and 24 Nov 2021). One body; what a variant does in it, and
 * what it leaves out, is a number. The host's table puts the numbers together (src/systems/umcg/helpers.ts).
 *
 *   alignment → range → { page faults off → guard → access → guard → page faults on } → repair → once more
 */
export const STEP_ALIGNS_FIRST: u32 = 1 << 0; // a misaligned pointer is −EINVAL before anything else
export const STEP_FAULTS_OFF: u32 = 1 << 1; // the access is made with page faults disabled
export const STEP_RECHECKS: u32 = 1 << 2; // user_access_begin: each round checks the range again
export const STEP_BARRIER: u32 = 1 << 3; // the guard is opened as a block is, on x86 with a speculation barrier
export const STEP_REPAIRS: u32 = 1 << 4; // after a fault the page is repaired and the access made again
export const STEP_REPAIR_ALIGNS: u32 = 1 << 5; // only there is a misaligned pointer noticed
export const STEP_REPAIR_KILLABLE: u32 = 1 << 6; // a fatal signal ends the repair's wait for the mmap lock
export const STEP_BOUNDED: u32 = 1 << 7; // rounds end: by their number, a fatal signal, or the error of a repair
export const STEP_MISMATCH_AGAIN: u32 = 1 << 8; // −EAGAIN says that the word differed
export const STEP_MISMATCH_ONE: u32 = 1 << 9; // 1 says so
export const STEP_FIXUP_IN_VALUE: u32 = 1 << 10; // the exchange's fixup hits the register of the value
export const STEP_AS_FUTEX: u32 = 1 << 11; // not a helper of its own, but the futex's

/** Ours: after so many rounds a bounded form gives up with −EAGAIN. */
export const MOST_ROUNDS: u32 = 16;

/**
 * cmpxchg_user_N with MATCH_ALL, xchg_user_N with MATCH_NONE. 0 or −errno as the variant has it, with what stood there
 * in `cpu.value`; `given` where nothing was learned.
 */
export function exchangeUser(
  cpu: Cpu,
  va: u64,
  size: u32,
  given: u64,
  compared: u64,
  replacement: u64,
  steps: u32,
): i32 {
  const result = checkedExchange(cpu, va, size, given, compared, replacement, steps);
  if (result != 0) cpu.value = given;
  else if (((cpu.value ^ given) & compared) == 0) return 0;
  else if ((steps & STEP_MISMATCH_AGAIN) != 0) return -EAGAIN;
  else if ((steps & STEP_MISMATCH_ONE) != 0) return 1;
  return result;
}

/** 0 where the access was made, whether or not it matched. */
function checkedExchange(
  cpu: Cpu,
  va: u64,
  size: u32,
  given: u64,
  compared: u64,
  replacement: u64,
  steps: u32,
): i32 {
  setOrigin(cpu, ORIGIN_BLOCK);
  if ((steps & STEP_ALIGNS_FIRST) != 0 && !isAligned(va, size)) return -EINVAL;
  const asFutex = (steps & STEP_AS_FUTEX) != 0;
  if (!asFutex && !accessOkFixed(cpu, va, size, DIRECTION_BOTH)) return -EFAULT;
  let round: u32 = 0;
  while (true) {
    round += 1;
    const result = asFutex
      ? exchangeAsFutex(cpu, va, given, replacement)
      : oneRound(cpu, va, size, given, compared, replacement, steps);
    if (result == 0) return 0;
    const error = beforeNextRound(cpu, va, size, result, round, steps);
    if (error != 0) return error;
  }
}

/** Which checks the range itself; its word is known to be aligned. */
function exchangeAsFutex(cpu: Cpu, va: u64, given: u64, replacement: u64): i32 {
  if (!isAligned(va, 4)) return -EINVAL;
  const seen = compareExchangeLocked(cpu, va, given as u32, replacement as u32);
  if (seen < 0) return seen as i32;
  cpu.value = seen;
  return 0;
}

function oneRound(
  cpu: Cpu,
  va: u64,
  size: u32,
  given: u64,
  compared: u64,
  replacement: u64,
  steps: u32,
): i32 {
  const recheck = (steps & STEP_RECHECKS) != 0;
  if (recheck && !accessOkFixed(cpu, va, size, DIRECTION_BOTH)) return -EFAULT;
  if ((steps & STEP_BARRIER) != 0) emit(cpu, EVENT_BLOCK, va, DIRECTION_BOTH);
  if ((steps & STEP_FAULTS_OFF) != 0) pagefaultDisable(cpu);
  openExclusive(cpu, va);
  const bound = attempts(cpu);
  const result = exclusiveExchange(cpu, va, size, given, compared, replacement, bound);
  closeExclusive(cpu);
  if ((steps & STEP_FAULTS_OFF) != 0) pagefaultEnable(cpu);
  const lost = result == -EFAULT && compared == MATCH_NONE && (steps & STEP_FIXUP_IN_VALUE) != 0;
  if (!lost) return result;
  cpu.value = size == 4 ? (-EFAULT as u32 as u64) : (-EFAULT as i64 as u64);
  return 0;
}

/** What a round that failed leads to: 0 = the next one, or the answer. */
function beforeNextRound(cpu: Cpu, va: u64, size: u32, result: i32, round: u32, steps: u32): i32 {
  const bounded = (steps & STEP_BOUNDED) != 0;
  if (bounded && fatalSignalPending(cpu)) return -EINTR;
  if (bounded && round == MOST_ROUNDS) return -EAGAIN;
  if (bounded && result == -EAGAIN) return 0;
  if ((steps & STEP_REPAIRS) == 0) return result;
  const error = fixPagefault(cpu, va, ACCESS_WRITE, size, steps);
  if (error == 0) return 0;
  return bounded ? error : result; // as posted, the error of the repair is thrown away
}

/** fix_pagefault, or what the reviewers share with the futex: 0, −EINVAL, −EINTR, −EFAULT or −ENOMEM. */
export function fixPagefault(cpu: Cpu, va: u64, access: u32, size: u32, steps: u32): i32 {
  if ((steps & STEP_REPAIR_ALIGNS) != 0 && !isAligned(va, size)) return -EINVAL;
  if ((steps & STEP_REPAIR_KILLABLE) != 0) return faultInUserKillable(cpu, va, access);
  return faultInUser(cpu, va, access);
}

/** get_user_nosleep: 0 with the word in `cpu.value`, or −errno. */
export function getUserNosleep(cpu: Cpu, va: u64, size: u32, steps: u32): i32 {
  cpu.value = 0;
  if ((steps & STEP_ALIGNS_FIRST) != 0 && !isAligned(va, size)) return -EINVAL;
  if (!accessOkFixed(cpu, va, size, DIRECTION_READ)) return -EFAULT;
  pagefaultDisable(cpu);
  const result = getSizedUnchecked(cpu, va, size);
  pagefaultEnable(cpu);
  return result;
}

/** What a caller that knows its variant takes an answer for. */
export const EXCHANGE_DONE: i32 = 0;
export const EXCHANGE_DIFFERED: i32 = 1;

/**
 * A compare-and-exchange of a state word by the kernel's own code: done, differed with what stood there in
 * `cpu.value`, or −errno. Where −EAGAIN means only that nothing is known it is tried again; where it also means that the
 * word differed, it is taken for that.
 */
export function exchangeWord(cpu: Cpu, va: u64, size: u32, from: u64, to: u64, steps: u32): i32 {
  const told = (steps & STEP_MISMATCH_AGAIN) != 0;
  let result: i32 = -EAGAIN;
  for (let round: u32 = 0; round < MOST_ROUNDS && result == -EAGAIN; round++) {
    result = exchangeUser(cpu, va, size, from, MATCH_ALL, to, steps);
    if (told && result == -EAGAIN) return EXCHANGE_DIFFERED;
  }
  if (result < 0) return result;
  return cpu.value == from ? EXCHANGE_DONE : EXCHANGE_DIFFERED;
}
