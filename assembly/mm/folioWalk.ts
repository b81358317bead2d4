import { Cpu, tallyWalk } from "../machine/cpu";
import { FRAME_ZERO, folioOf } from "../machine/frame";
import { Mm, lockTables, tryLockTables, unlockTables } from "./mm";
import { PTE_SPECIAL, pteFrame, ptePresent } from "./pte";
import { rcuReadLock, rcuReadUnlock } from "./rcu";
import { step } from "./shootdown";
import { Walk, scratchWalk, walkTo, walkToHere } from "./table";
import { Vma } from "./vma";
import { VM_HUGETLB } from "./vmaFlags";

/** folio_walk_start and folio_walk_end (mm/pagewalk.c, 7.2, with the flag that the series of June 2026 adds). */

/** The zero pages are found too; behind them there is no page. */
export const FW_ZEROPAGE: u32 = 1 << 0;
/** It is the VMA's own lock that is held, not the mmap lock. */
export const FW_VMA_LOCKED: u32 = 1 << 1;

/**
 * The leaf that maps an address of a VMA whose lock is held, with the page tables locked until folioWalkEnd; or 0 with
 * nothing locked. Its place and level (1 PTE, 2 PMD, 3 PUD) stand in the CPU's scratch walk. No reference is taken: who
 * wants to use the folio after the end takes one before. An address outside of the VMA, which the kernel warns about, is
 * not found.
 */
@inline
export function folioWalkStart(cpu: Cpu, mm: Mm, vma: Vma, va: u64, flags: u32): u64 {
  if (va >= vma.start && va < vma.end && canWalk(vma, flags)) {
    return folioWalkCovered(cpu, mm, va, flags);
  }
  tallyWalk(cpu, 0);
  return 0;
}

/** The same for who has seen to it that the VMA covers the address and may be walked under its lock. */
@inline
export function folioWalkCovered(cpu: Cpu, mm: Mm, va: u64, flags: u32): u64 {
  const walk = scratchWalk(cpu);
  rcuReadLock(cpu);
  const entry = lockSeen(cpu, mm, va, walkToHere(mm.root, va, walk));
  if (entry != 0) {
    if (isFound(entry, flags)) {
      tallyWalk(cpu, walk.level);
      return entry;
    }
    folioWalkEnd(cpu, mm);
  }
  tallyWalk(cpu, 0);
  return 0;
}

/**
 * What get_user_pages and the folio walk begin with: the entry of an address, be it a page's or not, with the page tables
 * locked until folioWalkEnd; or 0 with nothing locked. Where a whole table is missing none is locked; one of the last
 * level is locked first and looked at then, so that an empty entry in it has cost the lock too.
 */
export function lockEntry(cpu: Cpu, mm: Mm, va: u64): u64 {
  rcuReadLock(cpu);
  return lockSeen(cpu, mm, va, walkTo(mm.root, va, scratchWalk(cpu)));
}

/** What was seen without a lock at the place where the walk ended, under it. */
@inline
function lockSeen(cpu: Cpu, mm: Mm, va: u64, seen: u64): u64 {
  const walk = scratchWalk(cpu);
  const entry = seen == 0 && walk.level > 1 ? 0 : lockLeaf(cpu, mm, va, walk, seen);
  if (entry == 0) rcuReadUnlock(cpu);
  return entry;
}

@inline
export function folioWalkEnd(cpu: Cpu, mm: Mm): void {
  unlockTables(mm);
  rcuReadUnlock(cpu);
}

/** Page tables of hugetlb areas may be shared, which a VMA's own lock knows nothing of. */
@inline
function canWalk(vma: Vma, flags: u32): bool {
  return (flags & FW_VMA_LOCKED) == 0 || (vma.flags & VM_HUGETLB) == 0;
}

/**
 * Until here nothing was locked, so what was seen is looked at again (pte_offset_map_lock): one step up as well, for a
 * last-level table that is no longer part of the tree. A CPU that takes no interrupts must not wait for a holder who may
 * wait for its acknowledgement.
 */
@inline
function lockLeaf(cpu: Cpu, mm: Mm, va: u64, walk: Walk, seen: u64): u64 {
  if (THREADS || STUDY) {
    const level = walk.level;
    const place = walk.entryAddress;
    step(cpu);
    if (cpu.interruptsOff == 0) lockTables(cpu, mm);
    else if (!tryLockTables(cpu, mm)) return 0;
    const entry = walkTo(mm.root, va, walk);
    if (entry != 0 && (level > 1 || walk.entryAddress == place)) return entry;
    unlockTables(mm);
    return 0;
  }
  lockTables(cpu, mm);
  return seen;
}

/** A page, or the zero pages where they are asked for; behind other special entries there is none. */
@inline
function isFound(entry: u64, flags: u32): bool {
  if (!ptePresent(entry)) return false;
  if ((entry & PTE_SPECIAL) == 0) return true;
  return (flags & FW_ZEROPAGE) != 0 && folioOf(pteFrame(entry)).kind == FRAME_ZERO;
}
