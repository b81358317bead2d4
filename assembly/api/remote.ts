import { EAGAIN, EFAULT, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { objectBytesFrom, slabAlloc, slabFree } from "../machine/slab";
import { mmPut } from "../mm/exit";
import { FW_VMA_LOCKED, folioWalkEnd, folioWalkStart } from "../mm/folioWalk";
import { Mm } from "../mm/mm";
import { mmapReadLockKillable, mmapReadUnlock } from "../mm/mmapLock";
import { rcuReadLock, rcuReadUnlock } from "../mm/rcu";
import { Task } from "../mm/task";
import { getTaskMm } from "../mm/taskLife";
import { Vma, vmaAt } from "../mm/vma";
import { lockVmaUnderRcu, vmaEndRead } from "../mm/vmaLock";
import { vmaContaining } from "../mm/vmaTree";
import { accessProcessVmHere } from "../remote/accessRemoteVm";
import {
  MemFile,
  closeMemFile as closeFileOf,
  memTransfer,
  memTransferAt,
  memTransferList,
  openMemFile as openFileOf,
} from "../remote/memFile";
import { ProcRead, openProcFile as openOf, readProcFile as readOf } from "../remote/procFiles";
import { ProcessVmCall, processVm as moveVectors } from "../remote/processVm";
import { mayAttach as mayAttachTo, peekWord as peekAt, pokeWord as pokeAt } from "../remote/ptrace";
import { Segments, freeSegments, importSegments } from "../uaccess/iovec";
import { enter, leave } from "./entry";
import { wide } from "./tasks";

/**
 * Another process's memory. The caller is the task that runs on the CPU; addresses, lengths and positions come as (low,
 * high) halves. Answers are bytes moved or −errno.
 */

@inline
function taskAt(address: u32): Task {
  return changetype<Task>(address as usize);
}

/**
 * import_iovec for the kernel's other calls: 0 with the list's address as the value read (IOVEC_* say how it lies),
 * for freeVector; −EINVAL, −EFAULT, −ENOMEM.
 */
export function importVector(index: u32, lo: u32, hi: u32, count: u32): i32 {
  const cpu = enter(index);
  return leave(cpu, importSegments(cpu, wide(lo, hi), count));
}

export function freeVector(list: u32): void {
  freeSegments(changetype<Segments>(list as usize));
}

/** access_process_vm: bytes moved; −EFAULT where the kernel's buffer is too small. */
export function accessProcessVm(
  index: u32,
  target: u32,
  lo: u32,
  hi: u32,
  kernel: u32,
  length: u32,
  foll: u32,
): i32 {
  if (length > objectBytesFrom(kernel)) return -EFAULT;
  const cpu = enter(index);
  return leave(cpu, accessProcessVmHere(cpu, taskAt(target), wide(lo, hi), kernel, length, foll));
}

/** process_vm_readv and writev; `target` 0 is a process that does not exist. */
export function processVm(
  index: u32,
  target: u32,
  foll: u32,
  localLo: u32,
  localHi: u32,
  localCountLo: u32,
  localCountHi: u32,
  remoteLo: u32,
  remoteHi: u32,
  remoteCountLo: u32,
  remoteCountHi: u32,
  flagsLo: u32,
  flagsHi: u32,
): i32 {
  const cpu = enter(index);
  const address = slabAlloc(offsetof<ProcessVmCall>());
  if (address == 0) return leave(cpu, -ENOMEM);
  const call = changetype<ProcessVmCall>(address);
  call.target = target;
  call.foll = foll;
  call.local = wide(localLo, localHi);
  call.localCount = wide(localCountLo, localCountHi);
  call.remote = wide(remoteLo, remoteHi);
  call.remoteCount = wide(remoteCountLo, remoteCountHi);
  call.flags = wide(flagsLo, flagsHi);
  const result = moveVectors(cpu, call);
  slabFree(address);
  return leave(cpu, result);
}

/** 0 with the file's address as the value read (readValueLow); −ESRCH, −EACCES, −ENOMEM. */
export function openMemFile(index: u32, target: u32): i32 {
  const cpu = enter(index);
  return leave(cpu, openFileOf(cpu, taskAt(target)));
}

export function closeMemFile(file: u32): void {
  closeFileOf(changetype<MemFile>(file as usize));
}

/** read and write at the file's position, which moves on. */
export function memMove(
  index: u32,
  file: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  foll: u32,
): i32 {
  const cpu = enter(index);
  const mem = changetype<MemFile>(file as usize);
  return leave(cpu, memTransfer(cpu, mem, wide(lo, hi), wide(lengthLo, lengthHi), foll));
}

/** pread and pwrite. */
export function memMoveAt(
  index: u32,
  file: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  positionLo: u32,
  positionHi: u32,
  foll: u32,
): i32 {
  const cpu = enter(index);
  const mem = changetype<MemFile>(file as usize);
  const position = wide(positionLo, positionHi);
  const length = wide(lengthLo, lengthHi);
  return leave(cpu, memTransferAt(cpu, mem, wide(lo, hi), length, position, foll));
}

/** preadv and pwritev. */
export function memMoveList(
  index: u32,
  file: u32,
  listLo: u32,
  listHi: u32,
  count: u32,
  positionLo: u32,
  positionHi: u32,
  foll: u32,
): i32 {
  const cpu = enter(index);
  const mem = changetype<MemFile>(file as usize);
  const position = wide(positionLo, positionHi);
  return leave(cpu, memTransferList(cpu, mem, wide(listLo, listHi), count, position, foll));
}

/** Opening /proc/PID/cmdline or environ (PROC_*): 0, −EACCES or −ESRCH. */
export function openProcFile(index: u32, target: u32, file: u32): i32 {
  const cpu = enter(index);
  return leave(cpu, openOf(cpu, taskAt(target), file));
}

/** pread of one. */
export function readProcFile(
  index: u32,
  target: u32,
  file: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  offsetLo: u32,
  offsetHi: u32,
): i32 {
  const cpu = enter(index);
  const address = slabAlloc(offsetof<ProcRead>());
  if (address == 0) return leave(cpu, -ENOMEM);
  const read = changetype<ProcRead>(address);
  read.buffer = wide(lo, hi);
  read.length = wide(lengthLo, lengthHi);
  read.offset = wide(offsetLo, offsetHi);
  const result = readOf(cpu, taskAt(target), file, read);
  slabFree(address);
  return leave(cpu, result);
}

/**
 * folio_walk_start and folio_walk_end, under the mmap lock or, with FW_VMA_LOCKED, the VMA's own: the level of the leaf
 * with its entry as the value read; 0 where there is nothing, be it no area; −EAGAIN where the lock cannot be had.
 */
export function folioWalk(index: u32, target: u32, lo: u32, hi: u32, flags: u32): i32 {
  const cpu = enter(index);
  const held = getTaskMm(taskAt(target));
  if (held == 0) return leave(cpu, 0);
  const mm = changetype<Mm>(held as usize);
  const result =
    (flags & FW_VMA_LOCKED) != 0
      ? walkUnderVmaLock(cpu, mm, wide(lo, hi), flags)
      : walkUnderMmapLock(cpu, mm, wide(lo, hi), flags);
  mmPut(cpu, mm);
  return leave(cpu, result);
}

function walkUnderVmaLock(cpu: Cpu, mm: Mm, va: u64, flags: u32): i32 {
  const address = lockVmaUnderRcu(cpu, mm, va);
  if (address == 0) return isMapped(cpu, mm, va) ? -EAGAIN : 0;
  const level = walkArea(cpu, mm, vmaAt(address), va, flags);
  vmaEndRead(vmaAt(address));
  return level;
}

/** As a look without a lock tells. */
function isMapped(cpu: Cpu, mm: Mm, va: u64): bool {
  rcuReadLock(cpu);
  const mapped = vmaContaining(mm, va) != 0;
  rcuReadUnlock(cpu);
  return mapped;
}

function walkUnderMmapLock(cpu: Cpu, mm: Mm, va: u64, flags: u32): i32 {
  if (!mmapReadLockKillable(cpu, mm)) return -EAGAIN;
  const address = vmaContaining(mm, va);
  const level = address == 0 ? 0 : walkArea(cpu, mm, vmaAt(address), va, flags);
  mmapReadUnlock(cpu, mm);
  return level;
}

function walkArea(cpu: Cpu, mm: Mm, vma: Vma, va: u64, flags: u32): i32 {
  cpu.value = folioWalkStart(cpu, mm, vma, va, flags);
  if (cpu.value == 0) return 0;
  const level = cpu.walkLevel;
  folioWalkEnd(cpu, mm);
  return level;
}

/** PTRACE_ATTACH: 0 or −EPERM. */
export function mayAttach(index: u32, target: u32): i32 {
  const cpu = enter(index);
  return leave(cpu, mayAttachTo(cpu, taskAt(target)));
}

/** 0 with the word as the value read (readValueLow, readValueHigh), or −EIO. */
export function peekWord(index: u32, target: u32, lo: u32, hi: u32): i32 {
  const cpu = enter(index);
  return leave(cpu, peekAt(cpu, taskAt(target), wide(lo, hi)));
}

export function pokeWord(index: u32, target: u32, lo: u32, hi: u32, wordLo: u32, wordHi: u32): i32 {
  const cpu = enter(index);
  return leave(cpu, pokeAt(cpu, taskAt(target), wide(lo, hi), wide(wordLo, wordHi)));
}
