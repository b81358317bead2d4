import { fetchAdd } from "../base/atomics";
import { EBUSY, EINVAL, ENOMEM, EPERM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { HEADER, Header, PAGE_MASK } from "../machine/map";
import { isolate } from "./areas";
import { FILE_MEMFD, FILE_SHMEM, MappedFile } from "./file";
import { Mm } from "./mm";
import { mmapWriteLock, mmapWriteUnlock } from "./mmapLock";
import { withinTask } from "./mmap";
import { Vma, vmaAt } from "./vma";
import { VM_MAYWRITE, VM_SPECIAL, VM_UFFD_MISSING } from "./vmaFlags";
import { findVma } from "./vmaTree";
import { vmaStartWrite } from "./vmaWriteLock";

/**
 * Registers a range with a userfaultfd of its own for missing pages, with the feature SIGBUS (fs/userfaultfd.c, 6.18):
 * from then on no absent page comes by itself. 0; −EINVAL for a bad range or memory that cannot be watched; −ENOMEM
 * where nothing is mapped; −EPERM for what may never be written; −EBUSY for what another one watches.
 */
export function registerMissing(cpu: Cpu, mm: Mm, start: u64, length: u64): i32 {
  if (((start | length) & PAGE_MASK) != 0 || length == 0) return -EINVAL;
  if (!withinTask(start, length)) return -EINVAL;
  if (!mmapWriteLock(cpu, mm)) return -EINVAL;
  let result = checkAreas(mm, start, start + length);
  if (result == 0) result = isolate(mm, start, start + length);
  if (result == 0) markAreas(mm, start, start + length);
  mmapWriteUnlock(cpu, mm);
  return result;
}

function checkAreas(mm: Mm, start: u64, end: u64): i32 {
  let at = findVma(mm, start);
  if (at == 0) return -ENOMEM;
  if (vmaAt(at).start >= end) return -EINVAL;
  while (at != 0 && vmaAt(at).start < end) {
    if (!canWatch(vmaAt(at))) return -EINVAL;
    if ((vmaAt(at).flags & VM_MAYWRITE) == 0) return -EPERM;
    if (vmaAt(at).uffd != 0) return -EBUSY;
    at = findVma(mm, vmaAt(at).end);
  }
  return 0;
}

function canWatch(vma: Vma): bool {
  if ((vma.flags & VM_SPECIAL) != 0) return false;
  if (vma.file == 0) return true;
  const kind = changetype<MappedFile>(vma.file as usize).kind;
  return kind == FILE_MEMFD || kind == FILE_SHMEM;
}

function markAreas(mm: Mm, start: u64, end: u64): void {
  const context = fetchAdd(HEADER + offsetof<Header>("userfaultfds"), 1) + 1;
  let at = findVma(mm, start);
  while (at != 0 && vmaAt(at).start < end) {
    vmaStartWrite(mm, vmaAt(at));
    vmaAt(at).flags |= VM_UFFD_MISSING;
    vmaAt(at).uffd = context;
    at = findVma(mm, vmaAt(at).end);
  }
}
