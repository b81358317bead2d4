import { EFAULT, EINVAL, ENOMEM } from "../base/errno";
import { endSleep as endFutexSleep, wakeTask } from "../futex/call";
import { exitFutexes } from "../futex/exit";
import { Cpu, cpuAt } from "../machine/cpu";
import { pageAddress } from "../machine/frame";
import { header, PAGE_SHIFT } from "../machine/map";
import { mmDrop, mmGrab } from "../mm/exit";
import { VM_FAULT_SIGSEGV, faultIn } from "../mm/fault";
import { MappedFile, FILE_MAX_PAGES, filePage, filePut, openFile } from "../mm/file";
import { fixupUserFault } from "../mm/fixupFault";
import { forkTask as forkAddressSpace } from "../mm/fork";
import { Mm } from "../mm/mm";
import { oomReap } from "../mm/oomReap";
import { mmapReadLock, mmapReadUnlock } from "../mm/mmapLock";
import { enterCore, leaveCore } from "../mm/shootdown";
import { sendSignal } from "../mm/signal";
import { Task, mmOfTask, stackLimitOf } from "../mm/task";
import {
  createTask,
  execTask as execProgram,
  exitTask,
  inherit,
  leaveMm,
  setTagged as allowTags,
  setUser,
  switchTo,
} from "../mm/taskLife";
import { abandonDriver } from "../pcm/hwParams";
import { streamAt } from "../pcm/runtime";
import { abandonTransfer } from "../pcm/transfer";
import { WAIT_PCM_DRAIN, WAIT_PCM_DRIVER, WAIT_PCM_TRANSFER, endSleep } from "../pcm/wake";
import { checkClosedAtSleep } from "../uaccess/block";
import { forgetChecks } from "../uaccess/check";
import { WAIT_UMCG } from "../umcg/control";

/** Tasks, address spaces, files: what the host builds a scenario's world from. Addresses come as (low, high) halves. */

@inline
export function wide(lo: u32, hi: u32): u64 {
  return (lo as u64) | ((hi as u64) << 32);
}

/** A task (its linear address), a thread beside another one unless `sibling` is 0; 0 = RAM is full. */
export function newTask(sibling: u32, wordBytes: u32): u32 {
  if (sibling == 0) return createTask(0, wordBytes) as u32;
  const parent = changetype<Task>(sibling as usize);
  const address = createTask(parent.mm, wordBytes);
  if (address != 0) inherit(changetype<Task>(address), parent);
  return address as u32;
}

/** Another task gets the CPU: the one before must not leave its guard open (R2). */
function schedule(cpu: Cpu, task: u32): void {
  if (cpu.task == task) return;
  checkClosedAtSleep(cpu);
  switchTo(cpu, task);
}

function takeOffCpus(task: u32): void {
  for (let index: u32 = 0; index < header().cpuCount; index++) {
    if (cpuAt(index).task == task) schedule(cpuAt(index), 0);
  }
}

/** A task that ends does so on a CPU: what it still has to do there reaches its user memory. */
function settleFutexes(cpu: Cpu, task: u32): void {
  if (changetype<Task>(task as usize).mm == 0) return;
  const before = cpu.task;
  schedule(cpu, task);
  forgetChecks(cpu);
  exitFutexes(cpu);
  if (before != task) schedule(cpu, before);
}

/** A task that ends sleeps in no call any more. */
function leaveCall(cpu: Cpu, task: Task): void {
  if (task.blockedOn == WAIT_PCM_TRANSFER) abandonTransfer(task);
  else if (task.blockedOn == WAIT_PCM_DRIVER) abandonDriver(cpu, task);
  else if (task.blockedOn == WAIT_UMCG) endFutexSleep(task);
  else if (task.blockedOn == WAIT_PCM_DRAIN) endSleep(task, streamAt(task.wait0 as u32));
}

export function endTask(cpu: u32, task: u32): void {
  const on = cpuAt(cpu);
  enterCore(on);
  settleFutexes(on, task);
  takeOffCpus(task);
  leaveCall(on, changetype<Task>(task as usize));
  exitTask(on, task);
  leaveCore(on);
}

/** A child with a copy of the task's address space; 0 when RAM is full. It runs nowhere yet. */
export function forkTask(cpu: u32, task: u32): u32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const child = forkAddressSpace(on, task);
  leaveCore(on);
  return child as u32;
}

/** The task runs a new program: an empty address space. 0, or −ENOMEM with nothing changed. */
export function execTask(cpu: u32, task: u32): i32 {
  const on = cpuAt(cpu);
  enterCore(on);
  const done = execProgram(on, task);
  leaveCore(on);
  return done ? 0 : -ENOMEM;
}

/** The task ends but for its record: a zombie, which `endTask` reaps. */
export function leaveZombie(cpu: u32, task: u32): void {
  const on = cpuAt(cpu);
  enterCore(on);
  settleFutexes(on, task);
  takeOffCpus(task);
  leaveCall(on, changetype<Task>(task as usize));
  leaveMm(on, task);
  leaveCore(on);
}

