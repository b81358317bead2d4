import { profile } from "../arch/profile";
import { Cpu, tlbKey } from "../machine/cpu";
import {
  PAGE_MASK,
  PAGE_SHIFT,
  TLB_ENTRY_BYTES,
  WALK_CACHE_BYTES,
  WALK_CACHE_ENTRIES,
  header,
} from "../machine/map";
import { COUNT_TLB_FLUSHES, count } from "../study/counters";

/**
 * A TLB entry maps one 4 KiB page, whatever size its leaf has.
 *
 *   0                                  8             12            16
 *   ┌──────────────────────┬──────────┬─────────────┬─────────────┐
 *   │ va bits 63 … 12      │generation│ addend      │ (unused)    │
 *   └──────────────────────┴──────────┴─────────────┴─────────────┘
 *   addend: linear page − va's page, modulo 2^32
 *
 * The key holds the CPU's generation, so that raising it empties every table at once. The generation is never 0 and
 * the empty table is all zeros, so nothing ever hits there.
 */

/** A walk-cache entry stands for 2 MiB, the reach of a last-level table with 8-byte entries. */
const WALK_CACHE_SHIFT: u64 = 21;
/** The bits of a key that tell the pages of one table apart. */
const PAGES_OF_A_TABLE: u64 = 0x1ff000;
/** From a key to the offset of its page's entry in the table. */
const TABLE_INDEX_SHIFT: u64 = 9;
const TABLE_INDEX_MASK: u32 = 0xff8;

const LAST_GENERATION: u32 = 4095;

/** Bytes of an entry, as a shift. */
const ENTRY_SHIFT: u64 = 4;

/** Where a page's entry stands in a table; `slotMask` is the CPU's. */
@inline
export function slotIn(table: u32, va: u64, slotMask: u32): usize {
  return table + (((va >> (PAGE_SHIFT - ENTRY_SHIFT)) as u32) & slotMask);
}

@inline
export function tlbSlot(cpu: Cpu, table: u32, va: u64): usize {
  return slotIn(table, va, cpu.slotMask);
}

/** The linear address of `va` by an entry that holds its page. */
@inline
export function linearIn(slot: usize, va: u64): usize {
  return load<u32>(slot, 8) + (va as u32);
}

/**
 * The linear address of `va` through a port's table, or 0 when it misses there. An access that leaves its page misses
 * too: the key is that of its last byte, the slot that of its first.
 */
@inline
export function tlbLookup(cpu: Cpu, table: u32, va: u64, size: u64): usize {
  const slot = tlbSlot(cpu, table, va);
  if (load<u64>(slot) != tlbKey(cpu, va + (size - 1))) return 0;
  return linearIn(slot, va);
}

@inline
export function tlbFill(cpu: Cpu, table: u32, va: u64, linearPage: usize): void {
  const slot = tlbSlot(cpu, table, va);
  store<u64>(slot, tlbKey(cpu, va));
  store<u32>(slot, (linearPage as u32) - ((va as u32) & ~PAGE_MASK), 8);
}

/** The write TLB for an address: on book3s/32 each 256 MB segment has its own, elsewhere there is one. */
@inline
export function writeTlbFor(cpu: Cpu, va: u64): u32 {
  return cpu.writeTlb + ((va >> 28) as u32) * cpu.segmentStride;
}

/** Where the table for a page stands in the walk cache; a page is named by its TLB key throughout. */
@inline
function walkCacheSlot(cpu: Cpu, key: u64): usize {
  const mask = (WALK_CACHE_ENTRIES - 1) << (ENTRY_SHIFT as u32);
  return cpu.walkCache + (((key >> (WALK_CACHE_SHIFT - ENTRY_SHIFT)) as u32) & mask);
}

/**
 * The last-level entry for a page by one load from the cached table; 0 where none is cached. Tables are cached only
 * where entries have 8 bytes, and not while the task's own keys are in force: neither need be looked at here (bench W5).
 */
@inline
export function cachedEntry(cpu: Cpu, key: u64): u64 {
  const slot = walkCacheSlot(cpu, key);
  if (((load<u64>(slot) ^ key) & ~PAGES_OF_A_TABLE) != 0) return 0;
  return load<u64>(load<u32>(slot, 8) + (((key >> TABLE_INDEX_SHIFT) as u32) & TABLE_INDEX_MASK));
}

/** Remembers the last-level table that holds a page's entry. */
export function rememberTable(cpu: Cpu, key: u64, table: u32): void {
  const slot = walkCacheSlot(cpu, key);
  store<u64>(slot, key);
  store<u32>(slot, table, 8);
}

/** Drops every translation of this CPU. */
export function flushAll(cpu: Cpu): void {
  count(cpu, COUNT_TLB_FLUSHES);
  newGeneration(cpu);
}

/** Empties the tables: a new generation, and a real clearing once in 4,095 times. */
export function newGeneration(cpu: Cpu): void {
  if (cpu.generation < LAST_GENERATION) {
    cpu.generation += 1;
    return;
  }
  memory.fill(cpu.readTlb, 0, header().tlbBytesPerCpu);
  memory.fill(cpu.walkCache, 0, WALK_CACHE_BYTES);
  cpu.generation = 1;
}

/** Drops one page's translation and keeps the walk cache: the leaf changed, no table was freed. */
@inline
export function invalidateLeaf(cpu: Cpu, va: u64): void {
  store<u64>(tlbSlot(cpu, cpu.readTlb, va), 0);
  store<u64>(tlbSlot(cpu, writeTlbFor(cpu, va), va), 0);
}

/** Gives the CPU its tables in the TLB region and its port pairs follow from them (uaccess/guard.ts). */
export function initTlb(cpu: Cpu): void {
  const h = header();
  const bytes = h.tlbEntries * TLB_ENTRY_BYTES;
  cpu.readTlb = h.tlbs + cpu.index * h.tlbBytesPerCpu;
  cpu.writeTlb = cpu.readTlb + bytes;
  cpu.segmentStride = profile().writeTables > 1 ? bytes : 0;
  cpu.walkCache = h.walkCaches + cpu.index * WALK_CACHE_BYTES;
}
