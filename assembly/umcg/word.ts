import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { Task } from "../mm/task";
import { getSized } from "../uaccess/sized";
import { exchangeWord, getUserNosleep } from "./helpers";
import {
  UMCG_AT_IDLE_SERVER,
  UMCG_AT_IDLE_WORKERS,
  UMCG_AT_NEXT_TID,
  UMCG_AT_STATE,
  UMCG_LOCKED,
  UMCG_LOCKED_7,
  UMCG_NEXT_TID_LATER,
  UMCG_POINTERS_LATER,
  UMCG_PREEMPTED,
  UMCG_PREEMPTED_7,
  UMCG_STATE_MASK,
  UMCG_STATE_MASK_7,
  UMCG_TIME_GRANULARITY,
  UMCG_TIME_SHIFT,
  UMCG_VERSION_7,
} from "./state";

/** A task's struct umcg_task and its state word, by the version with which the task was registered. */

/** Its state word has 64 bits, with the time of its last change. */
export function isTimed(task: Task): bool {
  return task.umcgVersion == UMCG_VERSION_7;
}

export function nextTidOf(task: Task): u64 {
  return task.umcg + UMCG_AT_NEXT_TID + (isTimed(task) ? UMCG_NEXT_TID_LATER : 0);
}

export function idleWorkersOf(task: Task): u64 {
  return task.umcg + UMCG_AT_IDLE_WORKERS + (isTimed(task) ? UMCG_POINTERS_LATER : 0);
}

export function idleServerOf(task: Task): u64 {
  return task.umcg + UMCG_AT_IDLE_SERVER + (isTimed(task) ? UMCG_POINTERS_LATER : 0);
}

function wordBytes(task: Task): u32 {
  return isTimed(task) ? 8 : 4;
}

function stateMask(task: Task): u32 {
  return isTimed(task) ? UMCG_STATE_MASK_7 : UMCG_STATE_MASK;
}

export function stateIn(task: Task, word: u64): u32 {
  return (word as u32) & stateMask(task);
}

export function lockedIn(task: Task): u64 {
  return isTimed(task) ? UMCG_LOCKED_7 : UMCG_LOCKED;
}

export function preemptedIn(task: Task): u64 {
  return isTimed(task) ? UMCG_PREEMPTED_7 : UMCG_PREEMPTED;
}

/** The word in another state, with its flags. */
export function withState(task: Task, word: u64, state: u32): u64 {
  return (word & ~(stateMask(task) as u64)) | state;
}

/** What the word says, whenever it came to say so. */
export function withoutTime(task: Task, word: u64): u64 {
  return isTimed(task) ? word & ((1 << UMCG_TIME_SHIFT) - 1) : word;
}

/** A task's state word in `cpu.value`; where nobody may sleep without a fault. 0 or −errno. */
export function readWord(cpu: Cpu, task: Task, steps: u32): i32 {
  const at = task.umcg + UMCG_AT_STATE;
  if (cpu.preemptDisabled != 0) return getUserNosleep(cpu, at, wordBytes(task), steps);
  return getSized(cpu, at, wordBytes(task));
}

/** Makes one word of the other: EXCHANGE_*, or −errno. */
export function changeWord(cpu: Cpu, task: Task, from: u64, to: u64, steps: u32): i32 {
  const changed = isTimed(task) ? timed(from, to) : to;
  return exchangeWord(cpu, task.umcg + UMCG_AT_STATE, wordBytes(task), from, changed, steps);
}

/**
 * umcg_update_state: the word with the time of its change, which is never that of the word before; of times whose upper
 * bits do not fit, the lower ones.
 */
function timed(before: u64, word: u64): u64 {
  const bits = 64 - UMCG_TIME_SHIFT;
  let time = (header().nanoseconds >> UMCG_TIME_GRANULARITY) & (((1 as u64) << bits) - 1);
  if (time == before >> UMCG_TIME_SHIFT) time += 1;
  return (time << UMCG_TIME_SHIFT) | (word & ((1 << UMCG_TIME_SHIFT) - 1));
}
