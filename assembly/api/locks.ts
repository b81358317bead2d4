import { EAGAIN, EINVAL } from "../base/errno";
import { cpuAt } from "../machine/cpu";
import { spinLock } from "../machine/held";
import { lockTables } from "../mm/mm";
import { mmapReadLock, mmapReadUnlock, mmapWriteLock, mmapWriteUnlock } from "../mm/mmapLock";
import { enterCore, leaveCore } from "../mm/shootdown";
import { mmOfTask } from "../mm/task";
import { vmaAt } from "../mm/vma";
import { lockVmaUnderRcu, vmaEndRead } from "../mm/vmaLock";
import { vmaContaining } from "../mm/vmaTree";
import { vmaStartWrite } from "../mm/vmaWriteLock";
import { wide } from "./tasks";

/** An address space's locks, held and dropped from outside: for scenarios about waiting for them. */

/** The mmap lock. 1 read, 2 write; 0 done. */
export function holdMmapLock(cpu: u32, task: u32, kind: u32): i32 {
  const taken =
    kind == 2
      ? mmapWriteLock(cpuAt(cpu), mmOfTask(task))
      : mmapReadLock(cpuAt(cpu), mmOfTask(task));
  return taken ? 0 : -EINVAL;
}

export function dropMmapLock(cpu: u32, task: u32, kind: u32): void {
  if (kind == 2) mmapWriteUnlock(cpuAt(cpu), mmOfTask(task));
  else mmapReadUnlock(cpuAt(cpu), mmOfTask(task));
}

/** threads: takes a lock that is a word, and leaves it so; `address` is where the core keeps it. */
export function holdWord(address: u32): void {
  spinLock(address);
}

/** The same of the lock of an address space's page tables. */
export function holdTables(cpu: u32, task: u32): void {
  lockTables(cpuAt(cpu), mmOfTask(task));
}

/** Locks the VMA of an address for reading, if that can be had at once: 0 or −EAGAIN. */
export function holdVmaLock(cpu: u32, task: u32, lo: u32, hi: u32): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const locked = lockVmaUnderRcu(on, mmOfTask(task), wide(lo, hi));
  leaveCore(on);
  return locked != 0 ? 0 : -EAGAIN;
}

export function dropVmaLock(task: u32, lo: u32, hi: u32): void {
  const address = vmaContaining(mmOfTask(task), wide(lo, hi));
  if (address != 0) vmaEndRead(vmaAt(address));
}

/** Locks the VMA of an address for writing; the CPU holds the mmap lock for writing: 0, or −EINVAL where none is. */
export function writeLockVma(cpu: u32, task: u32, lo: u32, hi: u32): i32 {
  const on = cpuAt(cpu);
  const address = vmaContaining(mmOfTask(task), wide(lo, hi));
  if (address == 0) return -EINVAL;
  enterCore(on);
  vmaStartWrite(mmOfTask(task), vmaAt(address));
  leaveCore(on);
  return 0;
}
