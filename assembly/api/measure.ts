import { cpuAt } from "../machine/cpu";
import { PAGE_SHIFT } from "../machine/map";
import { objectBytesFrom } from "../machine/slab";
import { flushAll, invalidateLeaf } from "../mm/tlb";
import { ABI_COMPAT, STRATEGY_BLOCK, STRATEGY_COPY } from "../pcm/layout";
import { perField, writeBlock, writeCopy } from "../pcm/syncMove";
import { copyToUser } from "../uaccess/copy";
import { getUser } from "../uaccess/single";
import { wide } from "./tasks";

/**
 * Loops for measuring: the host says "n times", so that no crossing of the boundary is timed (DESIGN §3.10). What they
 * run is the real thing, not a copy of it.
 */

/** n write sides of SYNC_PTR in the compat layout. Bit-or of the results: 0, or a negative number if one failed. */
export function measureSyncPtrWrite(index: u32, lo: u32, hi: u32, strategy: u32, n: u32): i32 {
  const cpu = cpuAt(index);
  const va = wide(lo, hi);
  let result: i32 = 0;
  if (strategy == STRATEGY_BLOCK) for (let at: u32 = 0; at < n; at++) result |= writeBlock(cpu, va, ABI_COMPAT);
  else if (strategy == STRATEGY_COPY) for (let at: u32 = 0; at < n; at++) result |= writeCopy(cpu, va, ABI_COMPAT);
  else for (let at: u32 = 0; at < n; at++) result |= perField(cpu, va, ABI_COMPAT);
  return result;
}

/** n copies of `length` bytes to user memory; bytes not copied, summed. */
export function measureCopyToUser(index: u32, lo: u32, hi: u32, kernel: u32, length: u32, n: u32): u32 {
  if (objectBytesFrom(kernel) < length) return length;
  const cpu = cpuAt(index);
  let left: u32 = 0;
  for (let at: u32 = 0; at < n; at++) left += copyToUser(cpu, wide(lo, hi), kernel, length);
  return left;
}

/**
 * n gets of 4 bytes at random pages of `pages` (a power of two) from an address on, in the order of a linear
 * congruential generator; with `drop` each page's own translation is dropped before the access. Sum of the values.
 */
export function measureRandomGets(index: u32, lo: u32, hi: u32, pages: u32, n: u32, seed: u32, drop: u32): u32 {
  const cpu = cpuAt(index);
  const base = wide(lo, hi);
  let state = seed;
  let sum: u32 = 0;
  for (let at: u32 = 0; at < n; at++) {
    state = state * 1664525 + 1013904223;
    const va = base + ((((state >> 8) & (pages - 1)) as u64) << PAGE_SHIFT);
    if (drop != 0) invalidateLeaf(cpu, va);
    if (getUser<u32>(cpu, va) != 0) return 0xffffffff;
    sum += cpu.value as u32;
  }
  return sum;
}

/** n flushes of the whole TLB. */
export function measureFlush(index: u32, n: u32): void {
  for (let at: u32 = 0; at < n; at++) flushAll(cpuAt(index));
}
