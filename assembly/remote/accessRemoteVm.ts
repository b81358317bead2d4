import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { mmPut } from "../mm/exit";
import { Mm } from "../mm/mm";
import { Task } from "../mm/task";
import { getTaskMm } from "../mm/taskLife";
import { accessFastV1 } from "./fastV1";
import { accessFastV2 } from "./fastV2";
import { accessSketch } from "./fastV3Sketch";
import { REMOTE_FAST_V1, REMOTE_FAST_V2, REMOTE_FAST_V3_SKETCH } from "./path";
import { accessUnderMmapLock } from "./slowPath";

/**
 * __access_remote_vm (mm/memory.c): moves bytes between another address space and the kernel's buffer and answers how
 * many; what stops it is never said.
 */
export function accessRemoteVm(
  cpu: Cpu,
  mm: Mm,
  address: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  return accessRemoteVmHere(cpu, mm, address, kernel, length, foll);
}

/** The same, written out where it is called. */
@inline
function accessRemoteVmHere(
  cpu: Cpu,
  mm: Mm,
  address: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  const va = address & mm.untagMask;
  switch (header().remotePath) {
    case REMOTE_FAST_V1:
      return accessFastV1(cpu, mm, va, kernel, length, foll);
    case REMOTE_FAST_V2:
      return accessFastV2(cpu, mm, va, kernel, length, foll);
    case REMOTE_FAST_V3_SKETCH:
      return accessSketch(cpu, mm, va, kernel, length, foll);
    default:
      return max(accessUnderMmapLock(cpu, mm, va, kernel, length, foll), 0) as u32;
  }
}

/**
 * access_process_vm (mm/memory.c, 6.18): between the kernel's own buffer and a task's memory; bytes moved, 0 of a task
 * that has ended.
 */
export function accessProcessVm(
  cpu: Cpu,
  task: Task,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  return accessProcessVmHere(cpu, task, va, kernel, length, foll);
}

/** The same, written out where it is called. */
@inline
export function accessProcessVmHere(
  cpu: Cpu,
  task: Task,
  va: u64,
  kernel: usize,
  length: u32,
  foll: u32,
): u32 {
  const held = getTaskMm(task);
  if (held == 0) return 0;
  const mm = changetype<Mm>(held as usize);
  const moved = accessRemoteVmHere(cpu, mm, va, kernel, length, foll);
  mmPut(cpu, mm);
  return moved;
}
