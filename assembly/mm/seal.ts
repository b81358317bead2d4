import { EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK } from "../machine/map";
import { modifyArea } from "./areas";
import { Mm } from "./mm";
import { mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { pageAlign } from "./mmap";
import { vmaAt } from "./vma";
import { VM_HIGH_SEALED } from "./vmaFlags";
import { findVma } from "./vmaTree";

/**
 * mseal (mm/mseal.c, 6.18): from now on the areas of a range keep their layout and rights. 0; −EINVAL for a start
 * within a page or a range without end; −ENOMEM where a part is not mapped, and then nothing is sealed.
 */
export function sealRange(cpu: Cpu, mm: Mm, start: u64, length: u64): i32 {
  const end = start + pageAlign(length);
  if ((start & PAGE_MASK) != 0 || end < start || (end == start && length != 0)) return -EINVAL;
  if (end == start) return 0;
  const refused = mmapWriteLockKillable(cpu, mm);
  if (refused != 0) return refused;
  const result = isMapped(mm, start, end) ? sealAreas(mm, start, end) : -ENOMEM;
  mmapWriteUnlock(cpu, mm);
  return result;
}

function isMapped(mm: Mm, start: u64, end: u64): bool {
  let at = start;
  while (at < end) {
    const address = findVma(mm, at);
    if (address == 0 || vmaAt(address).start > at) return false;
    at = vmaAt(address).end;
  }
  return true;
}

function sealAreas(mm: Mm, start: u64, end: u64): i32 {
  let at = start;
  while (at < end) {
    const vma = vmaAt(findVma(mm, at));
    const stop = min<u64>(vma.end, end);
    const sealed = vma.highFlags | VM_HIGH_SEALED;
    const result = sealed == vma.highFlags ? 0 : modifyArea(mm, at, stop, vma.flags, sealed);
    if (result != 0) return result;
    at = stop;
  }
  return 0;
}
