import { EIO, EPERM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { mmPut } from "../mm/exit";
import { Mm } from "../mm/mm";
import { Task } from "../mm/task";
import { mmAccess } from "./accessCheck";
import { accessProcessVm } from "./accessRemoteVm";
import { FOLL_FORCE, FOLL_WRITE } from "./foll";

/**
 * PTRACE_PEEKDATA and PTRACE_POKEDATA (kernel/ptrace.c, 6.18) of a word of the tracer's, at any address: 8 bytes, of a
 * 32-bit tracer 4 (compat_ptrace_request).
 */

/** PTRACE_ATTACH: 0, or −EPERM for itself, a process that has ended, or one that may not be looked into. */
export function mayAttach(cpu: Cpu, target: Task): i32 {
  if (cpu.task == (changetype<usize>(target) as u32)) return -EPERM;
  const refused = mmAccess(cpu, target);
  if (refused != 0) return -EPERM;
  mmPut(cpu, changetype<Mm>(cpu.value as usize));
  return 0;
}

/** 0 with the word in `cpu.value`, or −EIO. */
export function peekWord(cpu: Cpu, target: Task, va: u64): i32 {
  cpu.value = 0;
  return moveWord(cpu, target, va, FOLL_FORCE);
}

/** 0 or −EIO; what came before the first bad page is stored all the same. */
export function pokeWord(cpu: Cpu, target: Task, va: u64, word: u64): i32 {
  cpu.value = word;
  return moveWord(cpu, target, va, FOLL_FORCE | FOLL_WRITE);
}

/** The word is `cpu.value`, as linear memory. */
function moveWord(cpu: Cpu, target: Task, va: u64, foll: u32): i32 {
  const word = changetype<usize>(cpu) + offsetof<Cpu>("value");
  const bytes = changetype<Task>(cpu.task as usize).wordBytes;
  return accessProcessVm(cpu, target, va, word, bytes, foll) == bytes ? 0 : -EIO;
}
