import { ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_SIZE } from "../machine/map";
import { prepareAnonVma } from "./anon";
import { isDax, leafEnd, leafStart } from "./dax";
import { Mm, lockTables, unlockTables } from "./mm";
import { PTE_GUARD_MARKER } from "./pte";
import { makeEntry, writeEntry } from "./table";
import { Vma } from "./vma";
import { ZAP_MARKERS, ZAP_PAGES, zapLocked, zapRange } from "./zap";

/**
 * Guard regions (MADV_GUARD_INSTALL and MADV_GUARD_REMOVE, mm/madvise.c, 6.18): markers in the page tables that make
 * every access a SIGSEGV, whatever the area allows. An area with markers counts as one with private pages, so that fork
 * copies its entries.
 */

/**
 * Drops the pages of a range, of device DAX the whole leaves that it touches, and sets markers there: 0, or −ENOMEM with
 * a part done.
 */
export function installGuards(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64): i32 {
  lockTables(cpu, mm);
  prepareAnonVma(mm, vma);
  const whole = isDax(vma);
  const from = whole ? leafStart(vma, start) : start;
  const to = whole ? leafEnd(vma, end) : end;
  let result = zapLocked(cpu, mm, from, to, ZAP_PAGES);
  for (let va = start; va < end && result == 0; va += PAGE_SIZE) {
    const address = makeEntry(mm.root, va, 1);
    if (address == 0) result = -ENOMEM;
    else writeEntry(address, PTE_GUARD_MARKER);
  }
  unlockTables(mm);
  return result;
}

/** Only the markers go; what was there before them stays lost. */
export function removeGuards(cpu: Cpu, mm: Mm, start: u64, end: u64): i32 {
  return zapRange(cpu, mm, start, end, ZAP_MARKERS);
}
