import { loadShared } from "../base/atomics";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { frameOf, pfnOfAddress } from "../machine/frame";
import {
  HELD_TABLES,
  HELD_VMA,
  HELD_WORD,
  heldAt,
  heldCount,
  heldKind,
  holderMark,
} from "../machine/held";
import { PAGE_SIZE } from "../machine/map";
import { leafPages } from "./leaf";
import { Mm, tableLockAddress, unlockTables } from "./mm";
import { buryHolder } from "./mmapLock";
import { ptePresent } from "./pte";
import { shootDown } from "./shootdown";
import { childTable, readEntry } from "./table";
import { vmaAt } from "./vma";
import { dropReader } from "./vmaLock";

/**
 * The locks of address spaces that a dead CPU held, given back from the innermost to the outermost. An Mm that it died in
 * the middle of changing stays locked: 0 where there is none.
 */
export function buryAddressSpaces(by: Cpu, dead: Cpu): u32 {
  for (let index: u32 = 0; index < heldCount(dead); index++) {
    const mm = changetype<Mm>(heldAt(dead, index));
    if (heldKind(dead, index) == HELD_TABLES) buryTables(by, dead, mm);
  }
  for (let index: u32 = 0; index < heldCount(dead); index++) {
    if (heldKind(dead, index) == HELD_VMA) dropReader(vmaAt(heldAt(dead, index)));
  }
  let lost: u32 = 0;
  for (let index: u32 = 0; index < heldCount(dead); index++) {
    const kind = heldKind(dead, index);
    if (kind == HELD_WORD || kind == HELD_TABLES || kind == HELD_VMA) continue;
    const mm = changetype<Mm>(heldAt(dead, index));
    buryHolder(dead, mm, kind);
    if (mm.lostTo != 0) lost = changetype<usize>(mm) as u32;
  }
  return lost;
}

/**
 * Entries are whole, each of them, and are written after the counts of their pages rise and before these fall: what is
 * lost is memory. The counts beside them are made anew, and every CPU forgets what it was about to be told of.
 */
function buryTables(by: Cpu, dead: Cpu, mm: Mm): void {
  if (loadShared(tableLockAddress(mm)) != holderMark(dead)) return;
  mm.pages = recount(mm.root, profile().levels);
  shootDown(by, changetype<usize>(mm) as u32, 0, profile().tableLimit);
  unlockTables(mm);
}

/** Counts the entries in use of a table and of those below; how many pages they map. */
function recount(table: usize, level: u32): u32 {
  const p = profile();
  const bytes = level == p.levels ? p.topEntries * p.entryBytes : PAGE_SIZE;
  let used: u32 = 0;
  let pages: u32 = 0;
  for (let at = table; at < table + bytes; at += p.entryBytes) {
    const entry = readEntry(at);
    if (entry == 0) continue;
    used += 1;
    const below = childTable(at, level);
    if (below != 0) pages += recount(below, level - 1);
    else if (ptePresent(entry)) pages += leafPages(level);
  }
  frameOf(pfnOfAddress(table)).count = used;
  return pages;
}