/** Holds the record of a task's address space beyond its users, as an open mem file does; its linear address. */
export function grabMm(task: u32): u32 {
  mmGrab(mmOfTask(task));
  return changetype<Task>(task as usize).mm;
}

/** Gives such a record back. */
export function dropMm(mm: u32): void {
  mmDrop(changetype<Mm>(mm as usize));
}

/** RLIMIT_STACK of a task. */
export function setStackLimit(task: u32, lo: u32, hi: u32): void {
  changetype<Task>(task as usize).stackLimit = wide(lo, hi);
}

/** setuid, all three ids. */
export function setTaskUser(task: u32, uid: u32): void {
  setUser(task, uid);
}

/** PR_SET_DUMPABLE: 0 or 1. */
export function setDumpable(task: u32, value: u32): void {
  mmOfTask(task).dumpable = value;
}

/** PR_SET_MM_MAP: where the program's arguments and environment stand. */
export function setArguments(
  task: u32,
  argStartLo: u32,
  argStartHi: u32,
  argEndLo: u32,
  argEndHi: u32,
  envStartLo: u32,
  envStartHi: u32,
  envEndLo: u32,
  envEndHi: u32,
): void {
  const mm = mmOfTask(task);
  mm.argStart = wide(argStartLo, argStartHi);
  mm.argEnd = wide(argEndLo, argEndHi);
  mm.envStart = wide(envStartLo, envStartHi);
  mm.envEnd = wide(envEndLo, envEndHi);
}

export function runTask(cpu: u32, task: u32): void {
  schedule(cpuAt(cpu), task);
}

/** A fatal signal is sent to the task: it will run no more of its program. */
export function killTask(task: u32): void {
  changetype<Task>(task as usize).killed = 1;
  interruptSleep(changetype<Task>(task as usize));
}

/** A signal has come: a sleep that it can end is over. */
function interruptSleep(task: Task): void {
  if (task.futexCall != 0 || task.blockedOn == WAIT_UMCG) wakeTask(task);
}

/** A signal is sent to the task, which has a handler (HANDLER_*) for it: a sleep that it can end is over. */
export function signalTask(task: u32, handler: u32): void {
  sendSignal(changetype<Task>(task as usize), handler);
  interruptSleep(changetype<Task>(task as usize));
}

/** PR_SET_TAGGED_ADDR_CTRL: 1 or 0. */
export function setTagged(task: u32, tagged: u32): void {
  allowTags(task, tagged);
}

/** The OOM reaper gets to the task's address space: what is private there goes, and nothing private comes again. */
export function reapMemory(cpu: u32, task: u32): void {
  const on = cpuAt(cpu);
  enterCore(on);
  oomReap(on, mmOfTask(task));
  leaveCore(on);
}

/**
 * A file-like object of a kind (FILE_*), of `size` bytes made of folios of 2^order pages; 0: too large for its index, or
 * RAM is full.
 */
export function newFile(sizeLo: u32, sizeHi: u32, order: u32, kind: u32): u32 {
  const size = wide(sizeLo, sizeHi);
  if (size > FILE_MAX_PAGES << PAGE_SHIFT) return 0;
  return openFile(size, order, kind as u8) as u32;
}

/** Closes the handle of file number `id`; −EINVAL when that was done before. Mappings keep the file. */
export function closeFile(address: u32, id: u32): i32 {
  const file = changetype<MappedFile>(address as usize);
  if (file.id != id || file.open != 1) return -EINVAL;
  file.open = 0;
  filePut(file);
  return 0;
}

/** Linear address of a page of a file, read in if need be; 0 when it lies past the index or RAM is full. */
export function fileData(file: u32, page: u32): u32 {
  const pfn = filePage(changetype<MappedFile>(file as usize), page);
  return pfn == 0 ? 0 : (pageAddress(pfn) as u32);
}

/** Populates one page as an access (ACCESS_*) of the program itself, or a debugger's, would: 0, or the VM_FAULT bits. */
export function touchPage(cpu: u32, task: u32, lo: u32, hi: u32, access: u32): u32 {
  if (changetype<Task>(task as usize).mm == 0) return VM_FAULT_SIGSEGV;
  const on = cpuAt(cpu);
  enterCore(on);
  const result = faultIn(on, mmOfTask(task), wide(lo, hi), access, stackLimitOf(task));
  leaveCore(on);
  return result;
}

/**
 * fixup_user_fault by the kernel code of the CPU's task, under the mmap lock: 0 or −errno. `mayRetry` other than 0: the
 * lock may be let go meanwhile; whether it was is the value read (readValueLow).
 */
export function fixupFault(cpu: u32, task: u32, lo: u32, hi: u32, access: u32, mayRetry: u32): i32 {
  const on = cpuAt(cpu);
  const mm = mmOfTask(task);
  const unlocked = changetype<usize>(on) + offsetof<Cpu>("value");
  enterCore(on);
  on.value = 0;
  let result = -EFAULT;
  if (mmapReadLock(on, mm)) {
    result = fixupUserFault(on, mm, wide(lo, hi), access, mayRetry != 0 ? unlocked : 0);
    mmapReadUnlock(on, mm);
  }
  leaveCore(on);
  return result;
}
