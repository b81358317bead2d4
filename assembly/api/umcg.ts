import { BLOCKED, EINVAL } from "../base/errno";
import { SINCE_EPOCH, onMachineClock } from "../futex/time";
import { Task } from "../mm/task";
import { checkClosedAtReturn, checkClosedAtSleep } from "../uaccess/block";
import { MATCH_ALL, MATCH_NONE } from "../uaccess/exclusiveSized";
import { Cpu, cpuAt } from "../machine/cpu";
import { umcgControl as control } from "../umcg/control";
import { exchangeUser, fixPagefault, getUserNosleep } from "../umcg/helpers";
import { umcgWait as wait } from "../umcg/idle";
import { workerReturns, workerSleeps, workerTimesOut } from "../umcg/transitions";
import { enter, leave } from "./entry";
import { wide } from "./tasks";

/**
 * The UMCG helpers and hooks, by the task that runs on a CPU. Addresses and words come as (low, high) halves; what a
 * helper read is the value read (readValueLow, readValueHigh). `steps` are STEP_*.
 */

function close(cpu: Cpu, result: i32): i32 {
  checkClosedAtReturn(cpu);
  return leave(cpu, result);
}

@inline
function isWord(size: u32): bool {
  return size == 4 || size == 8;
}

@inline
function fitted(value: u64, size: u32): u64 {
  return size == 4 ? value & u32.MAX_VALUE : value;
}

/** cmpxchg_user_N: 0, 1 or −errno by the variant; −EINVAL for a size that is neither 4 nor 8. */
export function umcgCompareExchange(
  index: u32,
  lo: u32,
  hi: u32,
  size: u32,
  expectedLo: u32,
  expectedHi: u32,
  replacementLo: u32,
  replacementHi: u32,
  steps: u32,
): i32 {
  if (!isWord(size)) return -EINVAL;
  const cpu = enter(index);
  const expected = fitted(wide(expectedLo, expectedHi), size);
  const replacement = fitted(wide(replacementLo, replacementHi), size);
  const va = wide(lo, hi);
  return close(cpu, exchangeUser(cpu, va, size, expected, MATCH_ALL, replacement, steps));
}

/** xchg_user_N. */
export function umcgExchange(
  index: u32,
  lo: u32,
  hi: u32,
  size: u32,
  replacementLo: u32,
  replacementHi: u32,
  steps: u32,
): i32 {
  if (!isWord(size)) return -EINVAL;
  const cpu = enter(index);
  const value = fitted(wide(replacementLo, replacementHi), size);
  return close(cpu, exchangeUser(cpu, wide(lo, hi), size, value, MATCH_NONE, value, steps));
}

/** get_user_nosleep. */
export function umcgGetUser(index: u32, lo: u32, hi: u32, size: u32, steps: u32): i32 {
  if (!isWord(size)) return -EINVAL;
  const cpu = enter(index);
  return close(cpu, getUserNosleep(cpu, wide(lo, hi), size, steps));
}

/** fix_pagefault; `access` is ACCESS_READ or ACCESS_WRITE. */
export function umcgFixPagefault(
  index: u32,
  lo: u32,
  hi: u32,
  access: u32,
  size: u32,
  steps: u32,
): i32 {
  if (!isWord(size)) return -EINVAL;
  const cpu = enter(index);
  return close(cpu, fixPagefault(cpu, wide(lo, hi), access, size, steps));
}

/** umcg_ctl; `version` is UMCG_VERSION_*. */
export function umcgControl(index: u32, flags: u32, lo: u32, hi: u32, version: u32): i32 {
  const cpu = enter(index);
  return close(cpu, control(cpu, flags, wide(lo, hi), version));
}

export const HOOK_SLEEPS: u32 = 0;
export const HOOK_RETURNS: u32 = 1;
export const HOOK_TIMES_OUT: u32 = 2;

/** One of the kernel's hooks for the CPU's task. */
export function umcgHook(index: u32, hook: u32, steps: u32): i32 {
  const cpu = enter(index);
  const task = changetype<Task>(cpu.task as usize);
  if (hook == HOOK_SLEEPS) return close(cpu, workerSleeps(cpu, task, steps));
  if (hook == HOOK_RETURNS) return close(cpu, workerReturns(cpu, task, steps));
  return close(cpu, workerTimesOut(cpu, task, steps));
}

/** umcg_wait of the CPU's task until a moment of the realtime clock, 0 for none: 0, BLOCKED, −errno. */
export function umcgWait(index: u32, endLo: u32, endHi: u32, steps: u32): i32 {
  const cpu = enter(index);
  const end = wide(endLo, endHi);
  // a moment before the machine was started is as good as its first: 0 would be none
  const deadline = end == 0 ? 0 : max<u64>(onMachineClock(end, SINCE_EPOCH), 1);
  return closeAsleep(cpu, wait(cpu, changetype<Task>(cpu.task as usize), deadline, steps));
}

function closeAsleep(cpu: Cpu, result: i32): i32 {
  if (result != BLOCKED) return close(cpu, result);
  checkClosedAtSleep(cpu);
  return leave(cpu, result);
}

/** n compare-and-exchanges that add one, for measuring: how many matched. */
export function measureUmcg(index: u32, lo: u32, hi: u32, size: u32, steps: u32, n: u32): u32 {
  const cpu = cpuAt(index);
  const va = wide(lo, hi);
  let expected: u64 = 0;
  let matched: u32 = 0;
  enter(index);
  for (let done: u32 = 0; done < n; done++) {
    const next = fitted(expected + 1, size);
    if (exchangeUser(cpu, va, size, expected, MATCH_ALL, next, steps) == 0) matched += 1;
    expected = cpu.value == expected ? next : cpu.value;
  }
  leave(cpu, 0);
  return matched;
}
