import { fetchAdd } from "../base/atomics";
import { HEADER, Header } from "../machine/map";
import { backingContinues } from "./backing";
import { Mm } from "./mm";
import { Vma, vmaAt } from "./vma";
import { VM_ACCESS } from "./vmaFlags";
import { findVma, vmaBelow } from "./vmaTree";

/**
 * An area "has private pages" from its first one on: it belongs to an anon_vma (mm/rmap.c, 6.18). Only the anon_vma's
 * identity matters here, a number; the top bit says that it came by a fork, so that others share its pages.
 */
const INHERITED: u32 = 1 << 31;

function newNumber(): u32 {
  return (fetchAdd(HEADER + offsetof<Header>("anonVmas"), 1) + 1) & ~INHERITED;
}

/** anon_vma_fork: the child's copy of an area with private pages. */
export function inheritedAnonVma(parent: Vma): u32 {
  return parent.anonVma == 0 ? 0 : newNumber() | INHERITED;
}

/** anon_vma_prepare: before an area gets a private page. The mmap lock is held, and the page tables' unless for writing. */
export function prepareAnonVma(mm: Mm, vma: Vma): void {
  if (vma.anonVma == 0) vma.anonVma = adoptable(mm, vma);
}

/** A neighbour's anon_vma where only the rights differ, so that both may be joined later; else a new one. */
function adoptable(mm: Mm, vma: Vma): u32 {
  const above = findVma(mm, vma.end);
  if (above != 0 && isKin(vma, vmaAt(above)) && givesAway(vmaAt(above))) {
    return vmaAt(above).anonVma;
  }
  const below = vmaBelow(mm, vma.start);
  if (below != 0 && isKin(vmaAt(below), vma) && givesAway(vmaAt(below))) {
    return vmaAt(below).anonVma;
  }
  return newNumber();
}

@inline
function givesAway(vma: Vma): bool {
  return vma.anonVma != 0 && (vma.anonVma & INHERITED) == 0;
}

function isKin(lower: Vma, upper: Vma): bool {
  return (
    lower.end == upper.start &&
    ((lower.flags ^ upper.flags) & ~VM_ACCESS) == 0 &&
    backingContinues(lower, upper)
  );
}

/** Two areas whose private pages may be of one area; one that came by a fork takes no others in. */
export function anonVmasJoin(lower: Vma, upper: Vma): bool {
  if (lower.anonVma == upper.anonVma) return true;
  if (lower.anonVma != 0 && upper.anonVma != 0) return false;
  return (anonVmaOfBoth(lower, upper) & INHERITED) == 0;
}

/** The anon_vma of two areas that join. */
@inline
export function anonVmaOfBoth(lower: Vma, upper: Vma): u32 {
  return lower.anonVma != 0 ? lower.anonVma : upper.anonVma;
}
