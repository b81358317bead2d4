import { compareExchange, fetchAdd, loadShared, storeShared } from "../base/atomics";
import { EINTR, EINVAL } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { FINDING_LOCK_NEEDS_SCHEDULER, recordFinding } from "../machine/findings";
import {
  AWAITED_TO_READ,
  AWAITED_TO_WRITE,
  HELD_TO_READ,
  HELD_TO_WRITE,
  forgetHeld,
  holderMark,
  noteHeld,
  spinLock,
  spinUnlock,
} from "../machine/held";
import { EVENT_MMAP_LOCK, emit } from "../study/events";
import { Mm } from "./mm";
import { waitForOthers } from "./shootdown";
import { fatalSignalPending } from "./task";
import { settleUnmapped } from "./unmapped";

/**
 * The mmap lock (kernel/locking/rwsem.c, include/linux/mmap_lock.h, 6.18): many readers or one writer, and first come,
 * first served: behind a writer that waits, later readers wait too.
 *
 *   31       30       29                            0
 *   ┌────────┬────────┬──────────────────────────────┐
 *   │ writer │ queued │ readers                      │
 *   └────────┴────────┴──────────────────────────────┘
 *
 * A CPU waits for one lock at a time, so the queue is made of the CPUs themselves. Who lets go grants the lock to the
 * first of the queue, and to the readers right behind a first reader; spinning on it, which the kernel's writers do for
 * a while, is left out.
 */
const WRITER: u32 = 1 << 31;
const QUEUED: u32 = 1 << 30;

/** What a CPU in the queue waits for. */
const GRANTED: u32 = 0;
const WAITS_TO_READ: u32 = 1;
const WAITS_TO_WRITE: u32 = 2;

/** Which signals end a wait: the kernel's task states. */
const UNINTERRUPTIBLE: u32 = 0;
const KILLABLE: u32 = 1;

@inline
function wordOf(mm: Mm): usize {
  return changetype<usize>(mm) + offsetof<Mm>("mmapLock");
}

/** Takes the mmap lock for reading; false only where waiting is impossible (release met it held). */
export function mmapReadLock(cpu: Cpu, mm: Mm): bool {
  return readLock(cpu, mm, UNINTERRUPTIBLE);
}

/** The same, but a fatal signal ends the wait: false. One that is pending before does not matter if there is none. */
export function mmapReadLockKillable(cpu: Cpu, mm: Mm): bool {
  return readLock(cpu, mm, KILLABLE);
}

function readLock(cpu: Cpu, mm: Mm, state: u32): bool {
  if (addReader(mm)) noteHeld(HELD_TO_READ, changetype<usize>(mm));
  else if (!waitInQueue(cpu, mm, WAITS_TO_READ, state)) return false;
  cpu.mmapReadLocks += 1;
  emit(cpu, EVENT_MMAP_LOCK, 0, 1);
  return true;
}

/** False where a writer holds the lock, or somebody waits for it. */
@inline
function addReader(mm: Mm): bool {
  let seen = loadShared(wordOf(mm));
  while (seen < QUEUED) {
    const found = compareExchange(wordOf(mm), seen, seen + 1);
    if (found == seen) return true;
    seen = found;
  }
  return false;
}

export function mmapReadUnlock(cpu: Cpu, mm: Mm): void {
  forgetHeld(HELD_TO_READ, changetype<usize>(mm));
  const before = fetchAdd(wordOf(mm), -1);
  if (before == (QUEUED | 1)) grantFromQueue(mm);
  emit(cpu, EVENT_MMAP_LOCK, 0, 0);
}

/** Takes the mmap lock for writing; false only where waiting is impossible. */
export function mmapWriteLock(cpu: Cpu, mm: Mm): bool {
  return writeLock(cpu, mm, UNINTERRUPTIBLE);
}

/** The same, but a fatal signal ends the wait: 0, −EINTR, or −EINVAL where waiting is impossible. */
export function mmapWriteLockKillable(cpu: Cpu, mm: Mm): i32 {
  if (writeLock(cpu, mm, KILLABLE)) return 0;
  return fatalSignalPending(cpu) ? -EINTR : -EINVAL;
}

