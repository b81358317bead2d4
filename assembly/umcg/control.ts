import { EFAULT, EINVAL } from "../base/errno";
import { wakeTask } from "../futex/call";
import { Cpu, stackImage } from "../machine/cpu";
import { ACCESS_WRITE } from "../mm/fault";
import { faultInUser } from "../mm/fixupFault";
import { Task, findTask } from "../mm/task";
import { leaveUmcg } from "../mm/taskLife";
import { copyFromUser } from "../uaccess/copy";
import {
  UMCG_AT_NEXT_TID,
  UMCG_AT_STATE,
  UMCG_BLOCKED,
  UMCG_NEXT_TID_LATER,
  UMCG_POINTERS_LATER,
  UMCG_RUNNING,
  UMCG_TASK_BYTES,
  UMCG_TIME_SHIFT,
  UMCG_VERSION_7,
} from "./state";

/** sys_umcg_ctl, and what the kernel keeps of a task that it registered (kernel/sched/umcg.c, v0.6 and v0.7). */

export const UMCG_REGISTER: u32 = 0x1;
export const UMCG_UNREGISTER: u32 = 0x2;
export const UMCG_WORKER: u32 = 0x10000;

/** umcg_ctl of a version: 0, −EINVAL, −EFAULT. */
export function umcgControl(cpu: Cpu, flags: u32, va: u64, version: u32): i32 {
  const task = changetype<Task>(cpu.task as usize);
  if (flags == UMCG_UNREGISTER) {
    if (va != 0 || task.umcg == 0) return -EINVAL;
    leaveUmcg(task);
    return 0;
  }
  if ((flags & ~UMCG_WORKER) != UMCG_REGISTER) return -EINVAL;
  if (task.umcg != 0 || va == 0) return -EINVAL;
  return register(cpu, task, va, (flags & UMCG_WORKER) != 0 ? 1 : 0, version);
}

function register(cpu: Cpu, task: Task, va: u64, worker: u8, version: u32): i32 {
  const timed = version == UMCG_VERSION_7;
  const image = stackImage(cpu);
  const bytes = UMCG_TASK_BYTES + (timed ? UMCG_POINTERS_LATER : 0);
  if (copyFromUser(cpu, image, va, bytes) != 0) return -EFAULT;
  // a comment of the patch says IDLE for workers, its code says BLOCKED
  const state = worker != 0 ? UMCG_BLOCKED : UMCG_RUNNING;
  const nextTidAt = UMCG_AT_NEXT_TID + (timed ? UMCG_NEXT_TID_LATER : 0);
  if (load<u32>(image + nextTidAt) != 0) return -EINVAL;
  const word = load<u32>(image + UMCG_AT_STATE);
  if ((timed ? word & ((1 << UMCG_TIME_SHIFT) - 1) : word) != state) return -EINVAL;
  task.umcg = va;
  task.umcgWorker = worker;
  task.umcgVersion = version as u8;
  return 0;
}

/** Another registered task in the caller's address space; 0 where there is none of that number. */
export function registeredTask(task: Task, id: u32): u32 {
  const address = findTask(id);
  if (address == 0) return 0;
  const other = changetype<Task>(address as usize);
  return other.mm == task.mm && other.umcg != 0 ? address : 0;
}

/** A task sleeps in umcg_wait (umcg/idle.ts). */
export const WAIT_UMCG: u32 = 64;

/** umcg_ttwu: lets a task that sleeps in umcg_wait look at its word. False where there is none of that number. */
export function wakeUmcg(id: u32): bool {
  const address = findTask(id);
  if (address == 0) return false;
  const task = changetype<Task>(address as usize);
  if (task.blockedOn == WAIT_UMCG) wakeTask(task);
  return true;
}

/**
 * umcg_pin_pages: the pages of a worker and of its server are there for as long as it runs. Here they are made present
 * once; nothing holds them against an unmap. False: there is no such server, or no such page.
 */
export function pinPages(cpu: Cpu, task: Task, server: u32): bool {
  const other = registeredTask(task, server);
  if (other == 0) return false;
  if (faultInUser(cpu, task.umcg, ACCESS_WRITE) != 0) return false;
  if (faultInUser(cpu, changetype<Task>(other as usize).umcg, ACCESS_WRITE) != 0) return false;
  task.umcgServer = server;
  return true;
}
