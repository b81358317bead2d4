import { EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_SIZE } from "../machine/map";
import { ACCESS_READ, ACCESS_WRITE, VM_FAULT_OOM, handleMmFault } from "./fault";
import { FILE_SECRET, MappedFile } from "./file";
import { Mm } from "./mm";
import { Vma, vmaAt } from "./vma";
import {
  VM_ACCESS,
  VM_IO,
  VM_LOCKONFAULT,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_WRITE,
} from "./vmaFlags";
import { findVma } from "./vmaTree";

/** Making ranges present ahead of their use (mm/gup.c, 6.18). The mmap lock is held for reading; no stack grows. */

/**
 * MADV_POPULATE_READ and _WRITE (faultin_page_range): 0, −ENOMEM at a hole, −EINVAL at an area that does not grant the
 * access or has no ordinary pages, −EFAULT at a page that cannot be had. What was made present before that stays.
 */
export function populateAdvised(cpu: Cpu, mm: Mm, start: u64, end: u64, access: u32): i32 {
  let at = start;
  while (at < end) {
    const address = findVma(mm, at);
    if (address == 0 || vmaAt(address).start > at) return -ENOMEM;
    const vma = vmaAt(address);
    if (!grants(vma, access)) return -EINVAL;
    const stop = min<u64>(vma.end, end);
    const result = faultInPages(cpu, mm, vma, at, stop, access);
    if (result != 0) return result;
    at = stop;
  }
  return 0;
}

/** What remote access may do without FORCE. */
function grants(vma: Vma, access: u32): bool {
  if ((vma.flags & (VM_IO | VM_PFNMAP)) != 0 || isSecret(vma)) return false;
  return (vma.flags & (access == ACCESS_WRITE ? VM_WRITE : VM_READ)) != 0;
}

function isSecret(vma: Vma): bool {
  return vma.file != 0 && changetype<MappedFile>(vma.file as usize).kind == FILE_SECRET;
}

/** mm_populate for locked memory: 0 or −errno, as populate_vma_page_range gives it. */
export function populateLocked(cpu: Cpu, mm: Mm, start: u64, end: u64): i32 {
  let at = start;
  while (at < end) {
    const address = findVma(mm, at);
    if (address == 0) return -ENOMEM;
    const vma = vmaAt(address);
    const stop = min<u64>(vma.end, end);
    if ((vma.flags & (VM_IO | VM_PFNMAP)) == 0) {
      const result = populateArea(cpu, mm, vma, max<u64>(at, vma.start), stop);
      if (result != 0) return result;
    }
    at = stop;
  }
  return 0;
}

/**
 * populate_vma_page_range: private writable memory is written to, so that no later write faults; all else is read. What
 * is locked on fault is left to that.
 */
export function populateArea(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64): i32 {
  if ((vma.flags & VM_LOCKONFAULT) != 0) return 0;
  if ((vma.flags & VM_ACCESS) == 0 || isSecret(vma)) return -EFAULT;
  const breaks = (vma.flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
  return faultInPages(cpu, mm, vma, start, end, breaks ? ACCESS_WRITE : ACCESS_READ);
}

function faultInPages(cpu: Cpu, mm: Mm, vma: Vma, start: u64, end: u64, access: u32): i32 {
  for (let va = start; va < end; va += PAGE_SIZE) {
    const result = handleMmFault(cpu, mm, vma, va, access);
    if (result != 0) return faultErrno(result);
  }
  return 0;
}

/** vm_fault_to_errno. */
export function faultErrno(result: u32): i32 {
  return (result & VM_FAULT_OOM) != 0 ? -ENOMEM : -EFAULT;
}
