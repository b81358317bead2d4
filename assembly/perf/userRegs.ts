import { CONTEXT_NMI, Cpu } from "../machine/cpu";
import { TASK_FRAME_AT, nmiRegsOf, perfTaskOf } from "./event";
import { PtRegs, USER_CS, userMode } from "./ptRegs";
import { ABI_32, ABI_64, ABI_NONE, SampleData } from "./sampleData";

/** Which registers a sample takes for the user's (perf_sample_regs_user; arch/x86/kernel/perf_regs.c, 6.18). */

/** What a register reads that the entry code of a system call may not have saved yet. */
const NOT_SAVED: u64 = u64.MAX_VALUE;

@inline
function abiOf(regs: PtRegs): u64 {
  return regs.cs == USER_CS ? ABI_64 : ABI_32;
}

/** task_pt_regs of a PerfTask. */
@inline
export function taskFrame(task: u32): PtRegs {
  return changetype<PtRegs>(task + TASK_FRAME_AT);
}

/** perf_reg_abi(current): by the segment the task came from. A kernel thread's frame is no 64-bit user's. */
function currentAbi(cpu: Cpu): u64 {
  const task = perfTaskOf(cpu);
  return task == 0 ? ABI_32 : abiOf(taskFrame(task));
}

/** perf_sample_regs_intr. */
export function sampleRegsIntr(cpu: Cpu, data: SampleData, regs: PtRegs): void {
  data.intrRegs = changetype<usize>(regs);
  data.intrAbi = currentAbi(cpu);
}

function setUser(data: SampleData, abi: u64, regs: usize): void {
  data.userAbi = abi;
  data.userRegs = regs;
}

/** perf_sample_regs_user. */
export function sampleRegsUser(cpu: Cpu, data: SampleData, regs: PtRegs): void {
  const task = perfTaskOf(cpu);
  if (userMode(regs)) setUser(data, abiOf(regs), changetype<usize>(regs));
  else if (task == 0) setUser(data, ABI_NONE, 0);
  else getRegsUser(cpu, data, regs, taskFrame(task));
}

/** perf_get_regs_user: outside of an NMI the frame itself; in one a copy of what is sure to have been saved. */
function getRegsUser(cpu: Cpu, data: SampleData, regs: PtRegs, frame: PtRegs): void {
  if (cpu.context != CONTEXT_NMI) {
    setUser(data, abiOf(frame), changetype<usize>(frame));
  } else if (frameBeingBuilt(regs, frame)) {
    setUser(data, ABI_NONE, 0);
  } else {
    const copy = nmiRegsOf(cpu);
    copyReliable(changetype<PtRegs>(copy), frame);
    setUser(data, abiOf(frame), copy);
  }
}

/** The interrupted stack pointer lies behind r11 and not above the frame's end: the entry code was filling it. */
export function frameBeingBuilt(regs: PtRegs, frame: PtRegs): bool {
  const low = (changetype<usize>(frame) + offsetof<PtRegs>("r11")) as u64;
  const end = (changetype<usize>(frame) + offsetof<PtRegs>()) as u64;
  return regs.sp > low && regs.sp <= end;
}

/** 16 words of the frame, −1 in the five others: every word is written, nothing stale is left. */
function copyReliable(copy: PtRegs, frame: PtRegs): void {
  copy.ip = frame.ip;
  copy.ax = frame.ax;
  copy.cx = frame.cx;
  copy.dx = frame.dx;
  copy.si = frame.si;
  copy.di = frame.di;
  copy.r8 = frame.r8;
  copy.r9 = frame.r9;
  copy.r10 = frame.r10;
  copy.r11 = frame.r11;
  copy.origAx = frame.origAx;
  copy.flags = frame.flags;
  copy.sp = frame.sp;
  copy.cs = frame.cs;
  copy.ss = frame.ss;
  copy.bp = frame.bp;
  copy.bx = NOT_SAVED;
  copy.r12 = NOT_SAVED;
  copy.r13 = NOT_SAVED;
  copy.r14 = NOT_SAVED;
  copy.r15 = NOT_SAVED;
}
