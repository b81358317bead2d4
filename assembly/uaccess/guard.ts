import {
  GUARD_NONE,
  GUARD_PER_ACCESS,
  GUARD_SPLIT,
  GUARD_UNPRIVILEGED,
  GUARD_WRITES_ONLY,
  profile,
} from "../arch/profile";
import { Cpu, ports, setPorts } from "../machine/cpu";
import { PAGE_SIZE, header } from "../machine/map";
import { acknowledge } from "../mm/shootdown";
import { initTlb } from "../mm/tlb";
import {
  COUNT_GUARD_CLOSES_READ,
  COUNT_GUARD_CLOSES_WRITE,
  COUNT_GUARD_OPENS_READ,
  COUNT_GUARD_OPENS_WRITE,
  count,
} from "../study/counters";
import { EVENT_GUARD_CLOSE, EVENT_GUARD_OPEN, emit } from "../study/events";

/**
 * The guard on user memory: SMAP, KUAP, PAN, SUM (each architecture's asm/uaccess.h). Opening stores the architecture's
 * pair of user ports, closing stores the closed pair; where a port is closed its TLB is the empty one, so that an
 * access misses and the slow path finds the violation.
 *
 *   profile            closed     open to read   open to write   open to both
 *   x86, 8xx, TTBR0,   – –        R W            R W             R W
 *   RISC-V
 *   book3s/64          – –        R –            – W             R W
 *   book3s/32          R –        R –            R Wseg          R Wseg        (Wseg: the write TLB of one segment)
 *   arm64 PAN, none    R W        R W            R W             R W
 */
export const DIRECTION_READ: u32 = 1;
export const DIRECTION_WRITE: u32 = 2;
export const DIRECTION_BOTH: u32 = 3;

@inline
function pair(read: u32, write: u32): u64 {
  return (write as u64) | ((read as u64) << 32);
}

/** Builds a CPU's port pairs from its profile and closes its guard. */
export function initGuard(cpu: Cpu): void {
  initTlb(cpu);
  const p = profile();
  const empty = header().emptyTlb;
  const both = pair(cpu.readTlb, cpu.writeTlb);
  const readOpen: u32 = p.guard & GUARD_WRITES_ONLY ? cpu.readTlb : empty;
  const always = (p.guard & (GUARD_NONE | GUARD_UNPRIVILEGED)) != 0;
  const split = (p.guard & GUARD_SPLIT) != 0;
  cpu.closedPair = always ? both : pair(readOpen, empty);
  cpu.openBothPair = both;
  cpu.openWritePair = split ? pair(empty, cpu.writeTlb) : both;
  cpu.openReadPair = split || (p.guard & GUARD_WRITES_ONLY) != 0 ? pair(cpu.readTlb, empty) : both;
  cpu.limit = p.userLimit;
  cpu.pageLimit = p.userLimit - PAGE_SIZE;
  cpu.sizeMask = u64.MAX_VALUE;
  cpu.untagMask = p.untagMask;
  cpu.accessMask = p.accessMask;
  cpu.guard = p.guard;
  setExclusivePair(cpu);
  cpu.blockOpens = p.guard & GUARD_PER_ACCESS ? 0 : 1;
  cpu.blockWritePair = cpu.blockOpens ? cpu.openWritePair : cpu.closedPair;
  cpu.privileged = always && (p.guard & GUARD_NONE) == 0 ? empty : cpu.writeTlb;
  setPorts(cpu, cpu.closedPair);
}

/**
 * What a compare-and-exchange opens that looks no further than the TLB: nothing where it has to, for arm64's privileged
 * accesses and while reservations get lost.
 */
export function setExclusivePair(cpu: Cpu): void {
  const empty = header().emptyTlb;
  const further = (cpu.guard & GUARD_UNPRIVILEGED) != 0 || cpu.lostReservations != 0;
  cpu.exclusivePair = further ? pair(empty, empty) : pair(cpu.readTlb, cpu.writeTlb);
}

/** What opening means in the counters: book3s/32 opens nothing for reading, arm64 PAN and `none` never. */
@inline
export function toggles(cpu: Cpu, direction: u32): bool {
  if (cpu.guard & (GUARD_NONE | GUARD_UNPRIVILEGED)) return false;
  return !(direction == DIRECTION_READ && (cpu.guard & GUARD_WRITES_ONLY) != 0);
}

@inline
function noteOpen(cpu: Cpu, va: u64, direction: u32): void {
  if (STUDY) {
    if (!toggles(cpu, direction)) return;
    count(cpu, direction == DIRECTION_READ ? COUNT_GUARD_OPENS_READ : COUNT_GUARD_OPENS_WRITE);
    emit(cpu, EVENT_GUARD_OPEN, va, direction, cpu.origin);
  }
}

/** Where reads are never guarded this does nothing, so that a block open for writing stays open. */
@inline
export function openForRead(cpu: Cpu, va: u64): void {
  if (cpu.guard & GUARD_WRITES_ONLY) return;
  setPorts(cpu, cpu.openReadPair);
  noteOpen(cpu, va, DIRECTION_READ);
}

/** book3s/32: the pairs that open for writing go to the write TLB of the address's segment. */
function chooseSegment(cpu: Cpu, va: u64): void {
  const write = cpu.writeTlb + ((va >> 28) & 15) * cpu.segmentStride;
  cpu.openBothPair = pair(cpu.readTlb, write as u32);
  cpu.openWritePair = cpu.openBothPair;
  cpu.blockWritePair = cpu.openBothPair;
}

@inline
export function openForWrite(cpu: Cpu, va: u64): void {
  if (cpu.segmentStride != 0) chooseSegment(cpu, va);
  setPorts(cpu, cpu.openWritePair);
  noteOpen(cpu, va, DIRECTION_WRITE);
}

@inline
export function openForBoth(cpu: Cpu, va: u64): void {
  if (cpu.segmentStride != 0) chooseSegment(cpu, va);
  setPorts(cpu, cpu.openBothPair);
  noteOpen(cpu, va, DIRECTION_BOTH);
}

/** Closes the guard; with real threads a waiting shootdown is answered here. */
@inline
export function closeGuard(cpu: Cpu, direction: u32): void {
  if (direction != DIRECTION_READ || (cpu.guard & GUARD_WRITES_ONLY) == 0) {
    setPorts(cpu, cpu.closedPair);
  }
  if (THREADS) acknowledge(cpu);
  if (STUDY) {
    if (!toggles(cpu, direction)) return;
    count(cpu, direction == DIRECTION_READ ? COUNT_GUARD_CLOSES_READ : COUNT_GUARD_CLOSES_WRITE);
    emit(cpu, EVENT_GUARD_CLOSE, 0, direction, cpu.origin);
  }
}

/** The guard as seen from outside: which directions are open now. A guard that never closes counts as closed. */
export function openDirections(cpu: Cpu): u32 {
  const now = ports(cpu);
  if (now == cpu.closedPair) return 0;
  const empty = header().emptyTlb;
  const read = ((now >> 32) as u32) != empty ? DIRECTION_READ : 0;
  const write = (now as u32) != empty ? DIRECTION_WRITE : 0;
  return read | write;
}
