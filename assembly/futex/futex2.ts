import { EINVAL } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { Entry } from "./entry";
import { FLAG_SIZE_MASK, FLAG_SIZE_U32, FLAG_STRICT, isFlags2 } from "./flags";
import { callScratch } from "./key";
import { futexCmpRequeue } from "./requeue";
import { NEVER, SINCE_BOOT, SINCE_EPOCH, readDeadline } from "./time";
import { MOST_WAITERS, futexWaitVector, readWaiter } from "./vector";
import { futexWait } from "./wait";
import { futexWake } from "./wake";

/** The calls of futex2: futex_waitv, futex_wake, futex_wait, futex_requeue (kernel/futex/syscalls.c, 6.18). */

const CLOCK_REALTIME: u32 = 0;
const CLOCK_MONOTONIC: u32 = 1;

/** Words of 32 bits are all there is so far. */
@inline
function isUsable(flags: u32): bool {
  return isFlags2(flags) && (flags & FLAG_SIZE_MASK) == FLAG_SIZE_U32;
}

@inline
function fits(value: u64): bool {
  return value <= u32.MAX_VALUE;
}

/** The absolute end time that a pointer to one gives, in `cpu.value`: 0, −EINVAL, −EFAULT. */
function endTime(cpu: Cpu, timeout: u64, clock: u32): i32 {
  cpu.value = NEVER;
  if (timeout == 0) return 0;
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) return -EINVAL;
  return readDeadline(cpu, timeout, clock == CLOCK_REALTIME ? SINCE_EPOCH : SINCE_BOOT);
}

export function sysFutexWaitv(
  cpu: Cpu,
  list: u64,
  count: u32,
  flags: u32,
  timeout: u64,
  clock: u32,
): i32 {
  if (flags != 0 || count == 0 || count > MOST_WAITERS || list == 0) return -EINVAL;
  const result = endTime(cpu, timeout, clock);
  return result != 0 ? result : futexWaitVector(cpu, list, count, cpu.value);
}

export function sysFutexWake(cpu: Cpu, va: u64, mask: u64, count: i32, flags: u32): i32 {
  if (!isUsable(flags) || !fits(mask)) return -EINVAL;
  return futexWake(cpu, va, flags | FLAG_STRICT, count, mask as u32);
}

export function sysFutexWait(
  cpu: Cpu,
  va: u64,
  value: u64,
  mask: u64,
  flags: u32,
  timeout: u64,
  clock: u32,
): i32 {
  if (!isUsable(flags) || !fits(value) || !fits(mask)) return -EINVAL;
  const result = endTime(cpu, timeout, clock);
  if (result != 0) return result;
  return futexWait(cpu, va, flags, value as u32, cpu.value, mask as u32);
}

/** The pair of waiters is read onto the kernel stack, behind what reading one of them needs. */
const FIRST_AT: u32 = 32;

export function sysFutexRequeue(cpu: Cpu, pair: u64, flags: u32, wake: i32, requeue: i32): i32 {
  if (flags != 0 || pair == 0) return -EINVAL;
  const entry = changetype<Entry>(callScratch(cpu) + FIRST_AT);
  let result = readWaiter(cpu, pair, 0, entry);
  if (result != 0) return result;
  const va = entry.address;
  const expected = entry.expected;
  const wordFlags = entry.flags;
  result = readWaiter(cpu, pair, 1, entry);
  if (result != 0) return result;
  if (entry.flags != wordFlags) return -EINVAL;
  return futexCmpRequeue(cpu, va, wordFlags, entry.address, wake, requeue, expected);
}
