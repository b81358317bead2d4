import { EFAULT, EINTR } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { pageAddress } from "../machine/frame";
import { PAGE_MASK, PAGE_SIZE } from "../machine/map";
import { pageIndex } from "../mm/backing";
import { MappedFile, getFilePage } from "../mm/file";
import { expandStack } from "../mm/growth";
import { Mm } from "../mm/mm";
import { mmapReadLockKillable, mmapReadUnlock } from "../mm/mmapLock";
import { stackLimitOf } from "../mm/task";
import { vmaAt } from "../mm/vma";
import { VM_WRITE } from "../mm/vmaFlags";
import { vmaContaining } from "../mm/vmaTree";
import { EVENT_REMOTE_MOVE, MOVED_SLOWLY, emit } from "../study/events";
import { copyBytes } from "../uaccess/copy";
import { FOLL_WRITE } from "./foll";
import { getPageOf, putUserPage } from "./gup";

/** __access_remote_vm (mm/memory.c, 6.18) under the mmap lock, page by page. */

/**
 * Bytes moved; −EINTR where the task was killed while it waited for the lock, −EFAULT where nothing is mapped at the
 * first byte. A stack grows where no area is, which drops the lock in between.
 */
export function accessUnderMmapLock(
  cpu: Cpu,
  mm: Mm,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): i32 {
  if (!mmapReadLockKillable(cpu, mm)) return -EINTR;
  if (!coveredOrGrown(cpu, mm, va)) return -EFAULT;
  let done: u32 = 0;
  let locked = true;
  while (locked) {
    done += movePages(cpu, mm, va + done, kernel + done, length - done, foll);
    if (done == length || vmaContaining(mm, va + done) != 0) break;
    locked = growStack(cpu, mm, va + done);
  }
  if (locked) mmapReadUnlock(cpu, mm);
  return done;
}

/** Moves what can be had, page after page or as a driver moves it; no stack grows. The mmap lock is held. */
export function movePages(cpu: Cpu, mm: Mm, va: u64, kernel: usize, length: u32, foll: u32): u32 {
  let done: u32 = 0;
  let area: usize = 0;
  while (done < length) {
    const at = va + done;
    if (area == 0 || at >= vmaAt(area).end) area = vmaContaining(mm, at);
    const page = area == 0 ? -EFAULT : getPageOf(cpu, mm, vmaAt(area), at, foll);
    const moved =
      page >= 0
        ? movePage(page, at, kernel + done, length - done, foll)
        : accessByDriver(area, at, kernel + done, length - done, foll);
    if (moved == 0) break;
    tallySlow(cpu, at, moved);
    done += moved;
  }
  return done;
}

/** Counts bytes from `va` on whose pages were had under the mmap lock. */
export function tallySlow(cpu: Cpu, va: u64, bytes: u32): void {
  cpu.slowBytes += bytes;
  emit(cpu, EVENT_REMOTE_MOVE, va, bytes, MOVED_SLOWLY);
}

/**
 * vm_ops->access of the area, which is asked for all that is wanted: bytes, none where there is no such operation. Modelled
 * is a driver that moves its own memory up to the area's end and refuses writes where the area does (as
 * spufs_mem_mmap_access, arch/powerpc/platforms/cell/spufs/file.c).
 */
function accessByDriver(area: usize, va: u64, kernel: usize, wanted: u32, foll: u32): u32 {
  if (area == 0 || vmaAt(area).file == 0) return 0;
  const vma = vmaAt(area);
  const file = changetype<MappedFile>(vma.file as usize);
  if ((foll & FOLL_WRITE) != 0 && (vma.flags & VM_WRITE) == 0) return 0;
  const bytes = min<u64>(min(wanted, file.accessBytes), vma.end - va) as u32;
  let done: u32 = 0;
  while (done < bytes) {
    const page = getFilePage(file, pageIndex(vma, va + done));
    if (page == 0) break;
    done += movePage(page, va + done, kernel + done, bytes - done, foll);
  }
  return done;
}

/** Moves what is wanted of a page, and gives the page back; answers the bytes. */
export function movePage(page: u32, va: u64, kernel: usize, wanted: u32, foll: u32): u32 {
  const offset = (va as u32) & PAGE_MASK;
  const bytes = min(wanted, PAGE_SIZE - offset);
  const there = pageAddress(page) + offset;
  if ((foll & FOLL_WRITE) != 0) copyBytes(there, kernel, bytes);
  else copyBytes(kernel, there, bytes);
  putUserPage(page);
  return bytes;
}

/** False with the lock dropped: there is no area, and none grows there. */
export function coveredOrGrown(cpu: Cpu, mm: Mm, va: u64): bool {
  return vmaContaining(mm, va) != 0 || growStack(cpu, mm, va);
}

/** The limit that counts is the caller's, not that of the stack's owner. False with the lock dropped. */
function growStack(cpu: Cpu, mm: Mm, va: u64): bool {
  return expandStack(cpu, mm, va, stackLimitOf(cpu.task)) != 0;
}
