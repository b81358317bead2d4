import { PROTECTION_KEYS, profile } from "../arch/profile";
import { Cpu, cpuAt } from "../machine/cpu";
import { header } from "../machine/map";
import { slabAlloc, slabFree } from "../machine/slab";
import { mmGet, mmPut } from "./exit";
import { Mm, allocMm } from "./mm";
import { Task, lockTask, mmOfTask, unlockTask } from "./task";
import { flushAll } from "./tlb";

/** The life of a task: how it is made, gets another address space, comes onto a CPU and ends (kernel/fork.c, kernel/exit.c; 6.18). */

/** RLIMIT_STACK of a new task (_STK_LIM). */
const DEFAULT_STACK_LIMIT: u64 = 8 << 20;

/**
 * get_task_mm: its address space with one user more, which mmPut takes back; 0 for a task that has ended. Its exit waits
 * for the lock, and until then it is a user itself.
 */
@inline
export function getTaskMm(task: Task): u32 {
  lockTask(task);
  const mm = task.mm;
  if (mm != 0) mmGet(changetype<Mm>(mm as usize));
  unlockTask(task);
  return mm;
}

/** Gives a task another address space, 0 for none; answers the old one, of which the task is a user still. */
function exchangeMm(task: Task, mm: u32): u32 {
  lockTask(task);
  const old = task.mm;
  task.mm = mm;
  unlockTask(task);
  return old;
}

/** A new task with an address space of its own, or with `shareMm`'s. 0 when RAM is full. */
export function createTask(shareMm: u32, wordBytes: u32): usize {
  const address = slabAlloc(offsetof<Task>());
  if (address == 0) return 0;
  const task = changetype<Task>(address);
  const h = header();
  task.mm = shareMm != 0 ? shareMm : (allocMm() as u32);
  if (task.mm == 0) {
    slabFree(address);
    return 0;
  }
  if (shareMm != 0) mmGet(changetype<Mm>(shareMm as usize));
  task.id = ++h.nextTaskId;
  task.wordBytes = wordBytes;
  task.stackLimit = DEFAULT_STACK_LIMIT;
  task.privileged = 1;
  task.next = h.tasks;
  h.tasks = address as u32;
  return address;
}

/** What a new thread or process has from the one that makes it, beside the address space (copy_process). */
export function inherit(child: Task, parent: Task): void {
  child.tagged = parent.tagged;
  child.amr = parent.amr;
  child.stackLimit = parent.stackLimit;
  child.uid = parent.uid;
  child.privileged = parent.privileged;
  child.priority = parent.priority;
  child.boosted = parent.priority; // a loan is not inherited
}

/** Ends a task that no CPU runs any more. */
export function exitTask(cpu: Cpu, address: usize): void {
  const h = header();
  const task = changetype<Task>(address);
  if (h.tasks == (address as u32)) h.tasks = task.next;
  else {
    let at = h.tasks;
    while (at != 0 && changetype<Task>(at as usize).next != (address as u32)) {
      at = changetype<Task>(at as usize).next;
    }
    if (at != 0) changetype<Task>(at as usize).next = task.next;
  }
  leaveMm(cpu, address);
  slabFree(address);
}

/** exit_mm: the task ends but for its record, which is what a zombie is; its address space goes with its last user. */
export function leaveMm(cpu: Cpu, address: usize): void {
  const mm = exchangeMm(changetype<Task>(address), 0);
  if (mm != 0) mmPut(cpu, changetype<Mm>(mm as usize));
}

/** umcg_clear_task: the task is neither server nor worker any more. */
export function leaveUmcg(task: Task): void {
  task.umcg = 0;
  task.umcgWorker = 0;
  task.umcgServer = 0;
}

/** exec: a new, empty address space, that may be looked into. False when RAM is full; then all is as before. */
export function execTask(cpu: Cpu, address: usize): bool {
  const fresh = allocMm();
  if (fresh == 0) return false;
  const old = exchangeMm(changetype<Task>(address), fresh as u32);
  leaveUmcg(changetype<Task>(address));
  changetype<Task>(address).tagged = 0;
  for (let index: u32 = 0; index < header().cpuCount; index++) {
    if (cpuAt(index).task != (address as u32)) continue;
    removeTags(cpuAt(index), false);
    useMm(cpuAt(index), fresh as u32);
  }
  if (old != 0) mmPut(cpu, changetype<Mm>(old as usize));
  return true;
}

/** setuid to another user: who leaves root loses all capabilities, and others of that user may not look inside. */
export function setUser(address: usize, uid: u32): void {
  const task = changetype<Task>(address);
  if (task.uid == 0 && uid != 0) {
    task.privileged = 0;
    mmOfTask(address as u32).dumpable = 0;
  }
  task.uid = uid;
}

@inline
function keysOf(task: usize): u64 {
  return task == 0 ? 0 : changetype<Task>(task).amr;
}

/**
 * Puts a task on a CPU (0 = idle). Another address space, or other keys to it, means that no translation is good any
 * more: what a TLB holds was let through for the task before.
 */
export function switchTo(cpu: Cpu, address: usize): void {
  const mm = address == 0 ? 0 : changetype<Task>(address).mm;
  const sameView = cpu.mm == mm && keysOf(cpu.task) == keysOf(address);
  cpu.task = address as u32;
  removeTags(cpu, address != 0 && changetype<Task>(address).tagged != 0);
  if (!sameView) useMm(cpu, mm);
}

function useMm(cpu: Cpu, mm: u32): void {
  cpu.mm = mm;
  flushAll(cpu);
}

/**
 * PR_SET_TAGGED_ADDR_CTRL: from now on the task may pass tagged pointers, or may not. Others who reach into its address
 * space are asked for them too.
 */
export function setTagged(address: usize, tagged: u32): void {
  const p = profile();
  const task = changetype<Task>(address);
  task.tagged = tagged;
  mmOfTask(address as u32).untagMask = p.remoteMask & (tagged != 0 ? p.tagMask : u64.MAX_VALUE);
  for (let index: u32 = 0; index < header().cpuCount; index++) {
    if (cpuAt(index).task == (address as u32)) removeTags(cpuAt(index), tagged != 0);
  }
}

/** A tagged task's pointers are looked at, by the range check and by the hardware, without their tags. */
function removeTags(cpu: Cpu, tagged: bool): void {
  const p = profile();
  const mask = tagged ? p.tagMask : u64.MAX_VALUE;
  cpu.untagMask = p.untagMask & mask;
  cpu.accessMask = p.accessMask & mask;
}

/** True where the task's own keys may deny an access that its mapping allows. */
@inline
export function keysInForce(cpu: Cpu): bool {
  return (cpu.guard & PROTECTION_KEYS) != 0 && keysOf(cpu.task) != 0;
}

/** A program changes its keys: wherever it runs, what is cached was let through under the old ones. */
export function setKeys(address: usize, amr: u64): void {
  changetype<Task>(address).amr = amr;
  for (let index: u32 = 0; index < header().cpuCount; index++) {
    if (cpuAt(index).task == (address as u32)) flushAll(cpuAt(index));
  }
}
