import { EFAULT, EINVAL, ENOMEM, EPERM } from "../base/errno";
import { Cpu, stackImage } from "../machine/cpu";
import { PAGE_MASK, PAGE_SHIFT, PAGE_SIZE } from "../machine/map";
import { copyVma, isolate, joinNeighbours, mayIsolate } from "./areas";
import { pageIndex } from "./backing";
import { isDax, isWhole } from "./dax";
import { freePlace, isFree } from "./freePlace";
import { hugeAlign, isHugetlb } from "./hugetlb";
import { Mm } from "./mm";
import { mmapReadLock, mmapReadUnlock, mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { pageAlign, removeAreas, unmapLocked, withinTask } from "./mmap";
import { moveEntries } from "./moveEntries";
import { populateLocked } from "./populate";
import { Vma, vmaAt } from "./vma";
import {
  VM_DONTEXPAND,
  VM_HIGH_RESERVE_OWNER,
  VM_HIGH_SEALED,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_MAYSHARE,
  VM_PFNMAP,
  VM_SHARED,
  VM_UFFD_MISSING,
} from "./vmaFlags";
import { findVma, insertVma, vmaContaining } from "./vmaTree";
import { vmaStartWrite } from "./vmaWriteLock";
import { ZAP_PAGES, zapRange } from "./zap";

/** mremap (mm/mremap.c, 6.18). The limits on locked memory and on a program's size are not modelled. */

/** Flags (include/uapi/linux/mman.h). */
export const MREMAP_MAYMOVE: u32 = 1;
export const MREMAP_FIXED: u32 = 2;
export const MREMAP_DONTUNMAP: u32 = 4;
const NEW_PLACE: u32 = MREMAP_FIXED | MREMAP_DONTUNMAP;

@unmanaged
export class RemapRequest {
  start: u64;
  oldLength: u64;
  newLength: u64;
  target: u64; // the address asked for; after success where the mapping stands
  flags: u32; // MREMAP_*
  grows: u32; // locked memory grew, so that the new pages are to be made present
}

/**
 * mremap: 0, or −EINVAL for arguments that cannot be, −EFAULT where no area, or not one alone, stands, −EPERM for
 * something sealed, −ENOMEM where there is no room, in the address space or in RAM; then the mapping is as it was.
 */
export function remapRange(cpu: Cpu, mm: Mm, request: RemapRequest): i32 {
  request.oldLength = pageAlign(request.oldLength);
  request.newLength = pageAlign(request.newLength);
  request.grows = 0;
  if (!isPossible(request)) return -EINVAL;
  const refused = mmapWriteLockKillable(cpu, mm);
  if (refused != 0) return refused;
  const result = remapLocked(cpu, mm, request);
  mmapWriteUnlock(cpu, mm);
  if (result == 0 && request.grows != 0) populateGrown(cpu, mm, request);
  return result;
}

function remapLocked(cpu: Cpu, mm: Mm, request: RemapRequest): i32 {
  const moves = (request.flags & MREMAP_FIXED) != 0 && request.oldLength == request.newLength;
  return moves ? moveAreas(cpu, mm, request) : remapArea(cpu, mm, request);
}

/**
 * mremap of a whole area to a place of its program's choosing, where the mmap lock is held for writing: 0 or −errno; on
 * an error the area stays.
 */
export function moveWholeArea(cpu: Cpu, mm: Mm, vma: Vma, target: u64): i32 {
  const request = changetype<RemapRequest>(stackImage(cpu));
  request.start = vma.start;
  request.oldLength = vma.end - vma.start;
  request.newLength = request.oldLength;
  request.target = target;
  request.flags = MREMAP_MAYMOVE | MREMAP_FIXED;
  request.grows = 0;
  return isPossible(request) ? remapLocked(cpu, mm, request) : -EINVAL;
}

/** check_mremap_params. */
function isPossible(request: RemapRequest): bool {
  const start = request.start;
  const oldLength = request.oldLength;
  const newLength = request.newLength;
  const target = request.target;
  const flags = request.flags;
  if ((flags & ~(MREMAP_MAYMOVE | NEW_PLACE)) != 0 || (start & PAGE_MASK) != 0) return false;
  if (newLength == 0 || !withinTask(0, newLength)) return false;
  if ((flags & NEW_PLACE) == 0) return true;
  if (!withinTask(target, newLength) || (target & PAGE_MASK) != 0) return false;
  if ((flags & MREMAP_MAYMOVE) == 0) return false;
  if ((flags & MREMAP_DONTUNMAP) != 0 && oldLength != newLength) return false;
  return start + oldLength <= target || target + newLength <= start;
}

/** remap_move: a move without a change of length takes every area of the range along, holes between them too. */
function moveAreas(cpu: Cpu, mm: Mm, request: RemapRequest): i32 {
  const start = request.start;
  const end = start + request.oldLength;
  const target = request.target;
  if (vmaContaining(mm, start) == 0) return -EFAULT;
  for (let at = start; at < end;) {
    const area = findVma(mm, at);
    if (area == 0 || vmaAt(area).start >= end) break;
    const vma = vmaAt(area);
    if (vma.uffd != 0 && (vma.start > start || vma.end < end)) return -EFAULT;
    request.start = max<u64>(vma.start, at);
    at = min<u64>(vma.end, end);
    request.oldLength = at - request.start;
    request.newLength = request.oldLength;
    request.target = target + (request.start - start);
    const result = remapArea(cpu, mm, request);
    if (result != 0) return result;
  }
  request.target = target;
  return 0;
}

function remapArea(cpu: Cpu, mm: Mm, request: RemapRequest): i32 {
  const area = vmaContaining(mm, request.start);
  if (area == 0) return -EFAULT;
  const bad = checkArea(vmaAt(area), request);
  if (bad != 0) return bad;
  if ((request.flags & NEW_PLACE) != 0) return remapTo(cpu, mm, request);
  return remapInPlace(cpu, mm, area, request);
}

/** check_prep_vma. */
function checkArea(vma: Vma, request: RemapRequest): i32 {
  const flags = request.flags;
  if (isHugetlb(vma) && !alignHugetlb(vma, request)) return -EINVAL;
  const oldLength = request.oldLength;
  const newLength = request.newLength;
  if ((vma.highFlags & VM_HIGH_SEALED) != 0) return -EPERM;
  if ((flags & NEW_PLACE) == 0 && newLength <= oldLength) return 0;
  if (oldLength == 0 && (vma.flags & (VM_SHARED | VM_MAYSHARE)) == 0) return -EINVAL;
  const fixedSize = (vma.flags & (VM_DONTEXPAND | VM_PFNMAP)) != 0;
  if ((flags & MREMAP_DONTUNMAP) != 0 && fixedSize) return -EINVAL;
  if (min(oldLength, newLength) > vma.end - request.start) return -EFAULT;
  if (newLength <= oldLength) return 0;
  if (fixedSize) return -EFAULT;
  request.grows = vma.flags & VM_LOCKED;
  return 0;
}

/** align_hugetlb: whole pages from one place to another, and never more of them. */
function alignHugetlb(vma: Vma, request: RemapRequest): bool {
  const level = vma.pageLevel;
  request.oldLength = hugeAlign(request.oldLength, level);
  request.newLength = hugeAlign(request.newLength, level);
  if (hugeAlign(request.start, level) != request.start) return false;
  const moves = (request.flags & MREMAP_FIXED) != 0;
  if (moves && hugeAlign(request.target, level) != request.target) return false;
  return request.newLength <= request.oldLength;
}

/** mremap_to: what stands at the new place goes first. */
function remapTo(cpu: Cpu, mm: Mm, request: RemapRequest): i32 {
  const newLength = request.newLength;
  if ((request.flags & MREMAP_FIXED) != 0) {
    const result = unmapLocked(cpu, mm, request.target, request.target + newLength);
    if (result != 0) return result;
  } else if (!isFree(mm, request.target, newLength)) {
    request.target = freePlace(mm, newLength, PAGE_SIZE);
    if (request.target == 0) return -ENOMEM;
  }
  const shrunk = cutTail(cpu, mm, request);
  if (shrunk != 0) return shrunk;
  request.oldLength = min(request.oldLength, newLength);
  return moveArea(cpu, mm, request);
}

/** mremap_at. */
function remapInPlace(cpu: Cpu, mm: Mm, area: usize, request: RemapRequest): i32 {
  const newLength = request.newLength;
  request.target = request.start;
  if (newLength <= request.oldLength) return cutTail(cpu, mm, request);
  if (growsInPlace(mm, vmaAt(area), request)) {
    vmaStartWrite(mm, vmaAt(area));
    vmaAt(area).end = request.start + newLength;
    joinNeighbours(mm, area);
    return 0;
  }
  if ((request.flags & MREMAP_MAYMOVE) == 0) return -ENOMEM;
  request.target = freePlace(mm, newLength, PAGE_SIZE);
  return request.target == 0 ? -ENOMEM : moveArea(cpu, mm, request);
}

/** shrink_vma: what lies behind the new length goes; −EINVAL where that passes the task's last address. */
function cutTail(cpu: Cpu, mm: Mm, request: RemapRequest): i32 {
  if (request.newLength >= request.oldLength) return 0;
  const tail = request.start + request.newLength;
  const length = request.oldLength - request.newLength;
  return withinTask(tail, length) ? unmapLocked(cpu, mm, tail, tail + length) : -EINVAL;
}

/** vma_expandable: the range ends with the area, and nothing stands behind it. */
function growsInPlace(mm: Mm, vma: Vma, request: RemapRequest): bool {
  const end = request.start + request.newLength;
  if (request.start + request.oldLength != vma.end || !withinTask(0, end)) return false;
  const above = findVma(mm, vma.end);
  return above == 0 || vmaAt(above).start >= end;
}

/**
 * move_vma. The old area is cut first, so that once pages move nothing but a page table can be missing; what moved
 * returns then into tables that are still there.
 */
function moveArea(cpu: Cpu, mm: Mm, request: RemapRequest): i32 {
  const start = request.start;
  const oldLength = request.oldLength;
  const target = request.target;
  const old = vmaAt(vmaContaining(mm, start));
  if (!mayIsolate(old, start, start + oldLength)) return -EINVAL;
  const leaves = (request.flags & MREMAP_DONTUNMAP) == 0 && oldLength != 0;
  const cut = leaves ? isolate(mm, start, start + oldLength) : 0;
  if (cut != 0) return cut;
  const source = vmaContaining(mm, start);
  const area = copyVma(vmaAt(source));
  if (area == 0) return -ENOMEM;
  vmaStartWrite(mm, vmaAt(source));
  placeCopy(vmaAt(area), vmaAt(source), request);
  vmaStartWrite(mm, vmaAt(area));
  insertVma(mm, area);
  if (isDax(vmaAt(area)) && !isWhole(vmaAt(area))) {
    zapRange(cpu, mm, start, start + oldLength, ZAP_PAGES); // a leaf has no parts that could be moved
  }
  if (!moveEntries(cpu, mm, start, target, oldLength)) {
    vmaAt(area).highFlags &= ~VM_HIGH_RESERVE_OWNER;
    removeAreas(cpu, mm, target, target + request.newLength);
    joinNeighbours(mm, source);
    return -ENOMEM;
  }
  vmaAt(source).highFlags &= ~VM_HIGH_RESERVE_OWNER;
  if (leaves) removeAreas(cpu, mm, start, start + oldLength);
  else if (oldLength != 0) emptySource(vmaAt(source), request);
  joinNeighbours(mm, area);
  return 0;
}

/** copy_vma. Memory without private pages counts its pages anew; a userfaultfd stays behind. */
function placeCopy(vma: Vma, source: Vma, request: RemapRequest): void {
  const fresh = vma.file == 0 && vma.anonVma == 0;
  vma.pgoff = fresh ? request.target >> PAGE_SHIFT : pageIndex(source, request.start);
  vma.start = request.target;
  vma.end = request.target + request.newLength;
  vma.flags &= ~VM_UFFD_MISSING;
  vma.uffd = 0;
}

/** dontunmap_complete: the old area has nothing left that could be locked, or private to it. */
function emptySource(vma: Vma, request: RemapRequest): void {
  vma.flags &= ~VM_LOCKED_MASK;
  if (vma.start == request.start && vma.end == request.start + request.oldLength) vma.anonVma = 0;
}

function populateGrown(cpu: Cpu, mm: Mm, request: RemapRequest): void {
  if (!mmapReadLock(cpu, mm)) return;
  const target = request.target;
  populateLocked(cpu, mm, target + request.oldLength, target + request.newLength);
  mmapReadUnlock(cpu, mm);
}
