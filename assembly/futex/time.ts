import { EFAULT, EINVAL } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { Task } from "../mm/task";
import { copyFromUser } from "../uaccess/copy";
import { callScratch } from "./key";

/**
 * End times. The virtual clock counts nanoseconds since the machine was started, which is the monotonic clock; realtime
 * runs ahead of it by a fixed time.
 */
export const REALTIME_AHEAD_SECONDS: u32 = 1_700_000_000;

/** No time limit. */
export const NEVER: u64 = u64.MAX_VALUE;
/** KTIME_MAX: larger times are this one. */
const LATEST: u64 = i64.MAX_VALUE;

const NANOSECONDS: u64 = 1_000_000_000;
const LARGEST_SECONDS: u64 = LATEST / NANOSECONDS;
const REALTIME_AHEAD: u64 = (REALTIME_AHEAD_SECONDS as u64) * NANOSECONDS;

/** What a given time counts from. */
export const SINCE_NOW: u32 = 0;
export const SINCE_BOOT: u32 = 1;
export const SINCE_EPOCH: u32 = 2;

const TIMESPEC_BYTES: u32 = 16;

/**
 * get_timespec64: reads a struct timespec at `va` and makes it an end time on the machine's clock, in `cpu.value`: 0,
 * −EFAULT, or −EINVAL for a time that is none. The task remembers where it was, for a call that a signal has made again.
 */
export function readDeadline(cpu: Cpu, va: u64, since: u32): i32 {
  const task = changetype<Task>(cpu.task as usize);
  task.limitAt = va;
  task.limitSince = since;
  const spec = callScratch(cpu);
  if (copyFromUser(cpu, spec, va, TIMESPEC_BYTES) != 0) return -EFAULT;
  const seconds = load<u64>(spec);
  const nanoseconds = load<u64>(spec, 8);
  if ((seconds as i64) < 0 || nanoseconds >= NANOSECONDS) return -EINVAL;
  const given = seconds >= LARGEST_SECONDS ? LATEST : seconds * NANOSECONDS + nanoseconds;
  cpu.value = onMachineClock(given, since);
  return 0;
}

export function onMachineClock(given: u64, since: u32): u64 {
  if (since == SINCE_NOW) return min<u64>(given + header().nanoseconds, LATEST);
  if (since == SINCE_BOOT) return given;
  return given > REALTIME_AHEAD ? given - REALTIME_AHEAD : 0;
}

@inline
export function hasPassed(deadline: u64): bool {
  return deadline != NEVER && deadline <= header().nanoseconds;
}
