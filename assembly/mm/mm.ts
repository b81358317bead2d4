import { compareExchange, storeShared } from "../base/atomics";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { HELD_TABLES, forgetHeld, holderMark, noteHeld } from "../machine/held";
import { slabAlloc, slabFree } from "../machine/slab";
import { waitForOthers } from "./shootdown";
import { allocRoot } from "./table";

/** One address space. */
@unmanaged
export class Mm {
  root: u32; //      0 linear address of the root page table
  vmaRoot: u32; //   4
  vmaCount: u32; //  8
  users: u32; //    12
  mmapLock: u32; // 16 readers, a writer's bit, a bit for others that wait (mmapLock.ts)
  lockSeq: u32; //  20 mm_lock_seq: odd while the mmap lock is held for writing
  tableLock: u32; //24
  pages: u32; //    28 leaves mapped, in 4 KiB pages
  count: u32; //    32 who holds this record; all its users together are one
  dumpable: u32; // 36 0: only a privileged task may look inside
  argStart: u64; // 40 where the program's arguments and environment stand
  argEnd: u64; //   48
  envStart: u64; // 56
  envEnd: u64; //   64
  holdsHugeZero: u32; // 72
  writer: u32; //   76 the CPU that holds the mmap lock for writing
  waitLock: u32; // 80 guards the queue of CPUs that wait for the mmap lock
  firstWaiter: u32; // 84 Cpu, 0 = nobody waits
  lastWaiter: u32; // 88
  unstable: u32; // 92 MMF_UNSTABLE: the OOM reaper has dropped what is private, and nothing private comes again
  changedSeq: u32; // 96 lockSeq of the last writer of the mmap lock that began to change something
  lostTo: u32; // 100 a CPU, from 1, that died in such a change: nobody gets the lock any more
  untagMask: u64; // 104 what is looked at of an address that another process asks for (untagged_addr_remote)
}

/** A new, empty address space with one user; 0 when RAM is full. */
export function allocMm(): usize {
  const address = slabAlloc(offsetof<Mm>());
  if (address == 0) return 0;
  const mm = changetype<Mm>(address);
  mm.root = allocRoot() as u32;
  mm.users = 1;
  mm.count = 1;
  mm.dumpable = 1;
  mm.untagMask = profile().remoteMask;
  if (mm.root != 0) return address;
  slabFree(address);
  return 0;
}

/**
 * The page tables' own lock, one for all of them: what changes entries may hold the mmap lock for reading only. It is
 * held over a shootdown, so a CPU that waits for it answers invalidations meanwhile.
 */
export function lockTables(cpu: Cpu, mm: Mm): void {
  const lock = tableLockAddress(mm);
  cpu.tableLocks += 1;
  noteHeld(HELD_TABLES, changetype<usize>(mm));
  if (THREADS || STUDY) {
    while (true) {
      const holder = compareExchange(lock, 0, holderMark(cpu));
      if (holder == 0) return;
      waitForOthers(cpu, lock, holder);
    }
  }
}

/** The same for who must not wait. */
export function tryLockTables(cpu: Cpu, mm: Mm): bool {
  noteHeld(HELD_TABLES, changetype<usize>(mm));
  if ((THREADS || STUDY) && compareExchange(tableLockAddress(mm), 0, holderMark(cpu)) != 0) {
    forgetHeld(HELD_TABLES, changetype<usize>(mm));
    return false;
  }
  cpu.tableLocks += 1;
  return true;
}

export function unlockTables(mm: Mm): void {
  if (THREADS || STUDY) storeShared(tableLockAddress(mm), 0);
  if (THREADS) atomic.notify(tableLockAddress(mm), 1);
  forgetHeld(HELD_TABLES, changetype<usize>(mm));
}

@inline
export function tableLockAddress(mm: Mm): usize {
  return changetype<usize>(mm) + offsetof<Mm>("tableLock");
}
