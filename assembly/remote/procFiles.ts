import { EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { PAGE_SIZE } from "../machine/map";
import { kfree, kmalloc } from "../machine/slab";
import { mmPut } from "../mm/exit";
import { Mm } from "../mm/mm";
import { Task } from "../mm/task";
import { getTaskMm } from "../mm/taskLife";
import { accessOk } from "../uaccess/check";
import { copyToUser } from "../uaccess/copy";
import { DIRECTION_WRITE } from "../uaccess/guard";
import { MAX_RW_COUNT } from "../uaccess/iovec";
import { openMm } from "./accessCheck";
import { accessRemoteVm } from "./accessRemoteVm";
import { FOLL_ANON } from "./foll";

/**
 * /proc/PID/cmdline and environ (fs/proc/base.c, 6.18): text in the target's own memory, read without force and only
 * from private anonymous pages.
 *
 *   argStart            argEnd = envStart             envEnd
 *   ├───────────────────┼─────────────────────────────┤
 *   │ "prog\0" "arg\0"  │ "NAME=value\0" …            │
 *   └───────────────────┴─────────────────────────────┘
 *   A title written over the arguments may run on into the environment: the last byte of the arguments is not 0 then.
 */

/** Where a read goes. */
@unmanaged
export class ProcRead {
  buffer: u64; // the caller's
  offset: u64;
  length: u64;
}

export const PROC_CMDLINE: u32 = 0;
export const PROC_ENVIRON: u32 = 1;

const SIGN: u64 = 1 << 63;

/** Opening one: 0; for environ −EACCES, or −ESRCH for a process that has ended. cmdline is everybody's. */
export function openProcFile(cpu: Cpu, target: Task, file: u32): i32 {
  if (file == PROC_CMDLINE) return 0;
  const refused = openMm(cpu, target);
  if (refused == 0) mmPut(cpu, changetype<Mm>(cpu.value as usize));
  return refused;
}

/**
 * pread: bytes read; 0 for a process that has ended. −EINVAL for a position that does not fit, −EFAULT only for the
 * caller's buffer, −ENOMEM.
 */
export function readProcFile(cpu: Cpu, target: Task, file: u32, read: ProcRead): i32 {
  if (read.offset >= SIGN) return -EINVAL;
  if (!accessOk(cpu, read.buffer, read.length, DIRECTION_WRITE)) return -EFAULT;
  if (read.offset + read.length >= SIGN) return -EINVAL;
  read.length = min<u64>(read.length, MAX_RW_COUNT);
  const held = getTaskMm(target);
  if (held == 0) return 0;
  const mm = changetype<Mm>(held as usize);
  const result = throughPage(cpu, mm, file, read);
  mmPut(cpu, mm);
  return result;
}

function throughPage(cpu: Cpu, mm: Mm, file: u32, read: ProcRead): i32 {
  const page = kmalloc(PAGE_SIZE);
  if (page == 0) return -ENOMEM;
  const result = file == PROC_CMDLINE ? cmdline(cpu, mm, read, page) : environ(cpu, mm, read, page);
  kfree(page);
  return result;
}

function cmdline(cpu: Cpu, mm: Mm, read: ProcRead, page: usize): i32 {
  if (mm.envEnd == 0 || mm.argStart >= mm.argEnd) return 0;
  const joined = mm.envStart == mm.argEnd && mm.envEnd >= mm.envStart;
  const whole = (joined ? mm.envEnd : mm.argEnd) - mm.argStart;
  if (read.offset >= whole) return 0;
  const wanted = min(read.length, whole - read.offset);
  if (wanted == 0) return 0;
  if (anonBytes(cpu, mm, mm.argEnd - 1, page, 1) == 1 && load<u8>(page) != 0) {
    return overwrittenTitle(cpu, mm, read, wanted, page);
  }
  const plain = mm.argEnd - mm.argStart;
  if (read.offset >= plain) return 0;
  return plainArguments(cpu, mm, read, min(wanted, plain - read.offset), page);
}

/** get_mm_proctitle: up to the first NUL, at most a page from the start. */
function overwrittenTitle(cpu: Cpu, mm: Mm, read: ProcRead, wanted: u64, page: usize): i32 {
  if (read.offset >= PAGE_SIZE) return 0;
  const got = anonBytes(cpu, mm, mm.argStart, page, PAGE_SIZE);
  const length = min<u64>(textLength(page, got), read.offset + wanted);
  if (length <= read.offset) return 0;
  const bytes = (length - read.offset) as u32;
  const left = copyToUser(cpu, read.buffer, page + (read.offset as u32), bytes);
  return left == bytes ? -EFAULT : bytes - left;
}

/** With its NUL, if it has one. */
function textLength(text: usize, most: u32): u32 {
  for (let at: u32 = 0; at < most; at++) if (load<u8>(text + at) == 0) return at + 1;
  return most;
}

function plainArguments(cpu: Cpu, mm: Mm, read: ProcRead, wanted: u64, page: usize): i32 {
  let done: u64 = 0;
  while (done < wanted) {
    const piece = min<u64>(wanted - done, PAGE_SIZE) as u32;
    const got = anonBytes(cpu, mm, mm.argStart + read.offset + done, page, piece);
    if (got == 0) break;
    const left = copyToUser(cpu, read.buffer + done, page, got);
    done += got - left;
    if (left != 0) return done != 0 ? (done as i32) : -EFAULT;
  }
  return done as i32;
}

/** One bad piece makes it 0, whatever was read before. */
function environ(cpu: Cpu, mm: Mm, read: ProcRead, page: usize): i32 {
  if (mm.envEnd == 0) return 0;
  const whole = mm.envEnd - mm.envStart;
  let done: u64 = 0;
  while (done < read.length && read.offset + done < whole) {
    const rest = min(read.length - done, whole - read.offset - done);
    const piece = min<u64>(rest, PAGE_SIZE) as u32;
    const got = anonBytes(cpu, mm, mm.envStart + read.offset + done, page, piece);
    if (got == 0) return 0;
    if (copyToUser(cpu, read.buffer + done, page, got) != 0) return -EFAULT;
    done += got;
  }
  return done as i32;
}

function anonBytes(cpu: Cpu, mm: Mm, va: u64, page: usize, length: u32): u32 {
  return accessRemoteVm(cpu, mm, va, page, length, FOLL_ANON);
}
