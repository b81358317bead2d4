import { Cpu } from "../machine/cpu";
import { EVENT_KERNEL_LOAD, EVENT_KERNEL_STORE, emit } from "./events";

/** Words of the kernel's own that the study build keeps an account of. */

const WORD_BYTES: u32 = 8;

@inline
export function loadWord(cpu: Cpu, address: usize): u64 {
  emit(cpu, EVENT_KERNEL_LOAD, address, WORD_BYTES);
  return load<u64>(address);
}

@inline
export function storeWord(cpu: Cpu, address: usize, value: u64): void {
  emit(cpu, EVENT_KERNEL_STORE, address, WORD_BYTES);
  store<u64>(address, value);
}
