import { EINVAL, ENOMEM } from "../base/errno";
import { Cpu, cpuAt } from "../machine/cpu";
import { MappedFile, FILE_MAX_PAGES, filePage, filePut, openFile } from "../mm/file";
import { pageAddress } from "../machine/frames";
import { Header, header, PAGE_SHIFT } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";
import { faultIn } from "../mm/fault";
import { Mm, mmapReadLock, mmapReadUnlock, mmapWriteLock, mmapWriteUnlock } from "../mm/mm";
import { MapRequest, mapRange, protectRange, unmapRange } from "../mm/mmap";
import { pteFrame } from "../mm/pte";
import { enterCore, leaveCore } from "../mm/shootdown";
import { Walk, levelShift, walkTo } from "../mm/table";
import { Task, createTask, exitTask, switchTo } from "../mm/task";
import { checkClosedAtSleep } from "../uaccess/block";
import { findVma } from "../mm/vma";
import { profile } from "../arch/profile";

/** Tasks, address spaces, files: what the host builds a scenario's world from. Addresses come as (low, high) halves. */

@inline
export function wide(lo: u32, hi: u32): u64 {
  return (lo as u64) | ((hi as u64) << 32);
}

@inline
function mmOf(task: u32): Mm {
  return changetype<Mm>(changetype<Task>(task as usize).mm as usize);
}

/** A task (its linear address), sharing the address space of another one unless `sibling` is 0; 0 = RAM is full. */
export function newTask(sibling: u32, wordBytes: u32): u32 {
  const mm = sibling == 0 ? 0 : changetype<Task>(sibling as usize).mm;
  return createTask(mm, wordBytes) as u32;
}

/** Another task gets the CPU: the one before must not leave its guard open (R2). */
function schedule(cpu: Cpu, task: u32): void {
  if (cpu.task == task) return;
  checkClosedAtSleep(cpu);
  switchTo(cpu, task);
}

export function endTask(cpu: u32, task: u32): void {
  const on = cpuAt(cpu);
  enterCore(on);
  for (let index: u32 = 0; index < header().cpuCount; index++) {
    if (cpuAt(index).task == task) schedule(cpuAt(index), 0);
  }
  exitTask(on, task);
  leaveCore(on);
}

export function runTask(cpu: u32, task: u32): void {
  schedule(cpuAt(cpu), task);
}

export function mapMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  flags: u32,
  file: u32,
  pgoff: u32,
  pageLevel: u32,
  pkey: u32,
): i32 {
  const on = cpuAt(cpu);
  const address = slabAlloc(offsetof<MapRequest>());
  if (address == 0) return -ENOMEM;
  const request = changetype<MapRequest>(address);
  request.start = wide(lo, hi);
  request.length = wide(lengthLo, lengthHi);
  request.pgoff = pgoff;
  request.flags = flags;
  request.file = file;
  request.pageLevel = pageLevel;
  request.pkey = pkey;
  enterCore(on);
  const result = mapRange(on, mmOf(task), request);
  leaveCore(on);
  slabFree(address);
  return result;
}

export function unmapMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const result = unmapRange(on, mmOf(task), wide(lo, hi), wide(lengthLo, lengthHi));
  leaveCore(on);
  return result;
}

export function protectMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  access: u32,
): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const result = protectRange(on, mmOf(task), wide(lo, hi), wide(lengthLo, lengthHi), access);
  leaveCore(on);
  return result;
}

/** Holds or drops the mmap lock from outside, for scenarios about waiting for it. 1 read, 2 write; 0 done. */
export function holdMmapLock(cpu: u32, task: u32, kind: u32): i32 {
  const taken =
    kind == 2 ? mmapWriteLock(cpuAt(cpu), mmOf(task)) : mmapReadLock(cpuAt(cpu), mmOf(task));
  return taken ? 0 : -EINVAL;
}

export function dropMmapLock(cpu: u32, task: u32, kind: u32): void {
  if (kind == 2) mmapWriteUnlock(cpuAt(cpu), mmOf(task));
  else mmapReadUnlock(cpuAt(cpu), mmOf(task));
}

/** A file-like object of `size` bytes made of folios of 2^order pages; 0: too large for its index, or RAM is full. */
export function newFile(sizeLo: u32, sizeHi: u32, order: u32): u32 {
  const size = wide(sizeLo, sizeHi);
  if (size > FILE_MAX_PAGES << PAGE_SHIFT) return 0;
  return openFile(size, order) as u32;
}

/** Closes the handle of file number `id`; −EINVAL when that was done before. Mappings keep the file. */
export function closeFile(address: u32, id: u32): i32 {
  const file = changetype<MappedFile>(address as usize);
  if (file.id != id || file.open != 1) return -EINVAL;
  file.open = 0;
  filePut(file);
  return 0;
}

/** Linear address of a page of a file, read in if need be; 0 when it lies past the index or RAM is full. */
export function fileData(file: u32, page: u32): u32 {
  const pfn = filePage(changetype<MappedFile>(file as usize), page);
  return pfn == 0 ? 0 : (pageAddress(pfn) as u32);
}

/** Populates one page as an access (ACCESS_*) of the program itself, or a debugger's, would: 0, or the VM_FAULT bits. */
export function touchPage(cpu: u32, task: u32, lo: u32, hi: u32, access: u32): u32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const result = faultIn(on, mmOf(task), wide(lo, hi), access);
  leaveCore(on);
  return result;
}

/**
 * The inspector's view: the linear address behind `va` in a task's tables, whatever its permissions; 0 where no page
 * is. Sets no bit, counts nothing, takes no fault.
 */
export function inspectAddress(cpu: u32, task: u32, lo: u32, hi: u32): u32 {
  const va = wide(lo, hi);
  if (va >= profile().tableLimit) return 0;
  const walk = inspectorWalk();
  const entry = walkTo(mmOf(task).root, va, walk);
  if (entry == 0) return 0;
  const inLeaf = va & (((1 as u64) << levelShift(walk.level)) - 1);
  return (pageAddress(pteFrame(entry)) as u32) + (inLeaf as u32);
}

/** The entry a walk for `va` ends at, low half; its high half and level follow from `inspectedHigh/Level`. */
export function inspectEntry(task: u32, lo: u32, hi: u32): u32 {
  const va = wide(lo, hi);
  const walk = inspectorWalk();
  const entry = va >= profile().tableLimit ? 0 : walkTo(mmOf(task).root, va, walk);
  header().inspectorEntry = entry;
  return entry as u32;
}

export function inspectedHigh(): u32 {
  return (header().inspectorEntry >> 32) as u32;
}

export function inspectedLevel(): u32 {
  return inspectorWalk().level;
}

@inline
function inspectorWalk(): Walk {
  return changetype<Walk>(changetype<usize>(header()) + offsetof<Header>("inspectorWalk"));
}

/** The next VMA that ends above an address, as its record's linear address; 0 = none. */
export function inspectVma(task: u32, lo: u32, hi: u32): u32 {
  return findVma(mmOf(task), wide(lo, hi)) as u32;
}
