import { EAGAIN, EBUSY, EDEADLK, EFAULT, EINVAL, ENOMEM, EPERM, ESRCH } from "../base/errno";
import { compareExchange, fetchAdd, loadShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { slabAlloc, slabFree } from "../machine/slab";
import { EXIT_ALIVE, EXIT_DONE, Task, findTask } from "../mm/task";
import { compareExchangeLocked, readWordLocked } from "./atomic";
import { Bucket, addressOfBucket } from "./bucket";
import { entryAt, firstMatch } from "./entry";
import { FUTEX_OWNER_DIED, FUTEX_TID_MASK, FUTEX_WAITERS } from "./flags";
import { Key, isPrivate } from "./key";
import { RtMutex, clearHolder, lockRt, setHolder, unlockRt } from "./rtMutex";

/**
 * The kernel's side of a contended PI futex (kernel/futex/pi.c, 6.18): an rt mutex, and who owns the word. It exists
 * while an entry, or somebody at work on it, refers to it.
 */
@unmanaged
export class PiState extends RtMutex {
  owner: u32; // Task, 0 = it died
  nextOwned: u32;
  references: u32; // atomically: an owner that ends has no lock yet when it takes one
  bucket: u32; // of the word
}

@inline
export function piStateAt(address: u32): PiState {
  return changetype<PiState>(address as usize);
}

@inline
export function addressOfState(state: PiState): u32 {
  return changetype<usize>(state) as u32;
}

@inline
export function ownerOf(state: PiState): Task {
  return changetype<Task>(state.owner as usize);
}

@inline
function addressOfTask(task: Task): u32 {
  return changetype<usize>(task) as u32;
}

function unlinkOwned(state: PiState): void {
  const owner = ownerOf(state);
  const address = addressOfState(state);
  if (owner.ownedStates == address) {
    owner.ownedStates = state.nextOwned;
    return;
  }
  let at = owner.ownedStates;
  while (piStateAt(at).nextOwned != address) at = piStateAt(at).nextOwned;
  piStateAt(at).nextOwned = state.nextOwned;
}

/** pi_state_update_owner: from now on `task` (0 = nobody) owns it. The rt lock is held. */
export function setOwner(state: PiState, task: u32): void {
  if (state.owner != 0) unlinkOwned(state);
  state.owner = task;
  if (task == 0) return;
  state.nextOwned = ownerOf(state).ownedStates;
  ownerOf(state).ownedStates = addressOfState(state);
}

/** A state that a task owns and holds, with one reference; 0 when RAM is full. */
function newState(cpu: Cpu, bucket: Bucket, owner: Task): u32 {
  const address = slabAlloc(offsetof<PiState>()) as u32;
  if (address == 0) return 0;
  const state = piStateAt(address);
  state.references = 1;
  state.bucket = addressOfBucket(bucket);
  lockRt(cpu);
  setOwner(state, addressOfTask(owner));
  setHolder(state, owner);
  unlockRt();
  return address;
}

@inline
function referencesOf(state: PiState): usize {
  return changetype<usize>(state) + offsetof<PiState>("references");
}

/** get_pi_state. */
export function getState(state: PiState): void {
  fetchAdd(referencesOf(state), 1);
}

/** A reference to a state that may be on its way out: false where it is. */
export function getStateNotZero(state: PiState): bool {
  while (true) {
    const seen = loadShared(referencesOf(state));
    if (seen == 0) return false;
    if (compareExchange(referencesOf(state), seen, seen + 1) == seen) return true;
  }
}

/** put_pi_state: with the last reference, whoever owns it does so no more. */
export function putState(cpu: Cpu, address: u32): void {
  if (address == 0) return;
  const state = piStateAt(address);
  if (fetchAdd(referencesOf(state), -1) != 1) return;
  lockRt(cpu);
  if (state.holder != 0) clearHolder(state);
  if (state.owner != 0) setOwner(state, 0);
  unlockRt();
  slabFree(address);
}

/** What taking the word for a task came to, beside 0 (it must wait) and −errno. */
export const LOCKED: i32 = 1;

/**
 * futex_lock_pi_atomic: takes the word for a task where it is free, or finds who has it. LOCKED; 0 with the state to
 * wait on, and a reference to it, in `cpu.value`; −EFAULT, −EAGAIN or −EBUSY where the caller must drop its locks, do
 * what that needs and try again. With `waiters` a free word is taken as one that others wait for, and a state is
 * made for it as well (`cpu.value`, else 0).
 */
export function takeWord(
  cpu: Cpu,
  va: u64,
  bucket: Bucket,
  key: Key,
  task: Task,
  waiters: u32,
): i32 {
  const result = readWordLocked(cpu, va);
  if (result != 0) return result;
  const word = cpu.value as u32;
  if ((word & FUTEX_TID_MASK) == task.id) return -EDEADLK;
  const first = firstMatch(bucket, key);
  if (first != 0) return joinState(cpu, va, word, entryAt(first).piState);
  if ((word & FUTEX_TID_MASK) == 0) return takeFree(cpu, va, word, bucket, task, waiters);
  const marked = exchange(cpu, va, word, word | FUTEX_WAITERS);
  return marked != 0 ? marked : findOwner(cpu, va, word | FUTEX_WAITERS, bucket, key);
}

/** lock_pi_update_atomic: another value than the one just read means that all must be looked at again. */
function exchange(cpu: Cpu, va: u64, word: u32, replacement: u32): i32 {
  const seen = compareExchangeLocked(cpu, va, word, replacement);
  if (seen < 0) return seen as i32;
  return (seen as u32) == word ? 0 : -EAGAIN;
}

function takeFree(cpu: Cpu, va: u64, word: u32, bucket: Bucket, task: Task, waiters: u32): i32 {
  const state = waiters != 0 ? newState(cpu, bucket, task) : 0;
  if (state == 0 && waiters != 0) return -ENOMEM;
  const result = exchange(cpu, va, word, (word & FUTEX_OWNER_DIED) | task.id | waiters);
  if (result != 0) {
    putState(cpu, state);
    return result;
  }
  cpu.value = state;
  return LOCKED;
}

/** attach_to_pi_state: the word and the state of who waits already must agree. */
function joinState(cpu: Cpu, va: u64, word: u32, address: u32): i32 {
  if (address == 0) return -EINVAL;
  const result = readWordLocked(cpu, va);
  if (result != 0) return result;
  if ((cpu.value as u32) != word) return -EAGAIN;
  const state = piStateAt(address);
  if (!agree(word, state)) return -EINVAL;
  getState(state);
  cpu.value = address;
  return 0;
}

/** A dead owner's word may be free already; else who it names must be who the state says. */
function agree(word: u32, state: PiState): bool {
  const named = word & FUTEX_TID_MASK;
  if ((word & FUTEX_OWNER_DIED) != 0) {
    if (state.owner == 0) return named == 0;
    if (named == 0) return true;
  } else if (state.owner == 0) return false;
  return ownerOf(state).id == named;
}

/**
 * attach_to_pi_owner: the first to wait makes the state, for who is named in the word. A private lock is not owned by
 * a live task of another address space (recorded on 6.18.44).
 */
function findOwner(cpu: Cpu, va: u64, word: u32, bucket: Bucket, key: Key): i32 {
  const address = findTask(word & FUTEX_TID_MASK);
  if (address == 0) return ownerIsGone(cpu, va, word);
  const owner = changetype<Task>(address as usize);
  if (owner.kernelThread != 0) return -EPERM;
  if (owner.exitState == EXIT_DONE) return ownerIsGone(cpu, va, word);
  if (owner.exitState != EXIT_ALIVE) return -EBUSY;
  if (isPrivate(key) && owner.mm != key.object) return -EPERM;
  const state = newState(cpu, bucket, owner);
  if (state == 0) return -ENOMEM;
  cpu.value = state;
  return 0;
}

/** handle_exit_race: an owner that has just ended has changed the word on its way. */
function ownerIsGone(cpu: Cpu, va: u64, word: u32): i32 {
  if (readWordLocked(cpu, va) != 0) return -EFAULT;
  return (cpu.value as u32) != word ? -EAGAIN : -ESRCH;
}
