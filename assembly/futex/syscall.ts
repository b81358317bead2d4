import { ENOSYS } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { FLAG_KEEPS_END, FLAG_PRIVATE, FLAG_REALTIME, FLAG_SIZE_U32, MATCH_ANY } from "./flags";
import { futexLockPi, futexTryLockPi, futexUnlockPi } from "./lockPi";
import { futexCmpRequeue, futexRequeue } from "./requeue";
import { futexCmpRequeuePi, futexWaitRequeuePi } from "./requeuePi";
import { NEVER, SINCE_BOOT, SINCE_EPOCH, SINCE_NOW, readDeadline } from "./time";
import { futexWait } from "./wait";
import { futexWake, futexWakeOp } from "./wake";

/** futex(2): decoding (do_futex, kernel/futex/syscalls.c, 6.18). */
export const FUTEX_WAIT: u32 = 0;
export const FUTEX_WAKE: u32 = 1;
export const FUTEX_REQUEUE: u32 = 3;
export const FUTEX_CMP_REQUEUE: u32 = 4;
export const FUTEX_WAKE_OP: u32 = 5;
export const FUTEX_LOCK_PI: u32 = 6;
export const FUTEX_UNLOCK_PI: u32 = 7;
export const FUTEX_TRYLOCK_PI: u32 = 8;
export const FUTEX_WAIT_BITSET: u32 = 9;
export const FUTEX_WAKE_BITSET: u32 = 10;
export const FUTEX_WAIT_REQUEUE_PI: u32 = 11;
export const FUTEX_CMP_REQUEUE_PI: u32 = 12;
export const FUTEX_LOCK_PI2: u32 = 13;

const FLAG_BITS: u32 = FLAG_PRIVATE | FLAG_REALTIME;

/**
 * One system call. `timeout` is a pointer to a time for the commands that have one, else the second count in its low
 * half. What the command answers, BLOCKED, −errno.
 */
export function sysFutex(
  cpu: Cpu,
  va: u64,
  op: u32,
  value: u32,
  timeout: u64,
  va2: u64,
  value3: u32,
): i32 {
  const command = op & ~FLAG_BITS;
  const result = takeDeadline(cpu, command, op, timeout);
  if (result != 0) return result;
  const deadline = cpu.value;
  if ((op & FLAG_REALTIME) != 0 && !choosesClock(command)) return -ENOSYS;
  const flags = FLAG_SIZE_U32 | (op & FLAG_PRIVATE);
  const count2 = timeout as i32;
  switch (command) {
    case FUTEX_WAIT:
      return futexWait(cpu, va, flags | keepsEnd(deadline), value, deadline, MATCH_ANY);
    case FUTEX_WAIT_BITSET:
      return futexWait(cpu, va, flags | keepsEnd(deadline), value, deadline, value3);
    case FUTEX_WAKE:
      return futexWake(cpu, va, flags, value, MATCH_ANY);
    case FUTEX_WAKE_BITSET:
      return futexWake(cpu, va, flags, value, value3);
    case FUTEX_REQUEUE:
      return futexRequeue(cpu, va, flags, va2, value, count2);
    case FUTEX_CMP_REQUEUE:
      return futexCmpRequeue(cpu, va, flags, va2, value, count2, value3);
    case FUTEX_WAKE_OP:
      return futexWakeOp(cpu, va, flags, va2, value, count2, value3);
    case FUTEX_WAIT_REQUEUE_PI:
      return futexWaitRequeuePi(cpu, va, flags, value, deadline, va2);
    case FUTEX_CMP_REQUEUE_PI:
      return futexCmpRequeuePi(cpu, va, flags, va2, value, count2, value3);
    default:
      return lockCommand(cpu, va, command, flags, deadline);
  }
}

/** The calls of futex2 have an absolute end time always, and are made again as they were. */
@inline
function keepsEnd(deadline: u64): u32 {
  return deadline == NEVER ? 0 : FLAG_KEEPS_END;
}

/** The commands that have only the word of a lock. */
function lockCommand(cpu: Cpu, va: u64, command: u32, flags: u32, deadline: u64): i32 {
  switch (command) {
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
      return futexLockPi(cpu, va, flags, deadline);
    case FUTEX_TRYLOCK_PI:
      return futexTryLockPi(cpu, va, flags);
    case FUTEX_UNLOCK_PI:
      return futexUnlockPi(cpu, va, flags);
    default:
      return -ENOSYS;
  }
}

/** 0 with the time limit in `cpu.value`, NEVER for none; −errno. */
function takeDeadline(cpu: Cpu, command: u32, op: u32, timeout: u64): i32 {
  cpu.value = NEVER;
  if (timeout == 0 || !hasTimeout(command)) return 0;
  return readDeadline(cpu, timeout, sinceWhen(command, op));
}

/** True for a command that is one of a set, given as bits. */
@inline
function isOneOf(command: u32, set: u32): bool {
  return command < 32 && ((set >>> command) & 1) != 0;
}

function hasTimeout(command: u32): bool {
  const known =
    (1 << FUTEX_WAIT) |
    (1 << FUTEX_WAIT_BITSET) |
    (1 << FUTEX_LOCK_PI) |
    (1 << FUTEX_LOCK_PI2) |
    (1 << FUTEX_WAIT_REQUEUE_PI);
  return isOneOf(command, known);
}

/** Commands that leave the clock to the caller. */
function choosesClock(command: u32): bool {
  const known = (1 << FUTEX_WAIT_BITSET) | (1 << FUTEX_WAIT_REQUEUE_PI) | (1 << FUTEX_LOCK_PI2);
  return isOneOf(command, known);
}

function sinceWhen(command: u32, op: u32): u32 {
  if (command == FUTEX_WAIT) return SINCE_NOW;
  if (command == FUTEX_LOCK_PI) return SINCE_EPOCH;
  return (op & FLAG_REALTIME) != 0 ? SINCE_EPOCH : SINCE_BOOT;
}
