import { EFAULT, EINVAL, ENOMEM, ERESTARTSYS, ETIMEDOUT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { signalPending } from "../mm/signal";
import { copyFromUser } from "../uaccess/copy";
import { getSized } from "../uaccess/sized";
import {
  CALL_VECTOR,
  FutexCall,
  beAboutToSleep,
  callAt,
  endCall,
  entryOf,
  needNotSleep,
  newCall,
  sleepIn,
  taskOn,
} from "./call";
import { Entry, keyOf, unqueueOwn } from "./entry";
import { FLAG_PRIVATE, FLAG_SIZE_MASK, FLAG_SIZE_U32, MATCH_ANY, isFlags2 } from "./flags";
import { INTENT_READ, callScratch, getKey } from "./key";
import { hasPassed } from "./time";
import { FAULTED, describeWait, queueIfEqual } from "./wait";

/** futex_waitv: a sleep on several words (kernel/futex/waitwake.c, syscalls.c, 6.18). */

export const MOST_WAITERS: u32 = 128;

/**
 * struct futex_waitv as the program gives it; the list may lie anywhere.
 *
 *   0       8        16       20        24
 *   ┌───────┬────────┬────────┬─────────┐
 *   │value  │address │flags   │reserved │
 *   └───────┴────────┴────────┴─────────┘
 */
@unmanaged
class Waiter {
  value: u64;
  address: u64;
  flags: u32;
  reserved: u32;
}

const WAITER_BYTES: u32 = offsetof<Waiter>();

/** Reads and checks waiter number `index` of a list into an entry: 0, −EFAULT, −EINVAL. */
export function readWaiter(cpu: Cpu, list: u64, index: u32, entry: Entry): i32 {
  const waiter = changetype<Waiter>(callScratch(cpu));
  const at = list + index * WAITER_BYTES;
  if (copyFromUser(cpu, changetype<usize>(waiter), at, WAITER_BYTES) != 0) return -EFAULT;
  if (!isFlags2(waiter.flags) || waiter.reserved != 0) return -EINVAL;
  if ((waiter.flags & FLAG_SIZE_MASK) != FLAG_SIZE_U32) return -EINVAL;
  if (waiter.value > u32.MAX_VALUE) return -EINVAL;
  describeWait(entry, waiter.address, waiter.flags, waiter.value as u32, MATCH_ANY);
  return 0;
}

/** Sleeps until one of the words is woken: the index of a woken one, BLOCKED, −errno. */
export function futexWaitVector(cpu: Cpu, list: u64, count: u32, deadline: u64): i32 {
  const address = newCall(cpu, CALL_VECTOR, count);
  if (address == 0) return -ENOMEM;
  const call = callAt(address);
  call.deadline = deadline;
  call.target = list;
  return startVector(cpu, call);
}

/** The first half, from reading the list on. */
export function startVector(cpu: Cpu, call: FutexCall): i32 {
  let result: i32 = 0;
  for (let index: u32 = 0; index < call.count && result == 0; index++) {
    result = readWaiter(cpu, call.target, index, entryOf(call, index));
  }
  if (result != 0) return endCall(call, result);
  return waitForAll(cpu, call);
}

function waitForAll(cpu: Cpu, call: FutexCall): i32 {
  const woken = setUpAll(cpu, call);
  if (woken != ALL_QUEUED) return endCall(call, woken);
  return needNotSleep(taskOn(cpu), call) ? finishVector(cpu, call) : sleepIn(taskOn(cpu), call);
}

/** Not an index, not an errno. */
const ALL_QUEUED: i32 = i32.MAX_VALUE;
const NONE_WOKEN: i32 = -1;

/** futex_wait_multiple_setup: ALL_QUEUED, the index of one that was woken meanwhile, or −errno. */
function setUpAll(cpu: Cpu, call: FutexCall): i32 {
  let result = getKeys(cpu, call, false);
  while (result == 0) {
    beAboutToSleep(taskOn(cpu));
    let index: u32 = 0;
    while (index < call.count && result == 0) {
      result = queueIfEqual(cpu, entryOf(call, index));
      if (result == 0) index += 1;
    }
    if (result == 0) return ALL_QUEUED;
    const woken = unqueueFirst(cpu, call, index);
    if (woken != NONE_WOKEN) return woken;
    if (result != FAULTED) return result;
    result = getSized(cpu, entryOf(call, index).address, 4);
    if (result == 0) result = getKeys(cpu, call, true);
  }
  return result;
}

/** All keys in order; another try keeps those of private futexes. */
function getKeys(cpu: Cpu, call: FutexCall, again: bool): i32 {
  for (let index: u32 = 0; index < call.count; index++) {
    const entry = entryOf(call, index);
    if (again && (entry.flags & FLAG_PRIVATE) != 0) continue;
    const result = getKey(cpu, entry.address, entry.flags, INTENT_READ, keyOf(entry));
    if (result != 0) return result;
  }
  return 0;
}

/** futex_unqueue_multiple: takes off the first `count`; the highest index of those that were woken before. */
function unqueueFirst(cpu: Cpu, call: FutexCall, count: u32): i32 {
  let woken = NONE_WOKEN;
  for (let index: u32 = 0; index < count; index++) {
    if (!unqueueOwn(cpu, entryOf(call, index))) woken = index;
  }
  return woken;
}

/** The second half. */
export function finishVector(cpu: Cpu, call: FutexCall): i32 {
  const woken = unqueueFirst(cpu, call, call.count);
  if (woken != NONE_WOKEN) return endCall(call, woken);
  if (hasPassed(call.deadline)) return endCall(call, -ETIMEDOUT);
  return signalPending(taskOn(cpu)) ? -ERESTARTSYS : waitForAll(cpu, call);
}
