import { profile } from "../arch/profile";
import { FRAME_ANON, FRAME_ZERO, Frame, folioOf, frameOf } from "../machine/frame";
import { INSPECTOR, INSPECTOR_BYTES } from "../machine/map";
import { Mm } from "./mm";
import { PTE_SPECIAL, pteFrame, ptePresent } from "./pte";
import { Walk, levelShift, walkTo } from "./table";

/** Looking at a page without touching it: no bit is set, nothing counted, no fault taken, no CPU disturbed. */

/** What can stand for a page. */
export const PAGE_ABSENT: u32 = 0;
export const PAGE_ZERO: u32 = 1; // the zero page, or a part of the huge one
export const PAGE_PRIVATE: u32 = 2; // anonymous
export const PAGE_FILE: u32 = 3; // of the page cache
export const PAGE_GUARD: u32 = 4; // a guard marker
export const PAGE_RAW: u32 = 5; // memory without a page behind it

/** What stands for one page of an address space; the core's answer to `pageState`, overwritten by the next question. */
@unmanaged
export class PageState {
  walk: u64; //  0 a Walk of its own, so that asking disturbs no CPU
  entry: u64; // 8 the leaf entry, or 0
  level: u32; // 16 where the entry stands; 1 = last
  kind: u32; //  20 PAGE_*
  order: u32; // 24 of the folio
  mapcount: u32; // 28
  refcount: u32; // 32
  pageFlags: u32; // 36 FOLIO_* of the leaf's first page
}

/** Where the tables of an address space (0 = none) lead for `va`: entry and level. */
export function lookUp(mm: u32, va: u64): PageState {
  const answer = changetype<PageState>(INSPECTOR);
  memory.fill(INSPECTOR, 0, INSPECTOR_BYTES);
  answer.level = profile().levels;
  if (mm == 0 || va >= profile().tableLimit) return answer;
  const walk = changetype<Walk>(INSPECTOR);
  answer.entry = walkTo(changetype<Mm>(mm as usize).root, va, walk);
  answer.level = walk.level;
  return answer;
}

/** The whole answer. */
export function describePage(mm: u32, va: u64): PageState {
  const answer = lookUp(mm, va);
  if (!ptePresent(answer.entry)) {
    answer.kind = answer.entry == 0 ? PAGE_ABSENT : PAGE_GUARD;
    return answer;
  }
  const pfn = pteFrame(answer.entry);
  const folio = folioOf(pfn);
  answer.kind = kindOf(answer.entry, folio);
  answer.order = folio.order;
  answer.mapcount = folio.mapcount;
  answer.refcount = folio.refcount;
  answer.pageFlags = frameOf(pfn).flags;
  return answer;
}

function kindOf(entry: u64, folio: Frame): u32 {
  if (folio.kind == FRAME_ZERO) return PAGE_ZERO;
  if ((entry & PTE_SPECIAL) != 0) return PAGE_RAW;
  return folio.kind == FRAME_ANON ? PAGE_PRIVATE : PAGE_FILE;
}

/** Bytes from the start of the leaf that was found to `va`. */
@inline
export function inLeaf(answer: PageState, va: u64): u64 {
  return va & (((1 as u64) << levelShift(answer.level)) - 1);
}
