import { EACCES, EINVAL, ENOMEM, EPERM } from "../base/errno";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK, PAGE_SHIFT } from "../machine/map";
import { dropVma, isolate, joinNeighbours } from "./areas";
import { adaptToDax } from "./dax";
import {
  FILE_DAX,
  FILE_DISK_READ_ONLY,
  FILE_MAX_PAGES,
  FILE_SECRET,
  FILE_SHMEM,
  MappedFile,
  fileGet,
  openFile,
} from "./file";
import { hugeAlign, isHugetlb, makeHugetlb, releaseReserve } from "./hugetlb";
import { Mm } from "./mm";
import { mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { noteUnmapped } from "./unmapped";
import { Vma, vmaAt } from "./vma";
import {
  VM_ACCOUNT,
  VM_DONTDUMP,
  VM_EXEC,
  VM_HIGH_SEALED,
  VM_HUGETLB,
  VM_LOCKED,
  VM_MAYEXEC,
  VM_MAYWRITE,
  VM_NORESERVE,
  VM_SHARED,
  VM_WRITE,
} from "./vmaFlags";
import { allocVma, findVma, freeVma, insertVma, removeVma } from "./vmaTree";
import { vmaStartWrite } from "./vmaWriteLock";
import { ZAP_EVERYTHING, zapRange } from "./zap";

/** mmap and munmap over one address space (mm/mmap.c, mm/vma.c, 6.18): the mmap lock is held for writing throughout. */

/** A range that a program can have mappings in. */
@inline
export function withinTask(start: u64, length: u64): bool {
  const limit = profile().taskLimit;
  return length <= limit && start <= limit - length;
}

/** Whole pages; 0 where that passes the end of all addresses. */
@inline
export function pageAlign(length: u64): u64 {
  return (length + PAGE_MASK) & ~(PAGE_MASK as u64);
}

/** What a mapping is made of, apart from its place. */
@unmanaged
export class MapRequest {
  start: u64;
  length: u64;
  pgoff: u64;
  flags: u32; // VM_*: rights, what they may become, sharing, growth
  file: u32; // 0 = anonymous memory
  pageLevel: u32;
  pkey: u32;
}

/**
 * mmap with MAP_FIXED: what lies in the range is replaced. 0; −EINVAL for a bad range, or one that the file refuses;
 * −ENOMEM where RAM or the pool of huge pages has not so much; −EACCES for writing into a read-only file; −EPERM for
 * running secret memory, or where something sealed is in the way. Nothing is populated.
 */
export function mapRange(cpu: Cpu, mm: Mm, request: MapRequest): i32 {
  const length = alignedLength(request);
  if ((request.start & PAGE_MASK) != 0 || request.length == 0) return -EINVAL;
  if (length == 0 || !withinTask(request.start, length)) return -ENOMEM;
  const address = allocVma();
  if (address == 0) return -ENOMEM;
  let result = describe(vmaAt(address), request, length);
  if (result == 0) {
    result = place(cpu, mm, address);
    if (result == 0) return 0;
    dropVma(address);
  } else freeVma(address);
  return result;
}

@inline
function alignedLength(request: MapRequest): u64 {
  const huge = (request.flags & VM_HUGETLB) != 0;
  return huge ? hugeAlign(request.length, request.pageLevel) : pageAlign(request.length);
}

/** Puts an area in the place of what is there: 0 or −errno. */
function place(cpu: Cpu, mm: Mm, address: usize): i32 {
  const refused = mmapWriteLockKillable(cpu, mm);
  if (refused != 0) return refused;
  const result = placeLocked(cpu, mm, address);
  mmapWriteUnlock(cpu, mm);
  return result;
}

/** The same where the mmap lock is held for writing. */
export function placeLocked(cpu: Cpu, mm: Mm, address: usize): i32 {
  const result = unmapLocked(cpu, mm, vmaAt(address).start, vmaAt(address).end);
  if (result != 0) return result;
  vmaStartWrite(mm, vmaAt(address));
  insertVma(mm, address);
  joinNeighbours(mm, address);
  return 0;
}

/** Fills in a new area; on success it holds a reference to its file. */
function describe(vma: Vma, request: MapRequest, length: u64): i32 {
  vma.start = request.start;
  vma.end = request.start + length;
  vma.flags = withAccount(request.flags);
  vma.file = request.file;
  vma.pageLevel = request.pageLevel as u8;
  vma.pkey = request.pkey as u8;
  if (vma.file == 0) {
    if (isHugetlb(vma)) return makeHugetlb(vma);
    if ((vma.flags & VM_SHARED) != 0) return makeShared(vma, length);
    vma.pgoff = vma.start >> PAGE_SHIFT;
    return 0;
  }
  vma.pgoff = request.pgoff;
  const result = adaptToFile(vma, changetype<MappedFile>(vma.file as usize));
  if (result == 0) fileGet(changetype<MappedFile>(vma.file as usize));
  return result;
}

/** Memory that a write makes private is promised to the program (accountable_mapping). */
@inline
export function withAccount(flags: u32): u32 {
  const accountable = (flags & (VM_NORESERVE | VM_SHARED | VM_HUGETLB | VM_WRITE)) == VM_WRITE;
  return accountable ? flags | VM_ACCOUNT : flags;
}

/** Shared anonymous memory is a file of its own (shmem_zero_setup). */
function makeShared(vma: Vma, length: u64): i32 {
  if (length >> PAGE_SHIFT > FILE_MAX_PAGES) return -ENOMEM;
  vma.file = openFile(length, 0, FILE_SHMEM) as u32;
  return vma.file == 0 ? -ENOMEM : 0;
}

/** What the file's kind allows, and asks of its mappings. */
function adaptToFile(vma: Vma, file: MappedFile): i32 {
  const shared = (vma.flags & VM_SHARED) != 0;
  if (file.kind == FILE_DISK_READ_ONLY && shared) {
    if ((vma.flags & VM_WRITE) != 0) return -EACCES;
    vma.flags &= ~(VM_SHARED | VM_MAYWRITE); // it stays VM_MAYSHARE
  } else if (file.kind == FILE_SECRET) {
    if ((vma.flags & VM_EXEC) != 0) return -EPERM; // its file system is noexec
    if (!shared) return -EINVAL;
    vma.flags = (vma.flags & ~VM_MAYEXEC) | VM_LOCKED | VM_DONTDUMP;
  }
  return file.kind == FILE_DAX ? adaptToDax(vma, file) : 0;
}

/**
 * munmap: 0; −EINVAL for a range no program can have, or that cuts an area which cannot be cut there; −EPERM where a
 * part is sealed; −ENOMEM where a split finds RAM full; on an error nothing is unmapped.
 */
export function unmapRange(cpu: Cpu, mm: Mm, start: u64, length: u64): i32 {
  const rounded = pageAlign(length);
  if ((start & PAGE_MASK) != 0 || rounded == 0 || !withinTask(start, rounded)) return -EINVAL;
  const refused = mmapWriteLockKillable(cpu, mm);
  if (refused != 0) return refused;
  const result = unmapLocked(cpu, mm, start, start + rounded);
  mmapWriteUnlock(cpu, mm);
  return result;
}

/** munmap where the mmap lock is held for writing. */
export function unmapLocked(cpu: Cpu, mm: Mm, start: u64, end: u64): i32 {
  if (anySealed(mm, start, end)) return -EPERM;
  const result = isolate(mm, start, end);
  if (result == 0) removeAreas(cpu, mm, start, end);
  return result;
}

/** Empties a range that areas and leaves end at the borders of. */
export function removeAreas(cpu: Cpu, mm: Mm, start: u64, end: u64): void {
  lockAreas(mm, start, end);
  zapRange(cpu, mm, start, end, ZAP_EVERYTHING);
  let at = findVma(mm, start);
  while (at != 0 && vmaAt(at).start < end) {
    releaseReserve(vmaAt(at));
    removeVma(mm, at);
    dropVma(at);
    at = findVma(mm, start);
  }
  noteUnmapped(cpu);
}

/** Nobody may find a page of theirs any more while it is taken out. */
function lockAreas(mm: Mm, start: u64, end: u64): void {
  let at = findVma(mm, start);
  while (at != 0 && vmaAt(at).start < end) {
    vmaStartWrite(mm, vmaAt(at));
    at = findVma(mm, vmaAt(at).end);
  }
}

function anySealed(mm: Mm, start: u64, end: u64): bool {
  let at = findVma(mm, start);
  while (at != 0 && vmaAt(at).start < end) {
    if ((vmaAt(at).highFlags & VM_HIGH_SEALED) != 0) return true;
    at = findVma(mm, vmaAt(at).end);
  }
  return false;
}
