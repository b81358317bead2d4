import {
  EAGAIN,
  EINVAL,
  ENOMEM,
  ERESTARTSYS,
  ERESTART_RESTARTBLOCK,
  ETIMEDOUT,
} from "../base/errno";
import { Cpu } from "../machine/cpu";
import { step } from "../mm/shootdown";
import { signalPending } from "../mm/signal";
import { getSized } from "../uaccess/sized";
import { readWordLocked } from "./atomic";
import {
  CALL_WAIT,
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
import {
  Entry,
  keyOf,
  lockForQueue,
  queueEntry,
  targetOf,
  unlockUnqueued,
  unqueueOwn,
} from "./entry";
import { Bucket, countsLate, dropWaiter, expectWaiter, unlockBucket } from "./bucket";
import { FLAG_KEEPS_END, FLAG_PRIVATE } from "./flags";
import { INTENT_READ, getKey, sameKey } from "./key";
import { hasPassed } from "./time";

/** FUTEX_WAIT and FUTEX_WAIT_BITSET (kernel/futex/waitwake.c, 6.18). */

/** Sleeps until a wake, as long as the word is `expected`: 0, BLOCKED, or −errno. */
export function futexWait(
  cpu: Cpu,
  va: u64,
  flags: u32,
  expected: u32,
  deadline: u64,
  bitset: u32,
): i32 {
  if (bitset == 0) return -EINVAL;
  const address = newCall(cpu, CALL_WAIT, 1);
  if (address == 0) return -ENOMEM;
  const call = callAt(address);
  call.deadline = deadline;
  describeWait(entryOf(call), va, flags, expected, bitset);
  return startWait(cpu, call);
}

/** The first half, from the key on. */
export function startWait(cpu: Cpu, call: FutexCall): i32 {
  const result = setUpWait(cpu, entryOf(call));
  if (result != 0) return endCall(call, result);
  const task = taskOn(cpu);
  return needNotSleep(task, call) ? finishWait(cpu, call) : sleepIn(task, call);
}

export function describeWait(entry: Entry, va: u64, flags: u32, expected: u32, bitset: u32): void {
  entry.address = va;
  entry.flags = flags;
  entry.expected = expected;
  entry.bitset = bitset;
}

/** futex_wait_setup: 0 with the entry queued, or −errno. */
export function setUpWait(cpu: Cpu, entry: Entry): i32 {
  let result = getKey(cpu, entry.address, entry.flags, INTENT_READ, keyOf(entry));
  while (result == 0) {
    const fault = queueIfEqual(cpu, entry);
    if (fault != FAULTED) return fault;
    result = getSized(cpu, entry.address, 4);
    if (result == 0 && (entry.flags & FLAG_PRIVATE) == 0) {
      result = getKey(cpu, entry.address, entry.flags, INTENT_READ, keyOf(entry));
    }
  }
  return result;
}

/** Not an errno: the word could not be read with faults disabled; all locks are dropped. */
export const FAULTED: i32 = 1;

/** Reads the word under the bucket's lock and queues: 0, −EAGAIN where it is another value, FAULTED. */
export function queueIfEqual(cpu: Cpu, entry: Entry): i32 {
  const bucket = lockForQueue(cpu, entry);
  let result: i32 = 0;
  if (readCounted(cpu, bucket, entry.address) != 0) result = FAULTED;
  else if ((cpu.value as u32) != entry.expected) result = -EAGAIN;
  else if (entry.rtWaiter != 0 && sameKey(keyOf(entry), targetOf(entry))) result = -EINVAL;
  if (result != 0) {
    unlockUnqueued(bucket);
    return result;
  }
  beAboutToSleep(taskOn(cpu));
  queueEntry(bucket, entry);
  unlockBucket(bucket);
  return 0;
}

function readCounted(cpu: Cpu, bucket: Bucket, va: u64): i32 {
  if (!countsLate()) return readWordLocked(cpu, va);
  dropWaiter(bucket);
  const result = readWordLocked(cpu, va);
  step(cpu);
  expectWaiter(bucket);
  return result;
}

/** The second half: a wake counts, even one that came with a signal or the end of the time. */
export function finishWait(cpu: Cpu, call: FutexCall): i32 {
  const entry = entryOf(call);
  if (!unqueueOwn(cpu, entry)) return endCall(call, 0);
  if (hasPassed(call.deadline)) return endCall(call, -ETIMEDOUT);
  if (!signalPending(taskOn(cpu))) return startWait(cpu, call);
  return (entry.flags & FLAG_KEEPS_END) != 0 ? -ERESTART_RESTARTBLOCK : -ERESTARTSYS;
}
