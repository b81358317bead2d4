import { EFAULT } from "../base/errno";
import { FILE_SECRET, MappedFile } from "../mm/file";
import { Vma } from "../mm/vma";
import {
  VM_HUGETLB,
  VM_IO,
  VM_MAYREAD,
  VM_PFNMAP,
  VM_READ,
  VM_WRITE,
  isCowMapping,
} from "../mm/vmaFlags";
import { FOLL_ANON, FOLL_FORCE, FOLL_WRITE } from "./foll";

/**
 * check_vma_flags (mm/gup.c, 6.18): whether an area may be followed at all, 0 or −EFAULT. Protection keys do not count
 * for another process's memory on x86, and there is no shadow stack here.
 */
export function checkVmaFlags(vma: Vma, foll: u32): i32 {
  if ((vma.flags & (VM_IO | VM_PFNMAP)) != 0) return -EFAULT;
  if ((foll & FOLL_ANON) != 0 && vma.file != 0) return -EFAULT;
  if (isSecretmem(vma)) return -EFAULT;
  return (foll & FOLL_WRITE) != 0 ? writeRight(vma, foll) : readRight(vma, foll);
}

/** Whether each fast path lets every read through, as far as a look tells: anonymous memory that may be read. */
@inline
export function isPlainlyReadable(vma: Vma): bool {
  return vma.file == 0 && (vma.flags & (VM_IO | VM_PFNMAP | VM_HUGETLB | VM_READ)) == VM_READ;
}

/** memfd_secret: memory that the kernel itself has not mapped. */
@inline
export function isSecretmem(vma: Vma): bool {
  return vma.file != 0 && changetype<MappedFile>(vma.file as usize).kind == FILE_SECRET;
}

/** Force writes only where the write stays private. */
function writeRight(vma: Vma, foll: u32): i32 {
  if ((vma.flags & VM_WRITE) != 0) return 0;
  return (foll & FOLL_FORCE) != 0 && isCowMapping(vma.flags) ? 0 : -EFAULT;
}

function readRight(vma: Vma, foll: u32): i32 {
  if ((vma.flags & VM_READ) != 0) return 0;
  return (foll & FOLL_FORCE) != 0 && (vma.flags & VM_MAYREAD) != 0 ? 0 : -EFAULT;
}
