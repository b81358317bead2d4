import { profile } from "../arch/profile";
import { MMAP_MIN_ADDRESS, STACK_GUARD_GAP } from "./growth";
import { Mm } from "./mm";
import { vmaAt } from "./vma";
import { VM_GROWSDOWN } from "./vmaFlags";
import { findVma } from "./vmaTree";

/**
 * Where a mapping goes that was given no place (arch_get_unmapped_area_topdown, mm/mmap.c, 6.18): as high as there is
 * room below the stack's share. A kernel starts from there less a random distance.
 */

/** What stays free for the stack below the end of a program's addresses (mm/util.c, mmap_base). */
const STACK_SHARE: u64 = 128 << 20;

/** A place for `length` bytes at a multiple of `alignment`; 0 where there is none. */
export function freePlace(mm: Mm, length: u64, alignment: u64): u64 {
  let end = profile().taskLimit - STACK_SHARE;
  while (end >= MMAP_MIN_ADDRESS + length) {
    const start = (end - length) & ~(alignment - 1);
    const limit = occupiedFrom(mm, start);
    if (start + length <= limit) return start >= MMAP_MIN_ADDRESS ? start : 0;
    end = limit;
  }
  return 0;
}

/** True where a range holds no area, and nothing that a stack above it may want. */
export function isFree(mm: Mm, start: u64, length: u64): bool {
  return start >= MMAP_MIN_ADDRESS && start + length <= occupiedFrom(mm, start);
}

/** Where the first area begins that ends above an address, with the gap that belongs to a stack (vm_start_gap). */
function occupiedFrom(mm: Mm, start: u64): u64 {
  const above = findVma(mm, start);
  if (above == 0) return profile().taskLimit;
  const vma = vmaAt(above);
  const gap = (vma.flags & VM_GROWSDOWN) != 0 ? STACK_GUARD_GAP : 0;
  return vma.start > gap ? vma.start - gap : 0;
}
