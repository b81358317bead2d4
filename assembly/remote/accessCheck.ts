import { Mm } from "../mm/mm";
import { Task } from "../mm/task";

/**
 * Whether a task may look into another's memory (ptrace_may_access, kernel/ptrace.c, 6.18): itself always; root with
 * its capabilities always; another user's only where all ids agree and the memory may be dumped.
 */
export function mayAccess(caller: Task, target: Task): bool {
  if (changetype<usize>(caller) == changetype<usize>(target) || caller.privileged != 0) return true;
  return caller.uid == target.uid && changetype<Mm>(target.mm as usize).dumpable != 0;
}
