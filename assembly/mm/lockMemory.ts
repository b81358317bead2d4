import { EAGAIN, EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK } from "../machine/map";
import { modifyArea } from "./areas";
import { FILE_DAX, FILE_SECRET, MappedFile } from "./file";
import { Mm } from "./mm";
import { mmapReadLock, mmapReadUnlock, mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { pageAlign } from "./mmap";
import { populateLocked } from "./populate";
import { Vma, vmaAt } from "./vma";
import { VM_HUGETLB, VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, VM_SPECIAL } from "./vmaFlags";
import { findVma } from "./vmaTree";

/** mlock2 (mm/mlock.c, 6.18). The limit RLIMIT_MEMLOCK is not modelled. */

/** mlock2's only flag: lock pages as they come, instead of making them all present. */
export const MLOCK_ONFAULT: u32 = 1;

/**
 * Locks a range, widened to whole pages: 0; −EINVAL for unknown flags or a range without end; −ENOMEM at a hole, or
 * where a page cannot be had; −EAGAIN where RAM is full while pages are made present.
 */
export function lockRange(cpu: Cpu, mm: Mm, va: u64, length: u64, flags: u32): i32 {
  if ((flags & ~MLOCK_ONFAULT) != 0) return -EINVAL;
  const start = va & ~(PAGE_MASK as u64);
  const end = start + pageAlign(length + (va & PAGE_MASK));
  if (end < start) return -EINVAL;
  if (end == start) return 0;
  const refused = mmapWriteLockKillable(cpu, mm);
  if (refused != 0) return refused;
  const locked = flags == MLOCK_ONFAULT ? VM_LOCKED_MASK : VM_LOCKED;
  const result = markLocked(mm, start, end, locked);
  mmapWriteUnlock(cpu, mm);
  if (result != 0 || (locked & VM_LOCKONFAULT) != 0) return result;
  if (!mmapReadLock(cpu, mm)) return -EINVAL;
  const populated = populateLocked(cpu, mm, start, end);
  mmapReadUnlock(cpu, mm);
  return posixError(populated);
}

function markLocked(mm: Mm, start: u64, end: u64, locked: u32): i32 {
  let at = start;
  while (at < end) {
    const address = findVma(mm, at);
    if (address == 0 || vmaAt(address).start > at) return -ENOMEM;
    const vma = vmaAt(address);
    const stop = min<u64>(vma.end, end);
    const flags = (vma.flags & ~VM_LOCKED_MASK) | locked;
    if (flags != vma.flags && canLock(vma)) {
      const result = modifyArea(mm, at, stop, flags, vma.highFlags);
      if (result != 0) return result;
    }
    at = stop;
  }
  return 0;
}

/** Secret memory is locked for good; what has no ordinary pages, or a device's, need not be. */
function canLock(vma: Vma): bool {
  if ((vma.flags & (VM_SPECIAL | VM_HUGETLB)) != 0) return false;
  if (vma.file == 0) return true;
  const kind = changetype<MappedFile>(vma.file as usize).kind;
  return kind != FILE_SECRET && kind != FILE_DAX;
}

/** POSIX wants other numbers (__mlock_posix_error_return). */
function posixError(result: i32): i32 {
  if (result == -EFAULT) return -ENOMEM;
  return result == -ENOMEM ? -EAGAIN : result;
}
