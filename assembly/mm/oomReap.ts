import { Cpu } from "../machine/cpu";
import { Mm } from "./mm";
import { mmapReadLock, mmapReadUnlock } from "./mmapLock";
import { Vma, vmaAt } from "./vma";
import { VM_HUGETLB, VM_PFNMAP, VM_SHARED } from "./vmaFlags";
import { findVma } from "./vmaTree";
import { ZAP_PAGES, zapRange } from "./zap";

/**
 * The OOM reaper (__oom_reap_task_mm, mm/oom_kill.c, 6.18): what is private in a dying address space goes, while others
 * may still be looking into it. A fault that would need a new private page there is SIGBUS from now on, so that nobody
 * takes fresh zeros for what was lost.
 */

export function oomReap(cpu: Cpu, mm: Mm): void {
  mm.unstable = 1;
  if (!mmapReadLock(cpu, mm)) return;
  // an area ends where leaves end, so nothing has to be split, which could fail
  for (let at = findVma(mm, 0); at != 0; at = findVma(mm, vmaAt(at).end)) {
    const vma = vmaAt(at);
    if (isReaped(vma)) zapRange(cpu, mm, vma.start, vma.end, ZAP_PAGES);
  }
  mmapReadUnlock(cpu, mm);
}

function isReaped(vma: Vma): bool {
  if ((vma.flags & (VM_HUGETLB | VM_PFNMAP)) != 0) return false;
  return vma.file == 0 || (vma.flags & VM_SHARED) == 0;
}