function writeLock(cpu: Cpu, mm: Mm, state: u32): bool {
  if (compareExchange(wordOf(mm), 0, WRITER) == 0) noteHeld(HELD_TO_WRITE, changetype<usize>(mm));
  else if (!waitInQueue(cpu, mm, WAITS_TO_WRITE, state)) return false;
  mm.writer = changetype<usize>(cpu) as u32;
  moveSequence(mm);
  cpu.mmapWriteLocks += 1;
  emit(cpu, EVENT_MMAP_LOCK, 0, 2);
  return true;
}

export function mmapWriteUnlock(cpu: Cpu, mm: Mm): void {
  releaseWriter(mm, 0);
  emit(cpu, EVENT_MMAP_LOCK, 0, 0);
  settleUnmapped(cpu);
}

/** The writer becomes a reader without another writer getting in between. */
export function mmapWriteDowngrade(cpu: Cpu, mm: Mm): void {
  releaseWriter(mm, 1);
  emit(cpu, EVENT_MMAP_LOCK, 0, 1);
}

/** Moving the sequence releases every VMA that was write-locked since. `readers` stay. */
function releaseWriter(mm: Mm, readers: u32): void {
  mm.writer = 0;
  moveSequence(mm);
  forgetHeld(HELD_TO_WRITE, changetype<usize>(mm));
  if (readers != 0) noteHeld(HELD_TO_READ, changetype<usize>(mm));
  const before = fetchAdd(wordOf(mm), readers - WRITER);
  if ((before & QUEUED) != 0) grantFromQueue(mm);
}

@inline
function moveSequence(mm: Mm): void {
  fetchAdd(changetype<usize>(mm) + offsetof<Mm>("lockSeq"), 1);
}

@inline
function queueLock(mm: Mm): usize {
  return changetype<usize>(mm) + offsetof<Mm>("waitLock");
}

@inline
function waitWord(cpu: Cpu): usize {
  return changetype<usize>(cpu) + offsetof<Cpu>("lockWait");
}

@inline
function cpuBehind(cpu: u32): Cpu {
  return changetype<Cpu>(cpu as usize);
}

/** As in the kernel, who waits for a lock waits until it is given to him. False: killed, or nobody else can run. */
function waitInQueue(cpu: Cpu, mm: Mm, kind: u32, state: u32): bool {
  if (THREADS || STUDY) {
    storeShared(waitWord(cpu), kind);
    noteHeld(awaited(kind), changetype<usize>(mm));
    joinQueue(cpu, mm);
    while (loadShared(waitWord(cpu)) != GRANTED) {
      if (state == KILLABLE && fatalSignalPending(cpu) && leaveQueue(cpu, mm)) return false;
      if (!waitForOthers(cpu, waitWord(cpu), kind) && leaveQueue(cpu, mm)) return cannotWait(cpu);
      if (THREADS) askAgain(mm);
    }
    forgetHeld(awaited(kind), changetype<usize>(mm));
    noteHeld(kind == WAITS_TO_READ ? HELD_TO_READ : HELD_TO_WRITE, changetype<usize>(mm));
    return true;
  }
  return cannotWait(cpu);
}

/** How the list of what a thread holds (machine/held.ts) names its place in the queue. */
@inline
function awaited(kind: u32): u32 {
  return kind == WAITS_TO_READ ? AWAITED_TO_READ : AWAITED_TO_WRITE;
}

/** A thread may have died after it let go and before it granted, or in the middle of a change, which nobody can finish. */
function askAgain(mm: Mm): void {
  if (mm.lostTo != 0) unreachable();
  if (loadShared(wordOf(mm)) == QUEUED) grantFromQueue(mm);
}

function cannotWait(cpu: Cpu): bool {
  recordFinding(FINDING_LOCK_NEEDS_SCHEDULER, cpu.index, cpu.task, 0, 0);
  return false;
}

/** Who let go before it could see that somebody is queued has left the lock free: it is granted here. */
function joinQueue(cpu: Cpu, mm: Mm): void {
  spinLock(queueLock(mm));
  cpu.lockNext = 0;
  if (mm.firstWaiter == 0) mm.firstWaiter = changetype<usize>(cpu) as u32;
  else cpuBehind(mm.lastWaiter).lockNext = changetype<usize>(cpu) as u32;
  mm.lastWaiter = changetype<usize>(cpu) as u32;
  setQueued(mm);
  grantLocked(mm);
  spinUnlock(queueLock(mm));
}

