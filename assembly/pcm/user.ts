import { EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { getUser, putUser } from "../uaccess/single";

/** Single accesses of the cold calls, out of line: what was read is left in `cpu.value`. 0 or −EFAULT. */

export function get32(cpu: Cpu, va: u64): i32 {
  return getUser<u32>(cpu, va);
}

export function put32(cpu: Cpu, va: u64, value: u32): i32 {
  return putUser<u32>(cpu, va, value);
}

/** A frame count or pointer of the program's word. */
export function getWord(cpu: Cpu, va: u64, word: u32): i32 {
  return word == 8 ? getUser<u64>(cpu, va) : getUser<u32>(cpu, va);
}

export function putWord(cpu: Cpu, va: u64, value: u64, word: u32): i32 {
  return word == 8 ? putUser<u64>(cpu, va, value) : putUser<u32>(cpu, va, value as u32);
}

/** Turns "bytes not copied" into the answer most calls give. */
@inline
export function allCopied(left: u32): i32 {
  return left == 0 ? 0 : -EFAULT;
}
