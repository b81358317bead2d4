import { Cpu } from "../machine/cpu";
import { Mm } from "../mm/mm";
import { mmapReadLockKillable, mmapReadUnlock } from "../mm/mmapLock";
import { Vma, vmaAt } from "../mm/vma";
import { VM_HUGETLB } from "../mm/vmaFlags";
import { lockVmaUnderRcu, vmaEndRead } from "../mm/vmaLock";
import { vmaContaining } from "../mm/vmaTree";
import { getPageUnderVmaLock } from "./gup";
import { tallyFast } from "./resident";
import { coveredOrGrown, movePage, movePages } from "./slowPath";

/**
 * Where the series may go (its author, 2026-06-26): one loop over get_user_pages, which is taught to accept a locked
 * VMA, under whichever lock a first function picks; a stack grows while the lock is picked, never in the loop. Writes go
 * the same way.
 */
export function accessSketch(
  cpu: Cpu,
  mm: Mm,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  let done = moveUnderVmaLock(cpu, mm, va, kernel, length, foll);
  let stopped = false;
  while (done < length && !stopped && lockWithStack(cpu, mm, va + done)) {
    done += movePages(cpu, mm, va + done, kernel + done, length - done, foll);
    stopped = vmaContaining(mm, va + done) != 0;
    mmapReadUnlock(cpu, mm);
  }
  return done;
}

/** The mmap lock, with something mapped at an address, be it that a stack grows to it; or false and no lock. */
function lockWithStack(cpu: Cpu, mm: Mm, va: u64): bool {
  return mmapReadLockKillable(cpu, mm) && coveredOrGrown(cpu, mm, va);
}

/** A request that lies in one VMA is served under the lock of that one, up to a page that needs the mmap lock. */
function moveUnderVmaLock(cpu: Cpu, mm: Mm, va: u64, kernel: usize, length: u32, foll: u32): u32 {
  const address = lockVmaUnderRcu(cpu, mm, va);
  if (address == 0) return 0;
  const vma = vmaAt(address);
  let done: u32 = 0;
  if (length <= vma.end - va && (vma.flags & VM_HUGETLB) == 0) {
    done = moveInArea(cpu, mm, vma, va, kernel, length, foll);
  }
  vmaEndRead(vma);
  return done;
}

function moveInArea(
  cpu: Cpu,
  mm: Mm,
  vma: Vma,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  let done: u32 = 0;
  while (done < length) {
    const page = getPageUnderVmaLock(cpu, mm, vma, va + done, foll);
    if (page < 0) break;
    const moved = movePage(page, va + done, kernel + done, length - done, foll);
    tallyFast(cpu, va + done, moved);
    done += moved;
  }
  return done;
}