/** False where the lock was granted meanwhile. Those behind may be able to go on without this one. */
function leaveQueue(cpu: Cpu, mm: Mm): bool {
  spinLock(queueLock(mm));
  const kind = loadShared(waitWord(cpu));
  const waited = kind != GRANTED;
  if (waited) {
    unlink(mm, changetype<usize>(cpu) as u32);
    forgetHeld(awaited(kind), changetype<usize>(mm));
    storeShared(waitWord(cpu), GRANTED);
    grantLocked(mm);
  }
  spinUnlock(queueLock(mm));
  return waited;
}

function unlink(mm: Mm, cpu: u32): void {
  let before: u32 = 0;
  let at = mm.firstWaiter;
  while (at != cpu) {
    if (at == 0) return; // it died before it came to stand in the queue
    before = at;
    at = cpuBehind(at).lockNext;
  }
  const next = cpuBehind(cpu).lockNext;
  if (before == 0) mm.firstWaiter = next;
  else cpuBehind(before).lockNext = next;
  if (next == 0) mm.lastWaiter = before;
}

function grantFromQueue(mm: Mm): void {
  if (THREADS || STUDY) {
    spinLock(queueLock(mm));
    grantLocked(mm);
    spinUnlock(queueLock(mm));
  }
}

/** While QUEUED is set nobody takes the lock but here, so what else changes the word only lets go. */
function grantLocked(mm: Mm): void {
  while (mm.firstWaiter != 0) {
    const waiter = cpuBehind(mm.firstWaiter);
    const writes = waiter.lockWait == WAITS_TO_WRITE;
    const held = loadShared(wordOf(mm)) & ~QUEUED;
    if (held >= WRITER || (writes && held != 0)) return;
    fetchAdd(wordOf(mm), writes ? WRITER : 1);
    mm.firstWaiter = waiter.lockNext;
    storeShared(waitWord(waiter), GRANTED);
    if (THREADS) atomic.notify(waitWord(waiter), 1);
  }
  clearQueued(mm);
}

function setQueued(mm: Mm): void {
  let seen = loadShared(wordOf(mm));
  while (compareExchange(wordOf(mm), seen, seen | QUEUED) != seen) seen = loadShared(wordOf(mm));
}

function clearQueued(mm: Mm): void {
  let seen = loadShared(wordOf(mm));
  while (compareExchange(wordOf(mm), seen, seen & ~QUEUED) != seen) seen = loadShared(wordOf(mm));
}

/** Gives back what a CPU whose thread has died held, or waited for: one of the kinds of machine/held.ts. */
export function buryHolder(dead: Cpu, mm: Mm, kind: u32): void {
  const writes = kind == HELD_TO_WRITE || kind == AWAITED_TO_WRITE;
  if (kind == AWAITED_TO_READ || kind == AWAITED_TO_WRITE) {
    if (buryWaiter(dead, mm)) return;
  }
  if (writes) buryWriter(dead, mm);
  else fetchAdd(wordOf(mm), -1);
  grantFromQueue(mm);
}

/** True where it still waited; false where the lock had been granted to it. */
function buryWaiter(dead: Cpu, mm: Mm): bool {
  spinLock(queueLock(mm));
  const waited = loadShared(waitWord(dead)) != GRANTED;
  if (waited) {
    unlink(mm, changetype<usize>(dead) as u32);
    storeShared(waitWord(dead), GRANTED);
    grantLocked(mm);
  }
  spinUnlock(queueLock(mm));
  return waited;
}

/** What it had begun to change is half changed, and nobody may see that. It holds the lock for ever then. */
function buryWriter(dead: Cpu, mm: Mm): void {
  const moved = (mm.lockSeq & 1) != 0;
  if (moved && mm.changedSeq == mm.lockSeq) {
    mm.lostTo = holderMark(dead);
    return;
  }
  mm.writer = 0;
  if (moved) moveSequence(mm);
  fetchAdd(wordOf(mm), 0 - WRITER);
}
