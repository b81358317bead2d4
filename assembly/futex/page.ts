import { EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { folioGet } from "../machine/frames";
import { PAGE_SHIFT, header } from "../machine/map";
import { ACCESS_WRITE, entryAllows, handleMmFault } from "../mm/fault";
import { Mm, lockTables, unlockTables } from "../mm/mm";
import { mmapReadLock, mmapReadUnlock } from "../mm/mmapLock";
import { faultErrno } from "../mm/populate";
import { PTE_SPECIAL, pteFrame } from "../mm/pte";
import { levelShift, scratchWalk, walkTo } from "../mm/table";
import { Vma, vmaAt } from "../mm/vma";
import { VM_READ, VM_WRITE } from "../mm/vmaFlags";
import { vmaContaining } from "../mm/vmaTree";

/** The page behind a futex word, got for its key. */

@inline
function ownMm(cpu: Cpu): Mm {
  return changetype<Mm>(cpu.mm as usize);
}

/**
 * get_user_pages_fast of one page: its frame number with a reference, −EFAULT or −ENOMEM. The zero page comes without a
 * reference. An area is asked only where the page tables do not allow the access: what is present in one that may only
 * be executed is got for reading.
 */
export function getPage(cpu: Cpu, va: u64, access: u32): i32 {
  if (cpu.mm == 0) return -EFAULT;
  const mm = ownMm(cpu);
  if (!mmapReadLock(cpu, mm)) return -EFAULT;
  const result = pageUnderLock(cpu, mm, va, access);
  mmapReadUnlock(cpu, mm);
  return result;
}

function pageUnderLock(cpu: Cpu, mm: Mm, va: u64, access: u32): i32 {
  const present = presentPage(cpu, mm, va, access);
  if (present != 0) return present;
  const area = vmaContaining(mm, va);
  const needed = access == ACCESS_WRITE ? VM_WRITE : VM_READ;
  const allowed = area != 0 && (vmaAt(area).flags & needed) != 0;
  return allowed ? faultedPage(cpu, mm, vmaAt(area), va, access) : -EFAULT;
}

function faultedPage(cpu: Cpu, mm: Mm, vma: Vma, va: u64, access: u32): i32 {
  while (true) {
    const fault = handleMmFault(cpu, mm, vma, va, access);
    if (fault != 0) return faultErrno(fault);
    const pfn = presentPage(cpu, mm, va, access);
    if (pfn != 0) return pfn;
  }
}

function presentPage(cpu: Cpu, mm: Mm, va: u64, access: u32): u32 {
  const walk = scratchWalk(cpu);
  lockTables(cpu, mm);
  const entry = walkTo(mm.root, va, walk);
  let pfn: u32 = 0;
  if (entryAllows(entry, access)) {
    const within = va & (((1 as u64) << levelShift(walk.level)) - 1);
    pfn = pteFrame(entry) + ((within >> PAGE_SHIFT) as u32);
    if ((entry & PTE_SPECIAL) != 0) pfn = header().zeroPfn;
    else folioGet(pfn);
  }
  unlockTables(mm);
  return pfn;
}
