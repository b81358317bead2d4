import { EAGAIN, EEXIST, EFAULT, EINTR, ENOMEM } from "../base/errno";
import { Cpu, tallyWalk } from "../machine/cpu";
import { FOLIO_DIRTY, FOLIO_EXCLUSIVE, FRAME_ANON, FRAME_ZERO, folioOf } from "../machine/frame";
import { folioGet, folioPut } from "../machine/frames";
import { PAGE_SHIFT, header } from "../machine/map";
import {
  ACCESS_READ,
  ACCESS_UNSHARE,
  ACCESS_WRITE,
  VM_FAULT_OOM,
  handleMmFault,
} from "../mm/fault";
import { folioWalkEnd, lockEntry } from "../mm/folioWalk";
import { Mm } from "../mm/mm";
import { PTE_RW, PTE_SPECIAL, pteFrame, ptePresent } from "../mm/pte";
import { levelShift, scratchWalk } from "../mm/table";
import { fatalSignalPending } from "../mm/task";
import { Vma, vmaAt } from "../mm/vma";
import { VM_MAYSHARE, VM_MAYWRITE, VM_SHARED, VM_WRITE } from "../mm/vmaFlags";
import { vmaContaining } from "../mm/vmaTree";
import { FOLL_FORCE, FOLL_PIN, FOLL_WRITE } from "./foll";
import { checkVmaFlags } from "./rights";

/**
 * get_user_pages_remote (mm/gup.c, 6.18): the pages behind another address space's addresses, faulted in where they
 * must be. The mmap lock is held for reading throughout and no stack grows.
 */

/** One page with a reference, which putUserPage gives back: its frame number; −EFAULT, −ENOMEM, −EINTR, −EEXIST. */
export function getUserPage(cpu: Cpu, mm: Mm, va: u64, foll: u32): i32 {
  const area = vmaContaining(mm, va);
  return area == 0 ? -EFAULT : getPageOf(cpu, mm, vmaAt(area), va, foll);
}

/** The same where the area is at hand. */
export function getPageOf(cpu: Cpu, mm: Mm, vma: Vma, va: u64, foll: u32): i32 {
  const right = checkVmaFlags(vma, foll);
  if (right != 0) return right;
  while (!fatalSignalPending(cpu)) {
    const pfn = followPage(cpu, mm, vma, va, foll);
    if (pfn != 0) return pfn;
    const fault = handleMmFault(cpu, mm, vma, va, cpu.missReason);
    if (fault != 0) return fault == VM_FAULT_OOM ? -ENOMEM : -EFAULT;
  }
  return -EINTR;
}

/**
 * The same where only the VMA's own lock is held: −EAGAIN for a fault that needs the mmap lock, as an area's first
 * private page does, for which its neighbours are looked at (__vmf_anon_prepare).
 */
export function getPageUnderVmaLock(cpu: Cpu, mm: Mm, vma: Vma, va: u64, foll: u32): i32 {
  const right = checkVmaFlags(vma, foll);
  if (right != 0) return right;
  while (!fatalSignalPending(cpu)) {
    const pfn = followPage(cpu, mm, vma, va, foll);
    if (pfn != 0) return pfn;
    if (vma.anonVma == 0 && needsAnonVma(vma, cpu.missReason)) return -EAGAIN;
    const fault = handleMmFault(cpu, mm, vma, va, cpu.missReason);
    if (fault != 0) return fault == VM_FAULT_OOM ? -ENOMEM : -EFAULT;
  }
  return -EINTR;
}

/**
 * Whether a fault makes a page of the process's own: what a shared area has belongs to its file. A read does where there
 * is no zero page: of anonymous areas that the host wants made of large pages.
 */
function needsAnonVma(vma: Vma, access: u32): bool {
  if ((vma.flags & VM_SHARED) != 0) return false;
  return access != ACCESS_READ || (vma.file == 0 && vma.pageLevel > 1);
}

