import { Cpu } from "../machine/cpu";
import { loadWord, storeWord } from "../study/words";
import { DesignBed, interruptionPoint } from "./designBed";
import { perfCpuOf } from "./event";
import { PtRegs } from "./ptRegs";

/** Copies of the user registers, word by word (arch/x86/kernel/perf_regs.c, 6.18). */

/** What a register reads that the entry code of a system call may not have saved yet. */
export const NOT_SAVED: u64 = u64.MAX_VALUE;

/** A word that others may look at while it is written: in the study build an interruption may come before it. */
export function fillWord(cpu: Cpu, address: usize, value: u64): void {
  if (STUDY) {
    const bed = perfCpuOf(cpu).bed;
    if (bed != 0) interruptionPoint(cpu, changetype<DesignBed>(bed as usize));
  }
  storeWord(cpu, address, value);
}

@inline
function copyWord(cpu: Cpu, copy: PtRegs, frame: PtRegs, offset: u32): void {
  const value = loadWord(cpu, changetype<usize>(frame) + offset);
  fillWord(cpu, changetype<usize>(copy) + offset, value);
}

/** The 15 words that every entry into the kernel saves before anything else, in each version. */
export function copySaved(cpu: Cpu, copy: PtRegs, frame: PtRegs): void {
  copyWord(cpu, copy, frame, offsetof<PtRegs>("ip"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("ax"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("cx"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("dx"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("si"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("di"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r8"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r9"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r10"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r11"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("origAx"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("flags"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("sp"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("cs"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("ss"));
}

/** The sixteenth, which later kernels save too before an NMI is taken for one that can be sampled. */
export function copyBp(cpu: Cpu, copy: PtRegs, frame: PtRegs): void {
  copyWord(cpu, copy, frame, offsetof<PtRegs>("bp"));
}

/** The five others, as they are. */
export function copyOthers(cpu: Cpu, copy: PtRegs, frame: PtRegs): void {
  copyWord(cpu, copy, frame, offsetof<PtRegs>("bx"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r12"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r13"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r14"));
  copyWord(cpu, copy, frame, offsetof<PtRegs>("r15"));
}

/** 16 words of the frame, −1 in the five others: every word is written, nothing stale is left. */
export function copyReliable(cpu: Cpu, copy: PtRegs, frame: PtRegs): void {
  copySaved(cpu, copy, frame);
  copyBp(cpu, copy, frame);
  fillOthers(cpu, copy);
}

/** What 4.6 made of it: it did not trust bp either, and six words are −1. */
export function copyReliableV46(cpu: Cpu, copy: PtRegs, frame: PtRegs): void {
  copySaved(cpu, copy, frame);
  fillWord(cpu, changetype<usize>(copy) + offsetof<PtRegs>("bp"), NOT_SAVED);
  fillOthers(cpu, copy);
}

function fillOthers(cpu: Cpu, copy: PtRegs): void {
  const at = changetype<usize>(copy);
  fillWord(cpu, at + offsetof<PtRegs>("bx"), NOT_SAVED);
  fillWord(cpu, at + offsetof<PtRegs>("r12"), NOT_SAVED);
  fillWord(cpu, at + offsetof<PtRegs>("r13"), NOT_SAVED);
  fillWord(cpu, at + offsetof<PtRegs>("r14"), NOT_SAVED);
  fillWord(cpu, at + offsetof<PtRegs>("r15"), NOT_SAVED);
}
