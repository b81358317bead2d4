import { EACCES, ESRCH } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { mmPut } from "../mm/exit";
import { Mm } from "../mm/mm";
import { Task } from "../mm/task";
import { getTaskMm } from "../mm/taskLife";

/**
 * Whether a task may look into another's memory (ptrace_may_access, kernel/ptrace.c, 6.18): itself always; root with
 * its capabilities always; another user's only where all ids agree and its memory, which the caller holds, may be dumped.
 */
function mayAccess(caller: Task, target: Task, mm: Mm): bool {
  if (changetype<usize>(caller) == changetype<usize>(target) || caller.privileged != 0) return true;
  return caller.uid == target.uid && mm.dumpable != 0;
}

/**
 * mm_access (kernel/fork.c, 6.18), for the task on the CPU: 0 with the address space, which mmPut gives back, in
 * `cpu.value`; −ESRCH for a task that has ended, −EACCES.
 */
export function mmAccess(cpu: Cpu, target: Task): i32 {
  const held = getTaskMm(target);
  if (held == 0) return -ESRCH;
  const mm = changetype<Mm>(held as usize);
  if (!mayAccess(changetype<Task>(cpu.task as usize), target, mm)) {
    mmPut(cpu, mm);
    return -EACCES;
  }
  cpu.value = held;
  return 0;
}

/**
 * Opening a file of a process under /proc that only its owner may (fs/proc/base.c, 6.18), for the task on the CPU:
 * answers as mmAccess does, but −EACCES first for who is neither the owner nor root with its capabilities.
 */
export function openMm(cpu: Cpu, target: Task): i32 {
  const caller = changetype<Task>(cpu.task as usize);
  if (caller.privileged == 0 && caller.uid != ownerOfFiles(cpu, target)) return -EACCES;
  return mmAccess(cpu, target);
}

/** task_dump_owner: the process's user; root where its memory may not be dumped, or is gone. */
function ownerOfFiles(cpu: Cpu, target: Task): u32 {
  const held = getTaskMm(target);
  if (held == 0) return 0;
  const mm = changetype<Mm>(held as usize);
  const owner = mm.dumpable != 0 ? target.uid : 0;
  mmPut(cpu, mm);
  return owner;
}
