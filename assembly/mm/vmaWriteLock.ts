import { compareExchange, fetchAdd, loadShared, storeShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { FINDING_LOCK_NEEDS_SCHEDULER, recordFinding } from "../machine/findings";
import { Mm } from "./mm";
import { waitForOthers } from "./shootdown";
import { VMA_ATTACHED, VMA_DETACHED, Vma } from "./vma";

export const VM_REFCNT_EXCLUDE_READERS: u32 = 1 << 30;

@inline
export function countOf(vma: Vma): usize {
  return changetype<usize>(vma) + offsetof<Vma>("refcount");
}

/** Who holds the mmap lock for writing changes a VMA only after this, which waits until nobody reads it. */
export function vmaStartWrite(mm: Mm, vma: Vma): void {
  const sequence = mm.lockSeq;
  if (THREADS) mm.changedSeq = sequence;
  if (vma.lockSeq == sequence) return;
  const excludes = excludeReaders(countOf(vma));
  if (excludes) awaitReaders(mm, countOf(vma), VM_REFCNT_EXCLUDE_READERS + VMA_ATTACHED);
  storeShared(changetype<usize>(vma) + offsetof<Vma>("lockSeq"), sequence);
  if (excludes) fetchAdd(countOf(vma), 0 - VM_REFCNT_EXCLUDE_READERS);
}

/** From now on no reader gets in; false for a VMA that is in no tree, where none can. */
function excludeReaders(address: usize): bool {
  let seen = loadShared(address);
  while (seen != VMA_DETACHED) {
    const found = compareExchange(address, seen, seen + VM_REFCNT_EXCLUDE_READERS);
    if (found == seen) return true;
    seen = found;
  }
  return false;
}

/** vma_mark_detached: the VMA, locked for writing, has left the tree. Readers that found it before are waited for. */
export function detachVma(mm: Mm, vma: Vma): void {
  const address = countOf(vma);
  if (fetchAdd(address, -1) == VMA_ATTACHED) return;
  fetchAdd(address, VM_REFCNT_EXCLUDE_READERS);
  awaitReaders(mm, address, VM_REFCNT_EXCLUDE_READERS);
  storeShared(address, VMA_DETACHED);
}

/** Waits until the count comes to `wanted`. Where nobody else can run that is a finding, and the writer goes on. */
function awaitReaders(mm: Mm, address: usize, wanted: u32): void {
  const cpu = changetype<Cpu>(mm.writer as usize);
  let seen = loadShared(address);
  while (seen != wanted) {
    if (!((THREADS || STUDY) && waitForOthers(cpu, address, seen))) {
      recordFinding(FINDING_LOCK_NEEDS_SCHEDULER, cpu.index, cpu.task, 0, 0);
      return;
    }
    seen = loadShared(address);
  }
}
