import { EINVAL } from "../base/errno";
import { PAGE_SHIFT } from "../machine/map";
import { FILE_DAX, MappedFile } from "./file";
import { levelShift } from "./table";
import { Vma } from "./vma";
import { VM_HUGEPAGE, VM_MAYSHARE } from "./vmaFlags";

/**
 * Device DAX (drivers/dax/device.c, 6.18): memory of a device that programs map in leaves of one size, the device's
 * alignment. It has ordinary pages, and is never mapped in smaller leaves.
 */

@inline
export function isDax(vma: Vma): bool {
  return vma.file != 0 && changetype<MappedFile>(vma.file as usize).kind == FILE_DAX;
}

/** Bytes of a leaf, less one. */
@inline
function leafMask(vma: Vma): u64 {
  return ((1 as u64) << levelShift(vma.pageLevel)) - 1;
}

/** dev_dax_split: whether a border may be made at an address. */
@inline
export function daxMaySplit(vma: Vma, at: u64): bool {
  return (at & leafMask(vma)) == 0;
}

/** check_vma: an area of whole leaves. mmap asks for it, and each fault again: mremap may have moved the area. */
@inline
export function isWhole(vma: Vma): bool {
  return ((vma.start | vma.end) & leafMask(vma)) == 0;
}

/** dax_mmap: 0, or −EINVAL for a private mapping and one that has parts of leaves. */
export function adaptToDax(vma: Vma, file: MappedFile): i32 {
  let level: u8 = 1;
  while (levelShift(level) < PAGE_SHIFT + (file.order as u32)) level += 1;
  vma.pageLevel = level;
  vma.flags |= VM_HUGEPAGE;
  return (vma.flags & VM_MAYSHARE) != 0 && isWhole(vma) ? 0 : -EINVAL;
}

/** The first address in the area of the leaf that an address lies in. An area that was moved can have parts of leaves. */
@inline
export function leafStart(vma: Vma, at: u64): u64 {
  return max<u64>(at & ~leafMask(vma), vma.start);
}

/** The end in the area of the leaf that the byte before an address lies in. */
@inline
export function leafEnd(vma: Vma, at: u64): u64 {
  return min<u64>((at + leafMask(vma)) & ~leafMask(vma), vma.end);
}
