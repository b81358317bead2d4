import { GUARD_OOPSES, GUARD_SEGMENTED, profile } from "../arch/profile";
import { setBits } from "../base/atomics";
import { CONTEXT_TASK, Cpu, ports, setPorts, tlbKey } from "../machine/cpu";
import {
  FINDING_FREED_FRAME_ACCESS,
  FINDING_GUARD_CLOSED_ACCESS,
  recordFinding,
} from "../machine/findings";
import { frameOf, pageAddress, pfnOfAddress } from "../machine/frame";
import { PAGE_MASK, PAGE_SIZE, header } from "../machine/map";
import { faultTaken } from "../machine/observer";
import { ACCESS_READ, ACCESS_WRITE, entryAllows, repairFault } from "../mm/fault";
import { keyDenies } from "../mm/keys";
import { Mm } from "../mm/mm";
import { PTE_ACCESSED, PTE_DIRTY, PTE_PKEY_SHIFT, PTE_PRESENT, pteFrame } from "../mm/pte";
import { step } from "../mm/shootdown";
import { Walk, levelShift, walkTo } from "../mm/table";
import { Task } from "../mm/task";
import { keysInForce } from "../mm/taskLife";
import { cachedEntry, rememberTable, tlbFill, tlbLookup, tlbSlot, writeTlbFor } from "../mm/tlb";
import {
  COUNT_FAULTS,
  COUNT_FAULT_FIXUPS,
  COUNT_TLB_HITS,
  COUNT_TLB_MISSES,
  COUNT_WALKS,
  count,
} from "../study/counters";
import { EVENT_FAULT, EVENT_FIXUP, EVENT_WALK, emit } from "../study/events";

/**
 * From a user address to a linear one: through the port's TLB, else by a walk, else by a repaired fault.
 * Everything here answers with an address or with 0; nothing throws.
 */

/** Why a miss gave no address (Cpu.missReason). */
export const MISS_FAULT: u32 = 0;
export const MISS_STRADDLE: u32 = 1;
export const MISS_VIOLATION: u32 = 2;

/** The linear address of [va, va+size) for reading, or 0: not there, or not within one page (Cpu.missReason). */
@inline
export function translateRead(cpu: Cpu, va: u64, size: u64): usize {
  if (STUDY) return resolve(cpu, va, size, ACCESS_READ);
  const hit = tlbLookup(cpu, cpu.userRead, va, size);
  return hit != 0 ? hit : missRead(cpu, va, size);
}

@inline
export function translateWrite(cpu: Cpu, va: u64, size: u64): usize {
  if (STUDY) return resolve(cpu, va, size, ACCESS_WRITE);
  const hit = tlbLookup(cpu, cpu.userWrite, va, size);
  return hit != 0 ? hit : missWrite(cpu, va, size);
}

/** The read miss whose page is mapped, or else the whole way. */
export function missRead(cpu: Cpu, va: u64, size: u64): usize {
  if (cpu.userRead == cpu.readTlb && ((va as u32) & PAGE_MASK) + (size as u32) <= PAGE_SIZE) {
    const key = tlbKey(cpu, va);
    const entry = cachedEntry(cpu, key);
    if (readable(entry)) return refill(tlbSlot(cpu, cpu.readTlb, va), key, entry) + (va as u32);
  }
  return resolve(cpu, va, size, ACCESS_READ);
}

/** True for an entry that the hardware reads through without writing to it. */
@inline
export function readable(entry: u64): bool {
  const needed = (PTE_PRESENT | PTE_ACCESSED) as u32;
  return ((entry as u32) & needed) == needed;
}

/** Enters a page by its key and its page-table entry; answers the addend. */
@inline
export function refill(slot: usize, key: u64, entry: u64): u32 {
  const addend = header().ram + ((entry as u32) & ~PAGE_MASK) - ((key as u32) & ~PAGE_MASK);
  store<u64>(slot, key);
  store<u32>(slot, addend, 8);
  return addend;
}

export function missWrite(cpu: Cpu, va: u64, size: u64): usize {
  return resolve(cpu, va, size, ACCESS_WRITE);
}

/**
 * The whole way for an access of `size` bytes. In the study build this is every access: a yield before it, so that
 * another CPU may change the mapping between two fields.
 */
export function resolve(cpu: Cpu, va: u64, size: u64, access: u32): usize {
  step(cpu);
  if (((va as u32) & PAGE_MASK) + (size as u32) > PAGE_SIZE) {
    cpu.missReason = MISS_STRADDLE;
    return 0;
  }
  while (true) {
    const port = portFor(cpu, va, access);
    if (port == header().emptyTlb) return violation(cpu, va, access);
    const hit = tlbLookup(cpu, port, va, size);
    if (hit != 0) {
      count(cpu, COUNT_TLB_HITS);
      return checkLive(cpu, va, hit);
    }
    count(cpu, COUNT_TLB_MISSES);
    const found = walkAndFill(cpu, port, va, access);
    if (found != 0) return checkLive(cpu, va, found);
    if (!faultRepaired(cpu, va, access)) {
      cpu.missReason = MISS_FAULT;
      return 0;
    }
  }
}

