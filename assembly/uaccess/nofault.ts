import { EFAULT, ERANGE } from "../base/errno";
import { profile } from "../arch/profile";
import { CONTEXT_NMI, CONTEXT_TASK, Cpu } from "../machine/cpu";
import {
  FINDING_PAGEFAULT_UNBALANCED,
  FINDING_PREEMPT_UNBALANCED,
  FINDING_SLEEP_IN_ATOMIC,
  recordFinding,
} from "../machine/findings";
import { objectBytesFrom } from "../machine/slab";
import { Task } from "../mm/task";
import { accessOk } from "./check";
import { hitSpanFrom, rawCopyFromUser, rawCopyToUser } from "./copy";
import { DIRECTION_READ, DIRECTION_WRITE } from "./guard";
import { kernelToLinear } from "./string";

/** Copies that never wait for a page (mm/maccess.c, arch/x86/lib/usercopy.c). */

export function pagefaultDisable(cpu: Cpu): void {
  if (cpu.task != 0) changetype<Task>(cpu.task as usize).pagefaultDisabled += 1;
}

/** One enable too many is a finding. */
export function pagefaultEnable(cpu: Cpu): void {
  if (cpu.task == 0) return;
  const task = changetype<Task>(cpu.task as usize);
  if (task.pagefaultDisabled == 0) {
    recordFinding(FINDING_PAGEFAULT_UNBALANCED, cpu.index, cpu.task, 0, 0);
  } else task.pagefaultDisabled -= 1;
}

export function preemptDisable(cpu: Cpu): void {
  cpu.preemptDisabled += 1;
}

export function preemptEnable(cpu: Cpu): void {
  if (cpu.preemptDisabled == 0) {
    recordFinding(FINDING_PREEMPT_UNBALANCED, cpu.index, cpu.task, 0, 0);
  } else cpu.preemptDisabled -= 1;
}

/** might_fault: where the CPU must not sleep, a call that may is a mistake unless page faults are disabled. */
export function mightFault(cpu: Cpu, va: u64): void {
  if (cpu.context == CONTEXT_TASK && cpu.preemptDisabled == 0) return;
  if (cpu.task != 0 && changetype<Task>(cpu.task as usize).pagefaultDisabled != 0) return;
  recordFinding(FINDING_SLEEP_IN_ATOMIC, cpu.index, cpu.task, va, cpu.context);
}

/** The address space on the CPU must be the task's own (nmi_uaccess_okay). */
@inline
function mmIsLoaded(cpu: Cpu): bool {
  return cpu.task != 0 && changetype<Task>(cpu.task as usize).mm == cpu.mm;
}

/** copy_from_user_nofault: 0 or −EFAULT; a prefix may have arrived, nothing is zeroed. */
export function copyFromUserNofault(cpu: Cpu, target: usize, va: u64, length: u32): i32 {
  if (!accessOk(cpu, va, length, DIRECTION_READ) || !mmIsLoaded(cpu)) return -EFAULT;
  pagefaultDisable(cpu);
  const left = rawCopyFromUser(cpu, target, va, length);
  pagefaultEnable(cpu);
  return left != 0 ? -EFAULT : 0;
}

export function copyToUserNofault(cpu: Cpu, va: u64, source: usize, length: u32): i32 {
  if (!accessOk(cpu, va, length, DIRECTION_WRITE) || cpu.task == 0) return -EFAULT;
  pagefaultDisable(cpu);
  const left = rawCopyToUser(cpu, va, source, length);
  pagefaultEnable(cpu);
  return left != 0 ? -EFAULT : 0;
}

/** What copyFromUserNmi does where all it needs is in the TLB: true when it was copied. */
@inline
export function hitCopyNmi(cpu: Cpu, target: usize, va: u64, length: u32): bool {
  return mmIsLoaded(cpu) && hitSpanFrom(cpu, target, va, length);
}

/** copy_from_user_nmi: bytes not copied, nothing zeroed. */
export function copyFromUserNmi(cpu: Cpu, target: usize, va: u64, length: u32): u32 {
  if (!accessOk(cpu, va, length, DIRECTION_READ) || !mmIsLoaded(cpu)) return length;
  const context = cpu.context;
  cpu.context = CONTEXT_NMI;
  const left = rawCopyFromUser(cpu, target, va, length);
  cpu.context = context;
  return left;
}

/** copy_from_kernel_nofault: 0, −ERANGE for an address outside the kernel, −EFAULT where no kernel object lies. */
export function copyFromKernelNofault(target: usize, kernelAddress: u64, length: u32): i32 {
  if (kernelAddress < profile().kernelBase) return -ERANGE;
  if (length == 0) return 0;
  const source = kernelToLinear(kernelAddress);
  if (objectBytesFrom(source as u32) < length) return -EFAULT;
  memory.copy(target, source, length);
  return 0;
}
