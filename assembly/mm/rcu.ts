import { fetchAdd, loadShared, storeShared } from "../base/atomics";
import { Cpu, cpuAt } from "../machine/cpu";
import { frameOf } from "../machine/frame";
import { folioPut } from "../machine/frames";
import { spinLock, spinUnlock } from "../machine/held";
import { HEADER, Header, header } from "../machine/map";
import { slabFree } from "../machine/slab";
import { Vma, vmaAt } from "./vma";

/**
 * Read-copy-update: a CPU says that it is in a read section, and what it may have found there is not freed before a
 * moment in which no CPU is in one. That is stricter than a grace period, which waits for those sections alone that had
 * begun before. With one thread no section is ever interrupted: there everything is freed at once, and none of this is
 * compiled.
 *
 * Two kinds of object wait. A page table's frame stays as it is. A VMA may be taken for another one meanwhile, in
 * whatever address space (SLAB_TYPESAFE_BY_RCU): who found it looks again. It waits in a list through its word for a
 * file, which it has given back, and keeps its place in the tree for those who stand on it.
 */

@inline
function depthOf(cpu: Cpu): usize {
  return changetype<usize>(cpu) + offsetof<Cpu>("rcuDepth");
}

@inline
export function rcuReadLock(cpu: Cpu): void {
  if (THREADS || STUDY) fetchAdd(depthOf(cpu), 1);
}

/** The last reader frees what waited for it. */
@inline
export function rcuReadUnlock(cpu: Cpu): void {
  if (THREADS || STUDY) {
    fetchAdd(depthOf(cpu), -1);
    if ((loadShared(tablesHead()) | loadShared(vmasHead())) != 0) freeWaiting();
  }
}

@inline
function tablesHead(): usize {
  return HEADER + offsetof<Header>("rcuTables");
}

@inline
function vmasHead(): usize {
  return HEADER + offsetof<Header>("rcuVmas");
}

@inline
function lockOfWaiting(): usize {
  return HEADER + offsetof<Header>("rcuLock");
}

/** Frees a page table that no entry leads to any more (tlb_remove_table). */
export function freeTableByRcu(pfn: u32): void {
  if (THREADS || STUDY) {
    spinLock(lockOfWaiting());
    frameOf(pfn).next = header().rcuTables;
    storeShared(tablesHead(), pfn);
    spinUnlock(lockOfWaiting());
    freeWaiting();
  } else folioPut(pfn);
}

export function freeVmaByRcu(vma: usize): void {
  if (THREADS || STUDY) {
    spinLock(lockOfWaiting());
    vmaAt(vma).file = header().rcuVmas;
    storeShared(vmasHead(), vma as u32);
    spinUnlock(lockOfWaiting());
    freeWaiting();
  } else slabFree(vma);
}

/** One that waits, zeroed, or 0. It is in no tree and nobody holds it: its count of readers is 0 and stays so. */
export function reuseVma(): usize {
  if (THREADS || STUDY) {
    spinLock(lockOfWaiting());
    const vma = header().rcuVmas;
    if (vma != 0) storeShared(vmasHead(), vmaAt(vma as usize).file);
    spinUnlock(lockOfWaiting());
    if (vma != 0) memory.fill(vma, 0, offsetof<Vma>());
    return vma;
  }
  return 0;
}

/** Looked at under the lock: whoever is in a section now may have found what joined the lists before. */
function freeWaiting(): void {
  let tables: u32 = 0;
  let vmas: u32 = 0;
  spinLock(lockOfWaiting());
  if (!isAnyoneReading()) {
    tables = header().rcuTables;
    vmas = header().rcuVmas;
    storeShared(tablesHead(), 0);
    storeShared(vmasHead(), 0);
  }
  spinUnlock(lockOfWaiting());
  while (tables != 0) {
    const next = frameOf(tables).next;
    folioPut(tables);
    tables = next;
  }
  while (vmas != 0) {
    const next = vmaAt(vmas as usize).file;
    slabFree(vmas as usize);
    vmas = next;
  }
}

function isAnyoneReading(): bool {
  const cpus = header().cpuCount;
  for (let index: u32 = 0; index < cpus; index++) {
    if (loadShared(depthOf(cpuAt(index))) != 0) return true;
  }
  return false;
}
