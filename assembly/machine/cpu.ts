import { storeShared } from "../base/atomics";
import { CPU_BYTES, COUNTER_SLOTS, header, PAGE_MASK, TLB_ENTRY_BYTES } from "./map";

/** Contexts a CPU can run in; all but CONTEXT_TASK forbid repairing a fault. */
export const CONTEXT_TASK: u32 = 0;
export const CONTEXT_SOFTIRQ: u32 = 1;
export const CONTEXT_IRQ: u32 = 2;
export const CONTEXT_NMI: u32 = 3;

/** Bytes of the per-CPU kernel stack image that block copies assemble their structure in. */
export const STACK_IMAGE_BYTES: u32 = 256;

/**
 * The unit of context. The first words are the translation ports: each holds the address of a TLB, and closing the
 * guard plugs in the empty one. A pair of user ports is one u64, so that open and close are one store:
 *
 *    63            32 31             0
 *   ┌────────────────┬────────────────┐
 *   │ read TLB       │ write TLB      │
 *   └────────────────┴────────────────┘
 *
 * The write port is the lower half because a store's upper half reaches the load behind it more slowly, and it is
 * writes that come one value at a time (bench W1).
 */
@unmanaged
export class Cpu {
  userWrite: u32; //       0 ┐ the pair, as one u64
  userRead: u32; //        4 ┘
  privileged: u32; //      8 arm64 PAN: what exclusive accesses go through
  generation: u32; //     12 low 12 bits of every live TLB key, 1 … 4095
  closedPair: u64; //     16
  openReadPair: u64; //   24
  openWritePair: u64; //  32 on book3s/32: for the segment last written to
  openBothPair: u64; //   40
  limit: u64; //          48 range check: first address that is not user space
  sizeMask: u64; //       56 0 where a constant size is not looked at
  untagMask: u64; //      64
  accessMask: u64; //     72
  slotMask: u32; //       80 bytes of a TLB, less one entry
  segmentStride: u32; //  84 bytes between the write TLBs of two 256 MB segments, else 0
  index: u32; //          88
  task: u32; //           92 Task, 0 = idle
  mm: u32; //             96 Mm, 0 = kernel thread
  context: u32; //       100
  flushRequest: u32; //  104 another CPU waits for this one to drop its translations
  inCore: u32; //        108 a CPU outside the core counts as having acknowledged
  missReason: u32; //    112 why the last miss gave no address
  walkCache: u32; //     116 leaf-table cache
  value: u64; //         120 what the last getUser read
  counters: u32; //      128 study: this CPU's counters
  readTlb: u32; //       132
  writeTlb: u32; //      136
  blockOpens: u32; //    140 1 where userAccessBegin opens the guard itself
  guard: u32; //         144 the profile's GUARD_* bits, at hand
  blockDirection: u32; //148 how the open block was begun: DIRECTION_*, 0 = none
  preemptDisabled: u32; //152
  walkEntry: u32; //     156 address of the entry the last walk ended at
  walkLevel: u32; //     160 and the level it stands at
  checkedCount: u32; //  164 study: range checks made in the current kernel function
  origin: u32; //        168 study: kind of primitive that runs
  perf: u32; //          172 PerfCpu, 0 = nobody uses perf
  blockWritePair: u64; //176 what a block for writing opens: nothing where each access toggles the guard
  pageLimit: u64; //     184 up to here an access of at most a page passes the range check, whatever its size
  lockNext: u32; //      192 who waits behind this CPU for an mmap lock
  lockWait: u32; //      196 what this CPU waits for, 0 = nothing any more (mm/mmapLock.ts)
  rcuDepth: u32; //      200 RCU read sections this CPU is in
  interruptsOff: u32; // 204 > 0: it takes no interrupt, such as an invalidation
  mmapReadLocks: u64; // 208 from here to `slowBytes`: tallies of locks and remote bytes, kept by every build
  mmapWriteLocks: u64;
  vmaReadLocks: u64;
  tableLocks: u64;
  pteWalks: u64; //      walks for remote memory that ended at a page of this level
  pmdWalks: u64;
  pudWalks: u64;
  missedWalks: u64; //   or at none
  fastBytes: u64; //     of remote memory, moved under a VMA's lock
  slowBytes: u64; //     or under the mmap lock
  lostReservations: u32; //288 so many of its next store-exclusives fail, as if another CPU had written
  unmapped: u32; //      292 it has removed mappings, and has yet to say so (mm/unmapped.ts)
  exclusivePair: u64; // 296 what a compare-and-exchange opens that looks no further than the TLB
  checked: u64; //       296 … CHECKED_SLOTS remembered checks: see uaccess/check.ts
}

@inline
export function cpuAt(index: u32): Cpu {
  return changetype<Cpu>(header().cpus + index * CPU_BYTES);
}

/**
 * Room behind the named words: the remembered range checks; a short list of frames to free, for when RAM has no page
 * left to keep a longer one in (mm/mmap.ts); the kernel stack image at the area's end.
 */
export const CHECKED_SLOTS: u32 = 16;
/** Then, in the threads build, the locks that the CPU's thread holds (held.ts): three words, and the list. */
export const HELD_AT: u32 = offsetof<Cpu>("checked") + CHECKED_SLOTS * 16;
export const HELD_LIST: u32 = 16;
export const HELD_SLOTS: u32 = 12;
const GATHER_AT: u32 = HELD_AT + (THREADS ? HELD_LIST + HELD_SLOTS * 8 : 0);
export const CPU_GATHER_BYTES: u32 = CPU_BYTES - STACK_IMAGE_BYTES - GATHER_AT;

/** Counts a walk for remote memory by the level of the page that it found; 0: it found none. */
@inline
export function tallyWalk(cpu: Cpu, level: u32): void {
  if (level == 0) cpu.missedWalks += 1;
  else if (level == 1) cpu.pteWalks += 1;
  else if (level == 2) cpu.pmdWalks += 1;
  else cpu.pudWalks += 1;
}

@inline
export function gatherArea(cpu: Cpu): usize {
  return changetype<usize>(cpu) + GATHER_AT;
}

@inline
export function stackImage(cpu: Cpu): usize {
  return changetype<usize>(cpu) + CPU_BYTES - STACK_IMAGE_BYTES;
}

@inline
export function setPorts(cpu: Cpu, pair: u64): void {
  store<u64>(changetype<usize>(cpu), pair);
}

@inline
export function ports(cpu: Cpu): u64 {
  return load<u64>(changetype<usize>(cpu));
}

/** TLB key of the page of `va`: page address and the CPU's generation in the low 12 bits; never 0. */
@inline
export function tlbKey(cpu: Cpu, va: u64): u64 {
  return (va & ~(PAGE_MASK as u64)) | cpu.generation;
}

export function initCpu(index: u32): void {
  const h = header();
  const cpu = cpuAt(index);
  cpu.index = index;
  cpu.generation = 1;
  cpu.slotMask = (h.tlbEntries - 1) * TLB_ENTRY_BYTES;
  if (STUDY) cpu.counters = h.counters + index * COUNTER_SLOTS * 8;
  storeShared(changetype<usize>(cpu) + offsetof<Cpu>("inCore"), 0);
}
