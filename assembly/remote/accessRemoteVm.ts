import { Cpu } from "../machine/cpu";
import { pageAddress } from "../machine/frames";
import { PAGE_MASK, PAGE_SIZE } from "../machine/map";
import { mmPut } from "../mm/exit";
import { expandStack } from "../mm/growth";
import { Mm } from "../mm/mm";
import { mmapReadLock, mmapReadUnlock } from "../mm/mmapLock";
import { Task, getTaskMm, stackLimitOf } from "../mm/task";
import { vmaContaining } from "../mm/vma";
import { copyBytes } from "../uaccess/copy";
import { FOLL_WRITE } from "./foll";
import { getUserPage, putUserPage } from "./gup";

/**
 * __access_remote_vm (mm/memory.c, 6.18) under the mmap lock: moves bytes between another address space and the kernel's
 * buffer, page by page, and answers how many; what stops it is never said. A stack grows where no area is, which drops
 * the lock in between.
 */
export function accessRemoteVm(
  cpu: Cpu,
  mm: Mm,
  address: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  if (!mmapReadLock(cpu, mm)) return 0;
  const va = address & cpu.untagMask;
  if (!coveredOrGrown(cpu, mm, va)) return 0;
  let done: u32 = 0;
  while (done < length) {
    const at = va + done;
    const page = getUserPage(cpu, mm, at, foll);
    if (page < 0) {
      if (vmaContaining(mm, at) != 0) break;
      if (!grow(cpu, mm, at)) return done;
      continue;
    }
    const piece = min(length - done, PAGE_SIZE - ((at as u32) & PAGE_MASK));
    copyPiece(page, at, kernel + done, piece, foll);
    putUserPage(page);
    cpu.slowBytes += piece;
    done += piece;
  }
  mmapReadUnlock(cpu, mm);
  return done;
}

/** False with the lock dropped: there is no area, and none grows there. */
function coveredOrGrown(cpu: Cpu, mm: Mm, va: u64): bool {
  return vmaContaining(mm, va) != 0 || grow(cpu, mm, va);
}

/** The limit that counts is the caller's, not that of the stack's owner. */
function grow(cpu: Cpu, mm: Mm, va: u64): bool {
  return expandStack(cpu, mm, va, stackLimitOf(cpu.task)) != 0;
}

@inline
function copyPiece(page: u32, va: u64, kernel: usize, length: u32, foll: u32): void {
  const there = pageAddress(page) + ((va as u32) & PAGE_MASK);
  if ((foll & FOLL_WRITE) != 0) copyBytes(there, kernel, length);
  else copyBytes(kernel, there, length);
}

/**
 * access_process_vm (mm/memory.c, 6.18): between the kernel's own buffer and a task's memory; bytes moved, 0 of a task
 * that has ended.
 */
export function accessProcessVm(
  cpu: Cpu,
  task: Task,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  const held = getTaskMm(task);
  if (held == 0) return 0;
  const mm = changetype<Mm>(held as usize);
  const moved = accessRemoteVm(cpu, mm, va, kernel, length, foll);
  mmPut(cpu, mm);
  return moved;
}
