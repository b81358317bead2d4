import { Cpu } from "../machine/cpu";
import { Mm } from "../mm/mm";
import { Vma, vmaAt } from "../mm/vma";
import { VM_HUGETLB } from "../mm/vmaFlags";
import { lockVmaUnderRcu, vmaEndRead } from "../mm/vmaLock";
import { FOLL_WRITE } from "./foll";
import { copyResidentUninterrupted } from "./resident";
import { checkVmaFlags, isPlainlyReadable } from "./rights";
import { accessUnderMmapLock } from "./slowPath";

/**
 * Version 2 of the fast path (2026-06-24; patch 3/3 reconstructed from its cover letter, patch 2/3 and the review): a
 * request that lies in one VMA, page by page with interrupts off during the walk. What was copied always counts, and the
 * VMA is asked for all that get_user_pages asks for. Reads only.
 */
@inline
export function accessFastV2(
  cpu: Cpu,
  mm: Mm,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  const done = (foll & FOLL_WRITE) != 0 ? 0 : copyInOneArea(cpu, mm, va, kernel, length, foll);
  if (done == length) return done;
  const rest = accessUnderMmapLock(cpu, mm, va + done, kernel + done, length - done, foll);
  return done + (max(rest, 0) as u32);
}

@inline
function copyInOneArea(cpu: Cpu, mm: Mm, va: u64, kernel: usize, length: u32, foll: u32): u32 {
  const address = lockVmaUnderRcu(cpu, mm, va);
  if (address == 0) return 0;
  const vma = vmaAt(address);
  const copied =
    length <= vma.end - va && mayCopy(vma, foll)
      ? copyResidentUninterrupted(cpu, mm, va, kernel, length)
      : 0;
  vmaEndRead(vma);
  return copied;
}

@inline
function mayCopy(vma: Vma, foll: u32): bool {
  if (isPlainlyReadable(vma)) return true;
  return (vma.flags & VM_HUGETLB) == 0 && checkVmaFlags(vma, foll) == 0;
}
