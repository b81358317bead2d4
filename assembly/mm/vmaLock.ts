import { addWithin, fetchAdd, loadShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { HELD_VMA, forgetHeld, noteHeld } from "../machine/held";
import { Mm } from "./mm";
import { rcuReadLock, rcuReadUnlock } from "./rcu";
import { step } from "./shootdown";
import { VMA_DETACHED, Vma, vmaAt } from "./vma";
import { vmaContaining, vmaContainingHere } from "./vmaTree";
import { VM_REFCNT_EXCLUDE_READERS, countOf } from "./vmaWriteLock";

const VM_REFCNT_LIMIT: u32 = VM_REFCNT_EXCLUDE_READERS - 1;

/** What an attempt to read-lock comes to. */
export const VMA_LOCKED: u32 = 0;
/** A writer has it, or the sequence numbers say so by chance: take the mmap lock. */
export const VMA_BUSY: u32 = 1;
/** It left the tree meanwhile: look again. */
export const VMA_GONE: u32 = 2;

@inline
function sequenceOf(mm: Mm): u32 {
  return loadShared(changetype<usize>(mm) + offsetof<Mm>("lockSeq"));
}

/** vma_start_read, in an RCU section: never waits. */
@inline
export function vmaStartRead(cpu: Cpu, mm: Mm, vma: Vma): u32 {
  if (vma.lockSeq == sequenceOf(mm)) return VMA_BUSY;
  step(cpu);
  const before = addWithin(countOf(vma), VM_REFCNT_LIMIT);
  if (before == VMA_DETACHED) return VMA_GONE;
  if (before >= VM_REFCNT_LIMIT) return VMA_BUSY;
  noteHeld(HELD_VMA, changetype<usize>(vma));
  step(cpu);
  if (isStillReadable(mm, vma)) return VMA_LOCKED;
  vmaEndRead(vma);
  return VMA_BUSY;
}

/** The record may belong to another address space by now, and a writer may have come since the first look. */
@inline
function isStillReadable(mm: Mm, vma: Vma): bool {
  return vma.mm == (changetype<usize>(mm) as u32) && vma.lockSeq != sequenceOf(mm);
}

/** vma_end_read. The last reader that a writer waits for wakes it; which mm the VMA is in does not matter to that. */
@inline
export function vmaEndRead(vma: Vma): void {
  forgetHeld(HELD_VMA, changetype<usize>(vma));
  dropReader(vma);
}

/** The count alone, which may be of a reader that has died. */
@inline
export function dropReader(vma: Vma): void {
  const address = countOf(vma);
  const left = fetchAdd(address, -1) - 1;
  if (THREADS) {
    if (left >= VM_REFCNT_EXCLUDE_READERS && left <= VM_REFCNT_EXCLUDE_READERS + 1) {
      atomic.notify(address, -1);
    }
  }
}

/**
 * lock_vma_under_rcu: the VMA of an address, locked for reading; 0 says "use the mmap lock", not "nothing is mapped".
 * Never waits. In a gap there is nothing to lock (mas_walk): the neighbours stay as they are.
 */
@inline
export function lockVmaUnderRcu(cpu: Cpu, mm: Mm, va: u64): usize {
  return THREADS || STUDY ? lockAmongOthers(cpu, mm, va) : lockAlone(cpu, mm, va);
}

@inline
function lockAmongOthers(cpu: Cpu, mm: Mm, va: u64): usize {
  let result = VMA_BUSY;
  rcuReadLock(cpu);
  let locked = vmaContaining(mm, va);
  while (locked != 0) {
    step(cpu);
    result = vmaStartRead(cpu, mm, vmaAt(locked));
    if (result != VMA_GONE) break;
    locked = vmaContaining(mm, va);
  }
  rcuReadUnlock(cpu);
  if (result == VMA_LOCKED) {
    cpu.vmaReadLocks += 1;
    if (va >= vmaAt(locked).start && va < vmaAt(locked).end) return locked;
    vmaEndRead(vmaAt(locked));
  }
  return 0;
}

/** Where nobody else runs: what was found is in the tree, stays in it, and contains the address. */
@inline
function lockAlone(cpu: Cpu, mm: Mm, va: u64): usize {
  const found = vmaContainingHere(mm, va);
  if (found == 0) return 0;
  const vma = vmaAt(found);
  if (vma.lockSeq == mm.lockSeq) return 0;
  if (vma.refcount >= VM_REFCNT_LIMIT) return 0;
  cpu.vmaReadLocks += 1;
  vma.refcount += 1;
  return found;
}
