import { Cpu } from "../machine/cpu";
import { copyFromUserNmi } from "../uaccess/nofault";
import { PerfLevel, perfTaskAt, perfTaskOf } from "./event";
import { PtRegs } from "./ptRegs";
import { nextByte, put64, roomToEnd, skip } from "./ring";

/** The dump of the user's stack (perf_sample_ustack_size, perf_output_sample_ustack; kernel/events/core.c, 6.18). */

/** TASK_SIZE of 64-bit programs, and of real 32-bit ones; a segment of 32 bits alone changes nothing. */
export const TASK_SIZE: u64 = 0x7ffffffff000;
export const TASK_SIZE_COMPAT: u64 = 0xffffe000;
/** The most that 16 bits hold, of a record and of a dump. */
const MOST_BYTES: u32 = 0xffff;

/** perf_ustack_task_size: bytes from the stack pointer to the end of user space; 0 for no stack pointer at all. */
@inline
export function stackLeft(cpu: Cpu, sp: u64): u64 {
  const task = perfTaskOf(cpu);
  const limit = task != 0 && perfTaskAt(task).compat != 0 ? TASK_SIZE_COMPAT : TASK_SIZE;
  return sp == 0 || sp >= limit ? 0 : limit - sp;
}

/**
 * Bytes to dump, of those that were asked for: what is left of the user's space, and what a record of `header` bytes so
 * far can still hold. Only the last of these rounds, and up.
 */
export function stackDumpBytes(cpu: Cpu, wanted: u32, header: u32, regs: u64): u32 {
  if (regs == 0 || cpu.mm == 0) return 0;
  const left = min(stackLeft(cpu, changetype<PtRegs>(regs as usize).sp), MOST_BYTES as u64) as u32;
  const bytes = min(left, wanted);
  const before = (header + 16) & MOST_BYTES; // the size before it and the size behind it
  if (((before + bytes) & MOST_BYTES) >= before) return bytes;
  return (MOST_BYTES - before - 8 + 7) & ~7 & MOST_BYTES;
}

/**
 * The size, the bytes, and how many came over. What cannot be copied is left out: the ring keeps what it held there.
 * Without registers one word of zero.
 */
export function putStackDump(cpu: Cpu, level: PerfLevel, bytes: u32, regs: u64): void {
  if (regs == 0) return put64(level, 0);
  put64(level, bytes);
  const copied = copyStack(cpu, level, changetype<PtRegs>(regs as usize).sp, bytes);
  skip(level, bytes - copied);
  put64(level, copied);
}

/** __output_copy_user: stops at the first short copy. */
function copyStack(cpu: Cpu, level: PerfLevel, sp: u64, bytes: u32): u32 {
  let done: u32 = 0;
  while (done < bytes) {
    const piece = min(bytes - done, roomToEnd(level));
    const left = copyFromUserNmi(cpu, nextByte(level), sp + done, piece);
    skip(level, piece - left);
    done += piece - left;
    if (left != 0) break;
  }
  return done;
}
