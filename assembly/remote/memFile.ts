import { EFAULT, EINVAL, EIO, ENOMEM, EOVERFLOW } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_SIZE } from "../machine/map";
import { kfree, kmalloc, slabAlloc, slabFree } from "../machine/slab";
import { mmDrop, mmGetNotZero, mmGrab, mmPut } from "../mm/exit";
import { Mm } from "../mm/mm";
import { Task } from "../mm/task";
import { accessOk } from "../uaccess/check";
import { copyFromUser, copyToUser } from "../uaccess/copy";
import { DIRECTION_READ } from "../uaccess/guard";
import { MAX_RW_COUNT, Segments, freeSegments, importSegments, segmentAt } from "../uaccess/iovec";
import { openMm } from "./accessCheck";
import { accessRemoteVm } from "./accessRemoteVm";
import { FOLL_FORCE, FOLL_WRITE } from "./foll";

/**
 * /proc/PID/mem (fs/proc/base.c, 6.18): an open file holds the address space it was opened on, not the process. Bytes go
 * through a bounce page, in pieces that follow the request and not the pages.
 */

const SIGN: u64 = 1 << 63;

@unmanaged
export class MemFile {
  position: u64;
  mm: u32; // held, so that its record stays; its users may all be gone
}

/** 0 with the file in `cpu.value`; −ESRCH for a process that has ended, −EACCES, −ENOMEM. */
export function openMemFile(cpu: Cpu, target: Task): i32 {
  const refused = openMm(cpu, target);
  if (refused != 0) return refused;
  const mm = changetype<Mm>(cpu.value as usize);
  const address = slabAlloc(offsetof<MemFile>());
  if (address != 0) {
    changetype<MemFile>(address).mm = changetype<usize>(mm) as u32;
    mmGrab(mm);
  }
  mmPut(cpu, mm);
  cpu.value = address;
  return address != 0 ? 0 : -ENOMEM;
}

export function closeMemFile(file: MemFile): void {
  mmDrop(changetype<Mm>(file.mm as usize));
  slabFree(changetype<usize>(file));
}

/** read and write: at the file's position, which moves on by what whole pieces moved, after an error too. */
export function memTransfer(cpu: Cpu, file: MemFile, buffer: u64, length: u64, foll: u32): i32 {
  if (!accessOk(cpu, buffer, length, DIRECTION_READ)) return -EFAULT;
  const result = transferFrom(cpu, file, file.position, buffer, length, foll);
  file.position = cpu.value;
  return result;
}

/** Answers as moveBytes does. */
function transferFrom(
  cpu: Cpu,
  file: MemFile,
  position: u64,
  buffer: u64,
  length: u64,
  foll: u32,
): i32 {
  cpu.value = position;
  if (position >= SIGN && length >= 0 - position) return -EOVERFLOW;
  return moveBytes(cpu, file, position, buffer, min<u64>(length, MAX_RW_COUNT) as u32, foll);
}

/** pread and pwrite: the file's own position is not looked at, for others may use the file meanwhile. */
export function memTransferAt(
  cpu: Cpu,
  file: MemFile,
  buffer: u64,
  length: u64,
  position: u64,
  foll: u32,
): i32 {
  if (position >= SIGN) return -EINVAL;
  if (!accessOk(cpu, buffer, length, DIRECTION_READ)) return -EFAULT;
  return transferFrom(cpu, file, position, buffer, length, foll);
}

/** preadv and pwritev: one element after the other, as if each were a call of its own. */
export function memTransferList(
  cpu: Cpu,
  file: MemFile,
  pointer: u64,
  count: u32,
  position: u64,
  foll: u32,
): i32 {
  if (position >= SIGN) return -EINVAL;
  const imported = importSegments(cpu, pointer, count);
  if (imported != 0) return imported;
  const list = changetype<Segments>(cpu.value as usize);
  const result = list.left == 0 ? 0 : moveList(cpu, file, list, position, foll);
  freeSegments(list);
  return result;
}

function moveList(cpu: Cpu, file: MemFile, list: Segments, position: u64, foll: u32): i32 {
  let sum: i32 = 0;
  let at = position;
  for (let index: u32 = 0; index < list.count; index++) {
    const segment = segmentAt(list, index);
    if (segment.length == 0) continue;
    const moved = moveBytes(cpu, file, at, segment.base, segment.length as u32, foll);
    at = cpu.value;
    if (moved < 0) return sum > 0 ? sum : moved;
    sum += moved;
    if (moved != segment.length) break;
  }
  return sum;
}

/** mem_rw, with the position behind it in `cpu.value`, after an error too. */
function moveBytes(
  cpu: Cpu,
  file: MemFile,
  position: u64,
  buffer: u64,
  length: u32,
  foll: u32,
): i32 {
  const mm = changetype<Mm>(file.mm as usize);
  cpu.value = position;
  if (length == 0) return 0;
  const bounce = kmalloc(PAGE_SIZE);
  if (bounce == 0) return -ENOMEM;
  let result: i32 = 0;
  if (mmGetNotZero(mm)) {
    result =
      (foll & FOLL_WRITE) != 0
        ? writePieces(cpu, mm, position, buffer, length, bounce)
        : readPieces(cpu, mm, position, buffer, length, bounce);
    mmPut(cpu, mm);
  }
  kfree(bounce);
  return result;
}

function readPieces(cpu: Cpu, mm: Mm, position: u64, buffer: u64, length: u32, bounce: usize): i32 {
  let done: u32 = 0;
  let fault = false;
  while (done < length) {
    const piece = min(length - done, PAGE_SIZE);
    const read = accessRemoteVm(cpu, mm, position + done, bounce, piece, FOLL_FORCE);
    if (read == 0) break;
    fault = copyToUser(cpu, buffer + done, bounce, read) != 0;
    if (fault) break;
    done += read;
  }
  return endPieces(cpu, position, done, fault);
}

/** A fault of the task's own buffer loses the count; nothing moved at all is an error too. */
function endPieces(cpu: Cpu, position: u64, done: u32, fault: bool): i32 {
  cpu.value = position + done;
  if (fault) return -EFAULT;
  return done != 0 ? done : -EIO;
}

function writePieces(
  cpu: Cpu,
  mm: Mm,
  position: u64,
  buffer: u64,
  length: u32,
  bounce: usize,
): i32 {
  const foll = FOLL_FORCE | FOLL_WRITE;
  let done: u32 = 0;
  let fault = false;
  while (done < length) {
    const piece = min(length - done, PAGE_SIZE);
    fault = copyFromUser(cpu, bounce, buffer + done, piece) != 0;
    if (fault) break;
    const written = accessRemoteVm(cpu, mm, position + done, bounce, piece, foll);
    if (written == 0) break;
    done += written;
  }
  return endPieces(cpu, position, done, fault);
}
