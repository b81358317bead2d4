import { EAGAIN, EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { faultInUserWriteable } from "../mm/fixupFault";
import { Task } from "../mm/task";
import { compareExchangeLocked, readWordLocked } from "./atomic";
import { bucketAt, unlockBucket } from "./bucket";
import { Entry, lockBucketOf } from "./entry";
import { FUTEX_OWNER_DIED, FUTEX_WAITERS } from "./flags";
import { PiState, piStateAt, setOwner } from "./piState";
import { lockRt, tryLock, unlockRt } from "./rtMutex";

/** After waiting for a PI futex: the word must name who has the lock (fixup_pi_owner, kernel/futex/pi.c, 6.18). */

/** The mutex was got after all. */
const GOT_IT: i32 = 1;

/**
 * The entry's bucket is locked, before and after, but let go meanwhile where the word's page must be made writable.
 * 0 where nothing was to do or the other owner was written; 1 where the lock is this task's; −errno.
 */
export function fixOwner(cpu: Cpu, entry: Entry, va: u64, locked: bool): i32 {
  const state = piStateAt(entry.piState);
  if (locked) return state.owner == cpu.task ? GOT_IT : rewriteOwner(cpu, entry, va, cpu.task);
  if (state.owner == cpu.task) return rewriteOwner(cpu, entry, va, 0);
  return 0;
}

/** fixup_pi_state_owner: `wanted` is the task itself, or 0 where the mutex is another's. */
function rewriteOwner(cpu: Cpu, entry: Entry, va: u64, wanted: u32): i32 {
  const state = piStateAt(entry.piState);
  const before = state.owner;
  while (true) {
    lockRt(cpu);
    const result = tryRewrite(cpu, state, va, wanted);
    unlockRt();
    if (result != -EFAULT && result != -EAGAIN) return result;
    const error = prepareRetry(cpu, entry, va, result);
    if (state.owner != before) return wanted == cpu.task ? GOT_IT : 0;
    if (error != 0) return giveUp(cpu, state, error);
  }
}

function prepareRetry(cpu: Cpu, entry: Entry, va: u64, result: i32): i32 {
  unlockBucket(bucketAt(entry.bucket));
  const error = result == -EFAULT ? faultInUserWriteable(cpu, va) : 0;
  lockBucketOf(cpu, entry);
  return error;
}

/** The word can never be written: then at least the kernel's own records agree with one another. */
function giveUp(cpu: Cpu, state: PiState, error: i32): i32 {
  lockRt(cpu);
  setOwner(state, state.holder);
  unlockRt();
  return error;
}

function tryRewrite(cpu: Cpu, state: PiState, va: u64, wanted: u32): i32 {
  let owner = wanted;
  if (wanted == 0) {
    if (state.owner != cpu.task) return 0;
    if (tryLock(state, changetype<Task>(cpu.task as usize))) return GOT_IT;
    owner = state.holder;
    if (owner == 0) return -EAGAIN; // whoever was woken has not taken it yet
  } else if (state.owner == cpu.task) return GOT_IT;
  const died = state.owner == 0 ? FUTEX_OWNER_DIED : 0;
  const result = writeOwner(cpu, va, changetype<Task>(owner as usize).id | FUTEX_WAITERS | died);
  if (result != 0) return result;
  setOwner(state, owner);
  return wanted == cpu.task ? GOT_IT : 0;
}

/** Writes the word, and keeps its mark of a dead owner. */
function writeOwner(cpu: Cpu, va: u64, named: u32): i32 {
  const result = readWordLocked(cpu, va);
  let word = cpu.value as u32;
  while (result == 0) {
    const seen = compareExchangeLocked(cpu, va, word, (word & FUTEX_OWNER_DIED) | named);
    if (seen < 0) return seen as i32;
    if ((seen as u32) == word) break;
    word = seen as u32;
  }
  return result;
}
