import { CONTEXT_NMI, Cpu } from "../machine/cpu";
import { copyReliable } from "./copyRegs";
import { TASK_FRAME_AT, nmiRegsOf, perfTaskOf } from "./event";
import { PtRegs, USER_CS, userMode } from "./ptRegs";
import { ABI_32, ABI_64, ABI_NONE, SampleData } from "./sampleData";

/** Which registers a sample takes for the user's (perf_sample_regs_user; arch/x86/kernel/perf_regs.c, 6.18). */

@inline
export function abiOf(regs: PtRegs): u64 {
  return regs.cs == USER_CS ? ABI_64 : ABI_32;
}

/** task_pt_regs of a PerfTask. */
@inline
export function taskFrame(task: u32): PtRegs {
  return changetype<PtRegs>(task + TASK_FRAME_AT);
}

/** perf_reg_abi(current): by the segment the task came from. A kernel thread's frame is no 64-bit user's. */
export function currentAbi(cpu: Cpu): u64 {
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

function getRegsUser(cpu: Cpu, data: SampleData, regs: PtRegs, frame: PtRegs): void {
  const found = framesRegs(cpu, regs, frame, nmiRegsOf(cpu));
  setUser(data, found == 0 ? ABI_NONE : abiOf(frame), found);
}

/**
 * perf_get_regs_user: where the user's registers are found. Outside of an NMI in the frame itself; in one in `copy`, with
 * what is sure to have been saved; nowhere (0) while the frame is being built.
 */
export function framesRegs(cpu: Cpu, regs: PtRegs, frame: PtRegs, copy: usize): usize {
  if (cpu.context != CONTEXT_NMI) return changetype<usize>(frame);
  if (frameBeingBuilt(regs, frame)) return 0;
  copyReliable(cpu, changetype<PtRegs>(copy), frame);
  return copy;
}

/** The interrupted stack pointer lies behind r11 and not above the frame's end: the entry code was filling it. */
function frameBeingBuilt(regs: PtRegs, frame: PtRegs): bool {
  const low = (changetype<usize>(frame) + offsetof<PtRegs>("r11")) as u64;
  const end = (changetype<usize>(frame) + offsetof<PtRegs>()) as u64;
  return regs.sp > low && regs.sp <= end;
}