/**
 * Frame numbers of up to `wanted` pages from `va` on, each with a reference, into `pages`. How many; an error only where
 * the first page cannot be had.
 */
export function getUserPages(cpu: Cpu, mm: Mm, va: u64, wanted: u32, foll: u32, pages: usize): i32 {
  const start = va & mm.untagMask;
  for (let taken: u32 = 0; taken < wanted; taken++) {
    const page = getUserPage(cpu, mm, start + ((taken as u64) << PAGE_SHIFT), foll);
    if (page < 0) return taken == 0 ? page : taken;
    store<u32>(pages + (taken << 2), page);
  }
  return wanted;
}

/** The shared zero page counts no users. */
export function putUserPage(pfn: u32): void {
  if (pfn != header().zeroPfn) folioPut(pfn);
}

/** Says that a page is there as it is; else the access that a fault has to make first. */
const NOTHING_MISSING: i32 = -1;

/**
 * follow_page_mask: the frame number with a reference; −EEXIST where something is mapped that is no page; or 0 with the
 * access that is missing in `cpu.missReason`.
 */
function followPage(cpu: Cpu, mm: Mm, vma: Vma, va: u64, foll: u32): i32 {
  const entry = lockEntry(cpu, mm, va);
  const level = scratchWalk(cpu).level;
  const missing = missingAccess(vma, entry, foll);
  const pfn = missing == NOTHING_MISSING ? takePage(entry, level, va, foll) : 0;
  if (entry != 0) folioWalkEnd(cpu, mm);
  tallyWalk(cpu, pfn > 0 ? level : 0);
  cpu.missReason = missing;
  return pfn;
}

function missingAccess(vma: Vma, entry: u64, foll: u32): i32 {
  const writes = (foll & FOLL_WRITE) != 0;
  if (!ptePresent(entry)) return writes ? ACCESS_WRITE : ACCESS_READ;
  if (writes) {
    if ((entry & PTE_RW) != 0 || canForceWrite(vma, entry, foll)) return NOTHING_MISSING;
    return ACCESS_WRITE;
  }
  if ((foll & FOLL_PIN) != 0 && mustUnshare(entry)) return ACCESS_UNSHARE;
  return NOTHING_MISSING;
}

/**
 * can_follow_write_common: force writes through an entry that is not writable only where the page can be nobody else's,
 * and never where the task itself could make it writable by writing.
 */
function canForceWrite(vma: Vma, entry: u64, foll: u32): bool {
  if ((foll & FOLL_FORCE) == 0) return false;
  const flags = vma.flags & (VM_SHARED | VM_MAYSHARE | VM_MAYWRITE | VM_WRITE);
  return flags == VM_MAYWRITE && isAnonymousPage(entry) && isExclusivePage(entry);
}

/** gup_must_unshare: what is read for long must not be a page that a fork shares. */
function mustUnshare(entry: u64): bool {
  return isAnonymousPage(entry) && !isExclusivePage(entry);
}

@inline
function isAnonymousPage(entry: u64): bool {
  return (entry & PTE_SPECIAL) == 0 && folioOf(pteFrame(entry)).kind == FRAME_ANON;
}

@inline
function isExclusivePage(entry: u64): bool {
  return (folioOf(pteFrame(entry)).flags & FOLIO_EXCLUSIVE) != 0;
}

/** The page of a leaf that stands at `va`, with a reference; a write makes its folio dirty. */
function takePage(entry: u64, level: u32, va: u64, foll: u32): i32 {
  if ((entry & PTE_SPECIAL) != 0) {
    return folioOf(pteFrame(entry)).kind == FRAME_ZERO ? (header().zeroPfn as i32) : -EEXIST;
  }
  const within = va & (((1 as u64) << levelShift(level)) - 1);
  const pfn = pteFrame(entry) + ((within >> PAGE_SHIFT) as u32);
  folioGet(pfn);
  if ((foll & FOLL_WRITE) != 0) folioOf(pfn).flags |= FOLIO_DIRTY;
  return pfn;
}
