import { compareExchange, loadShared, storeShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { FINDING_LOCK_NEEDS_SCHEDULER, recordFinding } from "../machine/findings";
import { slabAlloc, slabFree } from "../machine/slab";
import { EVENT_MMAP_LOCK, emit } from "../study/events";
import { waitForOthers } from "./shootdown";
import { allocRoot } from "./table";

/** One address space. */
@unmanaged
export class Mm {
  root: u32; //      0 linear address of the root page table
  vmaRoot: u32; //   4
  vmaCount: u32; //  8
  users: u32; //    12
  mmapLock: u32; // 16 readers, or MMAP_WRITER
  lockSeq: u32; //  20 odd while write-held
  tableLock: u32; //24
  pages: u32; //    28 leaves mapped, in 4 KiB pages
  count: u32; //    32 who holds this record; all its users together are one
  dumpable: u32; // 36 0: only a privileged task may look inside
  argStart: u64; // 40 where the program's arguments and environment stand
  argEnd: u64; //   48
  envStart: u64; // 56
  envEnd: u64; //   64
  holdsHugeZero: u32; // 72
}

const MMAP_WRITER: u32 = 0xffffffff;

/** A new, empty address space with one user; 0 when RAM is full. */
export function allocMm(): usize {
  const address = slabAlloc(offsetof<Mm>());
  if (address == 0) return 0;
  const mm = changetype<Mm>(address);
  mm.root = allocRoot() as u32;
  mm.users = 1;
  mm.count = 1;
  mm.dumpable = 1;
  if (mm.root != 0) return address;
  slabFree(address);
  return 0;
}

@inline
function lockAddress(mm: Mm): usize {
  return changetype<usize>(mm) + offsetof<Mm>("mmapLock");
}

/** Takes the mmap lock for reading; false only where waiting is impossible (release met it held). */
export function mmapReadLock(cpu: Cpu, mm: Mm): bool {
  const lock = lockAddress(mm);
  while (true) {
    const held = loadShared(lock);
    if (held != MMAP_WRITER) {
      if (compareExchange(lock, held, held + 1) == held) break;
    } else if (!waitOnLock(cpu, lock, held)) return false;
  }
  emit(cpu, EVENT_MMAP_LOCK, 0, 1);
  return true;
}

export function mmapReadUnlock(cpu: Cpu, mm: Mm): void {
  const lock = lockAddress(mm);
  let held = loadShared(lock);
  while (compareExchange(lock, held, held - 1) != held) held = loadShared(lock);
  if (THREADS) atomic.notify(lock, -1);
  emit(cpu, EVENT_MMAP_LOCK, 0, 0);
}

export function mmapWriteLock(cpu: Cpu, mm: Mm): bool {
  const lock = lockAddress(mm);
  while (compareExchange(lock, 0, MMAP_WRITER) != 0) {
    const held = loadShared(lock);
    if (held != 0 && !waitOnLock(cpu, lock, held)) return false;
  }
  mm.lockSeq += 1;
  emit(cpu, EVENT_MMAP_LOCK, 0, 2);
  return true;
}

export function mmapWriteUnlock(cpu: Cpu, mm: Mm): void {
  releaseWriter(mm, 0);
  emit(cpu, EVENT_MMAP_LOCK, 0, 0);
}

/** The writer becomes a reader without anybody else getting in between. */
export function mmapWriteDowngrade(cpu: Cpu, mm: Mm): void {
  releaseWriter(mm, 1);
  emit(cpu, EVENT_MMAP_LOCK, 0, 1);
}

/** Lets others in; `readers` stay. */
function releaseWriter(mm: Mm, readers: u32): void {
  mm.lockSeq += 1;
  storeShared(lockAddress(mm), readers);
  if (THREADS) atomic.notify(lockAddress(mm), -1);
}

/**
 * The page tables' own lock, one for all of them: what changes entries may hold the mmap lock for reading only. It is
 * held over a shootdown, so a CPU that waits for it answers invalidations meanwhile.
 */
export function lockTables(cpu: Cpu, mm: Mm): void {
  const lock = tableLockAddress(mm);
  if (THREADS || STUDY) while (compareExchange(lock, 0, 1) != 0) waitForOthers(cpu, lock, 1);
}

export function unlockTables(mm: Mm): void {
  if (THREADS || STUDY) storeShared(tableLockAddress(mm), 0);
  if (THREADS) atomic.notify(tableLockAddress(mm), 1);
}

@inline
function tableLockAddress(mm: Mm): usize {
  return changetype<usize>(mm) + offsetof<Mm>("tableLock");
}

/** No patience here: as in the kernel, who waits for a lock waits until its holder lets go. */
function waitOnLock(cpu: Cpu, lock: usize, seen: u32): bool {
  if (waitForOthers(cpu, lock, seen)) return true;
  recordFinding(FINDING_LOCK_NEEDS_SCHEDULER, cpu.index, cpu.task, 0, 0);
  return false;
}
