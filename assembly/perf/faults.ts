import { Cpu } from "../machine/cpu";
import { ACCESS_WRITE, VM_FAULT_SIGSEGV, entryAllows, repairFault } from "../mm/fault";
import { Mm } from "../mm/mm";
import { lookUp } from "../mm/pageState";
import { PTE_PRESENT } from "../mm/pte";
import { vmaAt } from "../mm/vma";
import { VM_EXEC } from "../mm/vmaFlags";
import { findVma } from "../mm/vmaTree";
import { SW_PAGE_FAULTS, SW_PAGE_FAULTS_MIN } from "./attr";
import { KERNEL_FRAME_AT, levelOf, perfTaskOf, pidOf, rawOf } from "./event";
import { PtRegs } from "./ptRegs";
import { softwareEvent, tracepointEvent } from "./sources";
import { taskFrame } from "./userRegs";
import { TASK_SIZE } from "./userStack";

/** Page faults as occurrences (arch/x86/mm/fault.c, mm/memory.c, 6.18). */

/** The resume flag, set in the frame of a fault. */
const FLAGS_RF: u64 = 1 << 16;

/** Numbers of the tracepoints that every machine has; the host gives the others theirs. */
export const TRACE_PAGE_FAULT_USER: u32 = 1;
export const TRACE_PAGE_FAULT_KERNEL: u32 = 2;

/** Error code of the exception. */
const ERROR_PRESENT: u64 = 1;
const ERROR_WRITE: u64 = 2;
const ERROR_USER: u64 = 4;
const ERROR_FETCH: u64 = 16;

/** Interrupts are off where a page-fault tracepoint stands; tracing itself disables preemption once. */
const TRACE_IRQS_OFF: u8 = 1;
const TRACE_PREEMPT_COUNT: u8 = 1;

export function kernelFrame(task: u32): PtRegs {
  return changetype<PtRegs>(task + KERNEL_FRAME_AT);
}

function errorCode(cpu: Cpu, va: u64, access: u32, mode: u64): u64 {
  const present = (lookUp(cpu.mm, va).entry & PTE_PRESENT) != 0 ? ERROR_PRESENT : 0;
  return mode | present | (access == ACCESS_WRITE ? ERROR_WRITE : 0);
}

/**
 *   0      2       3         4    8         16   24           32
 *   ┌──────┬───────┬─────────┬────┬─────────┬────┬────────────┐
 *   │ type │ flags │ preempt │pid │ address │ ip │ error code │
 *   └──────┴───────┴─────────┴────┴─────────┴────┴────────────┘
 */
function traceFault(cpu: Cpu, task: u32, id: u32, va: u64, ip: u64, error: u64): void {
  const raw = rawOf(levelOf(cpu));
  store<u16>(raw, id as u16);
  store<u8>(raw, TRACE_IRQS_OFF, 2);
  store<u8>(raw, TRACE_PREEMPT_COUNT, 3);
  store<u32>(raw, pidOf(task), 4);
  store<u64>(raw, va, 8);
  store<u64>(raw, ip, 16);
  store<u64>(raw, error, 24);
  const regs = kernelFrame(task);
  const ss = regs.ss;
  regs.ss = 0; // registers of the kernel function that traces: no segment is saved
  tracepointEvent(cpu, id, raw, 32, regs);
  regs.ss = ss;
}

/** What kernel code that accesses user memory runs into; the observer of faults. */
export function kernelFault(cpu: Cpu, va: u64, access: u32, repaired: u32): void {
  const task = perfTaskOf(cpu);
  if (task == 0) return;
  const regs = kernelFrame(task);
  if (repaired != 0) return softwareEvent(cpu, SW_PAGE_FAULTS_MIN, va, regs);
  traceFault(cpu, task, TRACE_PAGE_FAULT_KERNEL, va, regs.ip, errorCode(cpu, va, access, 0));
  softwareEvent(cpu, SW_PAGE_FAULTS, va, regs);
}

/**
 * An instruction of the program that runs touches a byte: 0 when it is there for that access now, else VM_FAULT bits for
 * a signal. `fetch`: the instruction itself is read; a page that may not be executed is made present first, as the
 * fault does not look at that, and then refused.
 */
export function programFault(cpu: Cpu, va: u64, access: u32, fetch: u32): u32 {
  if (!entryAllows(lookUp(cpu.mm, va).entry, access)) {
    const result = takeFault(cpu, va, access, fetch);
    if (result != 0) return result;
  }
  return fetch == 0 || mayExecute(cpu, va) ? 0 : takeFault(cpu, va, ACCESS_FETCH, fetch);
}

/** What an exception for reading an instruction that is there asks for: no repair gives it. */
const ACCESS_FETCH: u32 = u32.MAX_VALUE;

function mayExecute(cpu: Cpu, va: u64): bool {
  const address = findVma(changetype<Mm>(cpu.mm as usize), va);
  return address != 0 && (vmaAt(address).flags & VM_EXEC) != 0;
}

/** exc_page_fault of a program. */
function takeFault(cpu: Cpu, va: u64, access: u32, fetch: u32): u32 {
  const task = perfTaskOf(cpu);
  const frame = taskFrame(task);
  const flags = frame.flags;
  const mode = fetch != 0 ? ERROR_USER | ERROR_FETCH : ERROR_USER;
  frame.flags = flags | FLAGS_RF;
  traceFault(cpu, task, TRACE_PAGE_FAULT_USER, va, frame.ip, errorCode(cpu, va, access, mode));
  const result = va < TASK_SIZE ? repairCounted(cpu, va, access, frame) : VM_FAULT_SIGSEGV;
  frame.flags = flags;
  return result;
}

function repairCounted(cpu: Cpu, va: u64, access: u32, frame: PtRegs): u32 {
  softwareEvent(cpu, SW_PAGE_FAULTS, va, frame);
  const result = access == ACCESS_FETCH ? VM_FAULT_SIGSEGV : repairFault(cpu, va, access);
  if (result == 0) softwareEvent(cpu, SW_PAGE_FAULTS_MIN, va, frame);
  return result;
}
