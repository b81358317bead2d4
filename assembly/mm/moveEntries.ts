import { Cpu } from "../machine/cpu";
import { splitLeaf } from "./huge";
import { Mm, lockTables, unlockTables } from "./mm";
import { shootDown } from "./shootdown";
import {
  Walk,
  entryAfter,
  firstEntry,
  levelShift,
  makeEntry,
  readEntry,
  scratchWalk,
  walkTo,
  writeEntry,
} from "./table";
import { splitEdges } from "./zap";

/**
 * move_page_tables (mm/mremap.c, 6.18): pages and markers of a range get other addresses; no reference changes hands. A
 * large leaf moves as one where the new place is as aligned, else its parts do.
 */

/** True with all moved; false with nothing moved, for want of a page table. The mmap lock is held for writing. */
export function moveEntries(cpu: Cpu, mm: Mm, from: u64, to: u64, length: u64): bool {
  lockTables(cpu, mm);
  const whole = splitEdges(mm, from, from + length) == 0;
  const end = whole ? moveSome(cpu, mm, from, to, length) : from;
  const done = end == from + length && whole;
  if (!done) moveSome(cpu, mm, to, from, end - from);
  shootDown(cpu, changetype<usize>(mm) as u32, from, from + length);
  unlockTables(mm);
  return done;
}

/** The address up to which everything has moved. */
function moveSome(cpu: Cpu, mm: Mm, from: u64, to: u64, length: u64): u64 {
  const walk = scratchWalk(cpu);
  const end = from + length;
  let va = firstEntry(mm.root, from, end, walk);
  while (va < end) {
    if (!moveLeaf(mm, va, to + (va - from), walk)) return va;
    va = entryAfter(mm.root, va, end, walk);
  }
  return end;
}

/** An entry at the new place that is in use leads to a table, which must not be lost. */
function moveLeaf(mm: Mm, va: u64, target: u64, walk: Walk): bool {
  while (true) {
    const address = walk.entryAddress as usize;
    const bytes = (1 as u64) << levelShift(walk.level);
    const place = (target & (bytes - 1)) == 0 ? makeEntry(mm.root, target, walk.level) : 0;
    if (place != 0 && readEntry(place) == 0) {
      writeEntry(place, readEntry(address));
      writeEntry(address, 0);
      return true;
    }
    if (walk.level == 1 || !splitLeaf(address, walk.level)) return false;
    walkTo(mm.root, va, walk);
  }
}
