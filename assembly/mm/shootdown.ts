import { loadShared, storeShared, waitOnWord } from "../base/atomics";
import { Cpu, cpuAt } from "../machine/cpu";
import { FINDING_SHOOTDOWN_TIMEOUT, recordFinding } from "../machine/findings";
import { lookForDead } from "../machine/held";
import { PAGE_SIZE, header } from "../machine/map";
import { COUNT_SHOOTDOWNS, count } from "../study/counters";
import { EVENT_ACKNOWLEDGE, EVENT_SHOOTDOWN, emit } from "../study/events";
import { parkFiber, yieldPoint } from "../study/yield";
import { rcuReadLock, rcuReadUnlock } from "./rcu";
import { flushAll, invalidateLeaf } from "./tlb";

/**
 * TLB invalidation across CPUs. The asking CPU sets a flag in the other one's area and waits until it was taken back:
 * at guard close, at a yield point, in a waiting loop, or because that CPU is outside the core.
 */

/**
 * Pages above which one flush of everything is cheaper than single invalidations (x86: tlb_single_page_flush_ceiling).
 */
const SINGLE_PAGE_CEILING: u64 = 33;
/** Rounds after which a waiter reports the CPU that does not answer. */
const PATIENCE: u32 = 100_000;
const WAIT_NANOSECONDS: i64 = 50_000;

@inline
function requestOf(cpu: Cpu): usize {
  return changetype<usize>(cpu) + offsetof<Cpu>("flushRequest");
}

@inline
function inCoreOf(cpu: Cpu): usize {
  return changetype<usize>(cpu) + offsetof<Cpu>("inCore");
}

/** Takes a pending request: forget every translation, then say so. */
@inline
export function acknowledge(cpu: Cpu): void {
  if (isRequested(cpu)) takeRequest(cpu);
}

/** Another CPU waits for this one. Seen a little late it only waits a little longer, so a plain load will do. */
@inline
export function isRequested(cpu: Cpu): bool {
  return cpu.flushRequest != 0;
}

function takeRequest(cpu: Cpu): void {
  if ((THREADS || STUDY) && cpu.interruptsOff != 0) return;
  flushAll(cpu);
  storeShared(requestOf(cpu), 0);
  if (THREADS) atomic.notify(requestOf(cpu), -1);
  emit(cpu, EVENT_ACKNOWLEDGE, 0, cpu.index);
}

/**
 * An instruction boundary: in study another CPU may run here, and a pending invalidation is taken like an interrupt.
 */
@inline
export function step(cpu: Cpu): void {
  if (STUDY) {
    yieldPoint(cpu);
    acknowledge(cpu);
  }
}

/** local_irq_disable: the CPU is also in an RCU section, as far as anybody else can tell. */
@inline
export function disableInterrupts(cpu: Cpu): void {
  if (THREADS || STUDY) {
    rcuReadLock(cpu);
    cpu.interruptsOff += 1;
  }
}

@inline
export function enableInterrupts(cpu: Cpu): void {
  if (THREADS || STUDY) {
    cpu.interruptsOff -= 1;
    rcuReadUnlock(cpu);
    acknowledge(cpu);
  }
}

/** Entering and leaving the core: outside, a CPU holds no translation that anybody need wait for. */
export function enterCore(cpu: Cpu): void {
  enterCoreHere(cpu);
}

export function leaveCore(cpu: Cpu): void {
  leaveCoreHere(cpu);
}

/** The same two, written out where they are called. */
@inline
export function enterCoreHere(cpu: Cpu): void {
  storeShared(inCoreOf(cpu), 1);
  acknowledge(cpu);
}

@inline
export function leaveCoreHere(cpu: Cpu): void {
  acknowledge(cpu);
  storeShared(inCoreOf(cpu), 0);
  if (THREADS) atomic.notify(requestOf(cpu), -1);
}

/**
 * Waits a little for `address` to change from `seen`, acknowledging meanwhile. False when nobody else can run:
 * the release build, or the study build without a scheduler.
 */
export function waitForOthers(cpu: Cpu, address: usize, seen: u32): bool {
  acknowledge(cpu);
  if (THREADS) {
    waitOnWord(address, seen, WAIT_NANOSECONDS);
    lookForDead();
    acknowledge(cpu);
    return true;
  }
  const resumed = parkFiber(cpu);
  acknowledge(cpu);
  return resumed;
}

function awaitAcknowledgement(cpu: Cpu, other: Cpu): void {
  let rounds: u32 = 0;
  while (loadShared(requestOf(other)) != 0 && loadShared(inCoreOf(other)) != 0) {
    rounds += 1;
    if (rounds < PATIENCE && waitForOthers(cpu, requestOf(other), 1)) continue;
    recordFinding(FINDING_SHOOTDOWN_TIMEOUT, cpu.index, cpu.task, 0, other.index);
    return;
  }
}

/** Makes every CPU that runs the address space `mm` forget [start, end); the pages may be freed afterwards. */
export function shootDown(cpu: Cpu, mm: u32, start: u64, end: u64): void {
  invalidateOwn(cpu, mm, start, end);
  const cpus = header().cpuCount;
  for (let index: u32 = 0; index < cpus; index++) {
    const other = cpuAt(index);
    if (other.index == cpu.index || other.mm != mm) continue;
    count(cpu, COUNT_SHOOTDOWNS);
    emit(cpu, EVENT_SHOOTDOWN, start, index);
    storeShared(requestOf(other), 1);
  }
  for (let index: u32 = 0; index < cpus; index++) {
    const other = cpuAt(index);
    if (other.index != cpu.index && other.mm == mm) awaitAcknowledgement(cpu, other);
  }
}

function invalidateOwn(cpu: Cpu, mm: u32, start: u64, end: u64): void {
  if (cpu.mm != mm) return;
  if (end - start > SINGLE_PAGE_CEILING * PAGE_SIZE) {
    flushAll(cpu);
    return;
  }
  for (let va = start; va < end; va += PAGE_SIZE) invalidateLeaf(cpu, va);
}