/** Study: a translation may outlive its page; touching a freed frame is the modelled kernel's mistake. */
@inline
function checkLive(cpu: Cpu, va: u64, address: usize): usize {
  if (STUDY) {
    const pfn = pfnOfAddress(address);
    if (frameOf(pfn).refcount == 0 && frameOf(pfn).kind <= 1) {
      recordFinding(FINDING_FREED_FRAME_ACCESS, cpu.index, cpu.task, va, pfn);
    }
  }
  return address;
}

/**
 * The table a port shows now. book3s/32: a store to another segment than the open one is not a violation; the fault
 * handler opens that segment instead of the first (arch/powerpc/include/asm/book3s/32/kup.h).
 */
function portFor(cpu: Cpu, va: u64, access: u32): u32 {
  if (access == ACCESS_READ) return cpu.userRead;
  const port = cpu.userWrite;
  if ((cpu.guard & GUARD_SEGMENTED) == 0 || port == header().emptyTlb || va > u32.MAX_VALUE) {
    return port;
  }
  cpu.userWrite = writeTlbFor(cpu, va);
  return cpu.userWrite;
}

/** The guard was closed: the access is not made. */
export function violation(cpu: Cpu, va: u64, access: u32): usize {
  recordFinding(FINDING_GUARD_CLOSED_ACCESS, cpu.index, cpu.task, va, access);
  if (cpu.task != 0 && (cpu.guard & GUARD_OOPSES) != 0) {
    changetype<Task>(cpu.task as usize).oopsed = 1;
  }
  cpu.missReason = MISS_VIOLATION;
  return 0;
}

/** Walks the page tables as the hardware does: sets accessed and dirty, fills the port's TLB. 0: a fault. */
function walkAndFill(cpu: Cpu, port: u32, va: u64, access: u32): usize {
  if (va >= profile().tableLimit || cpu.mm == 0) return 0;
  count(cpu, COUNT_WALKS);
  emit(cpu, EVENT_WALK, va, access);
  const walk = changetype<Walk>(changetype<usize>(cpu) + offsetof<Cpu>("walkEntry"));
  const entry = walkTo(changetype<Mm>(cpu.mm as usize).root, va, walk);
  if (!entryAllows(entry, access) || deniedByKey(cpu, entry, access)) return 0;
  const wanted = (access == ACCESS_WRITE ? PTE_ACCESSED | PTE_DIRTY : PTE_ACCESSED) as u32;
  if (((entry as u32) & wanted) != wanted && !setBits(walk.entryAddress, entry as u32, wanted)) {
    return walkAndFill(cpu, port, va, access); // another CPU changed the entry: look again
  }
  const page = pageAddress(pteFrame(entry)) + pageInLeaf(va, walk.level);
  tlbFill(cpu, port, va, page);
  if (walk.level == 1 && profile().entryBytes == 8 && !keysInForce(cpu)) {
    rememberTable(cpu, tlbKey(cpu, va), walk.entryAddress & ~PAGE_MASK);
  }
  return page + ((va as u32) & PAGE_MASK);
}

@inline
function pageInLeaf(va: u64, level: u32): usize {
  return (va & (((1 as u64) << levelShift(level)) - 1) & ~(PAGE_MASK as u64)) as usize;
}

function deniedByKey(cpu: Cpu, entry: u64, access: u32): bool {
  return keyDenies(cpu, ((entry >> PTE_PKEY_SHIFT) & 15) as u32, access);
}

/** True where a fault may not be repaired: faults disabled, an atomic context, or no address space at all. */
export function repairForbidden(cpu: Cpu): bool {
  if (cpu.context != CONTEXT_TASK || cpu.preemptDisabled != 0 || cpu.mm == 0) return true;
  return changetype<Task>(cpu.task as usize).pagefaultDisabled != 0;
}

/**
 * The exception: the guard is saved and closed for the handler, the fault repaired if that is allowed, and the guard
 * restored for the repeated instruction or for the fixup, which runs with it open.
 */
function faultRepaired(cpu: Cpu, va: u64, access: u32): bool {
  count(cpu, COUNT_FAULTS);
  emit(cpu, EVENT_FAULT, va, access);
  if (!repairForbidden(cpu) && !keyDenied(cpu, va, access)) {
    const saved = ports(cpu);
    setPorts(cpu, cpu.closedPair);
    faultTaken(cpu, va, access, 0);
    const result = repairFault(cpu, va, access);
    if (result == 0) faultTaken(cpu, va, access, 1);
    setPorts(cpu, saved);
    if (result == 0) return true;
  }
  count(cpu, COUNT_FAULT_FIXUPS);
  emit(cpu, EVENT_FIXUP, va, access);
  return false;
}

/** A denial by the user's own key is no fault that a handler could repair. */
function keyDenied(cpu: Cpu, va: u64, access: u32): bool {
  if (!keysInForce(cpu) || va >= profile().tableLimit) return false;
  const walk = changetype<Walk>(changetype<usize>(cpu) + offsetof<Cpu>("walkEntry"));
  const entry = walkTo(changetype<Mm>(cpu.mm as usize).root, va, walk);
  return entryAllows(entry, access) && deniedByKey(cpu, entry, access);
}
