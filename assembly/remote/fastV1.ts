import { EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { Mm } from "../mm/mm";
import { Vma, vmaAt } from "../mm/vma";
import { VM_HUGETLB, VM_IO, VM_MAYREAD, VM_PFNMAP, VM_READ } from "../mm/vmaFlags";
import { lockVmaUnderRcu, vmaEndRead } from "../mm/vmaLock";
import { FOLL_FORCE, FOLL_WRITE } from "./foll";
import { copyResident } from "./resident";
import { isSecretmem } from "./rights";
import { accessUnderMmapLock } from "./slowPath";

/**
 * Version 1 of the fast path ("[PATCH 3/3] mm: read remote memory without the mmap lock where possible", 2026-06-16):
 * VMA by VMA under the lock of each, as long as pages are there; the slow path does the rest. Reads only.
 *
 * What is wrong with it is kept: where the slow path finds nothing mapped at its first byte, all that went before is
 * lost too; and FOLL_ANON is not asked for.
 */
export function accessFastV1(
  cpu: Cpu,
  mm: Mm,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  const done = (foll & FOLL_WRITE) != 0 ? 0 : copyAreas(cpu, mm, va, kernel, length, foll);
  if (done == length) return done;
  const rest = accessUnderMmapLock(cpu, mm, va + done, kernel + done, length - done, foll);
  if (rest == -EFAULT) return 0;
  return done + (max(rest, 0) as u32);
}

/** access_remote_vm_fast. */
function copyAreas(cpu: Cpu, mm: Mm, va: u64, kernel: usize, length: u32, foll: u32): u32 {
  let done: u32 = 0;
  while (done < length) {
    const address = lockVmaUnderRcu(cpu, mm, va + done);
    if (address == 0) break;
    const vma = vmaAt(address);
    const part = min<u64>(length - done, vma.end - (va + done)) as u32;
    const copied = mayCopy(vma, foll) ? copyResident(cpu, mm, va + done, kernel + done, part) : 0;
    vmaEndRead(vma);
    done += copied;
    if (copied < part) break;
  }
  return done;
}

@inline
function mayCopy(vma: Vma, foll: u32): bool {
  const flags = vma.flags;
  if ((flags & (VM_IO | VM_PFNMAP | VM_HUGETLB)) != 0 || isSecretmem(vma)) return false;
  return (flags & VM_READ) != 0 || ((foll & FOLL_FORCE) != 0 && (flags & VM_MAYREAD) != 0);
}
