import { Cpu } from "../machine/cpu";
import { getSized, putSized } from "../uaccess/sized";

/** Single accesses of the cold calls, out of line: what was read is left in `cpu.value`. 0 or −EFAULT. */

export function get32(cpu: Cpu, va: u64): i32 {
  return getSized(cpu, va, 4);
}

export function put32(cpu: Cpu, va: u64, value: u32): i32 {
  return putSized(cpu, va, value, 4);
}

/** A frame count or pointer of the program's word. */
export function getWord(cpu: Cpu, va: u64, word: u32): i32 {
  return getSized(cpu, va, word);
}

export function putWord(cpu: Cpu, va: u64, value: u64, word: u32): i32 {
  return putSized(cpu, va, value, word);
}
