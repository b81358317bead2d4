import { EACCES, ESRCH } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { mmPut } from "../mm/exit";
import { Mm } from "../mm/mm";
import { Task, getTaskMm } from "../mm/task";

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
