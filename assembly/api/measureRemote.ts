import { Cpu, cpuAt } from "../machine/cpu";
import { objectBytesFrom } from "../machine/slab";
import { mmPut } from "../mm/exit";
import { FW_VMA_LOCKED, folioWalkEnd, folioWalkStart } from "../mm/folioWalk";
import { Mm } from "../mm/mm";
import { pteFrame } from "../mm/pte";
import { enterCore, leaveCore } from "../mm/shootdown";
import { Task, mmOfTask } from "../mm/task";
import { getTaskMm } from "../mm/taskLife";
import { Vma, vmaAt } from "../mm/vma";
import { lockVmaUnderRcu, vmaEndRead } from "../mm/vmaLock";
import { vmaContaining } from "../mm/vmaTree";
import { accessProcessVmHere } from "../remote/accessRemoteVm";
import { dropReference, takeReference } from "../remote/resident";
import { STEP_ADDRESS_SPACE, STEP_REFERENCE, STEP_VMA_LOCK, STEP_WALK } from "./remoteSteps";
import { wide } from "./tasks";

/** Loops for measuring remote access, as measure.ts has them for user memory: the real thing, n times. */

/** n reads of another task's memory into the kernel's buffer (access_process_vm); bytes moved, summed, modulo 2^32. */
export function measureRemoteRead(
  index: u32,
  target: u32,
  lo: u32,
  hi: u32,
  kernel: u32,
  length: u32,
  n: u32,
): u32 {
  if (objectBytesFrom(kernel) < length) return 0;
  const cpu = cpuAt(index);
  const task = changetype<Task>(target as usize);
  const va = wide(lo, hi);
  let moved: u32 = 0;
  enterCore(cpu);
  for (let done: u32 = 0; done < n; done++) {
    moved += accessProcessVmHere(cpu, task, va, kernel, length, 0);
  }
  leaveCore(cpu);
  return moved;
}

/** n times one step (STEP_*) of a fast read of a resident page, with what has to be held for it. How often it was done. */
export function measureRemoteStep(
  index: u32,
  target: u32,
  lo: u32,
  hi: u32,
  step: u32,
  n: u32,
): u32 {
  const cpu = cpuAt(index);
  const va = wide(lo, hi);
  const mm = mmOfTask(target);
  enterCore(cpu);
  const vma = vmaContaining(mm, va);
  let done: u32 = 0;
  if (step == STEP_ADDRESS_SPACE) done = holdAddressSpace(cpu, target, n);
  else if (vma == 0) done = 0;
  else if (step == STEP_VMA_LOCK) done = lockArea(cpu, mm, va, n);
  else if (step == STEP_WALK) done = walkArea(cpu, mm, vmaAt(vma), va, n);
  else if (step == STEP_REFERENCE) done = referPage(cpu, mm, vmaAt(vma), va, n);
  leaveCore(cpu);
  return done;
}

function holdAddressSpace(cpu: Cpu, target: u32, n: u32): u32 {
  let done: u32 = 0;
  for (; done < n; done++) {
    const held = getTaskMm(changetype<Task>(target as usize));
    if (held == 0) break;
    mmPut(cpu, changetype<Mm>(held as usize));
  }
  return done;
}

function lockArea(cpu: Cpu, mm: Mm, va: u64, n: u32): u32 {
  let done: u32 = 0;
  for (; done < n; done++) {
    const vma = lockVmaUnderRcu(cpu, mm, va);
    if (vma == 0) break;
    vmaEndRead(vmaAt(vma));
  }
  return done;
}

function walkArea(cpu: Cpu, mm: Mm, vma: Vma, va: u64, n: u32): u32 {
  let done: u32 = 0;
  for (; done < n; done++) {
    if (folioWalkStart(cpu, mm, vma, va, FW_VMA_LOCKED) == 0) break;
    folioWalkEnd(cpu, mm);
  }
  return done;
}

function referPage(cpu: Cpu, mm: Mm, vma: Vma, va: u64, n: u32): u32 {
  const entry = folioWalkStart(cpu, mm, vma, va, FW_VMA_LOCKED);
  if (entry == 0) return 0;
  folioWalkEnd(cpu, mm);
  const pfn = pteFrame(entry);
  for (let done: u32 = 0; done < n; done++) {
    takeReference(pfn);
    dropReference(pfn);
  }
  return n;
}
