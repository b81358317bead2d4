import { Cpu } from "../machine/cpu";

/**
 * Slots of the counter table; the host's table (src/machine/counters.ts) gives each its name, unit and meaning and
 * finds the slot here by the export's name. Compiled to nothing outside the study build.
 */
export const COUNT_RANGE_CHECKS_READ: u32 = 0;
export const COUNT_RANGE_CHECKS_WRITE: u32 = 1;
export const COUNT_GUARD_OPENS_READ: u32 = 2;
export const COUNT_GUARD_OPENS_WRITE: u32 = 3;
export const COUNT_GUARD_CLOSES_READ: u32 = 4;
export const COUNT_GUARD_CLOSES_WRITE: u32 = 5;
export const COUNT_USER_LOADS: u32 = 6;
export const COUNT_USER_STORES: u32 = 7;
export const COUNT_GETS: u32 = 8;
export const COUNT_PUTS: u32 = 9;
export const COUNT_READ_BLOCKS: u32 = 10;
export const COUNT_WRITE_BLOCKS: u32 = 11;
export const COUNT_UNSAFE_GETS: u32 = 12;
export const COUNT_UNSAFE_PUTS: u32 = 13;
export const COUNT_COPIES_FROM: u32 = 14;
export const COUNT_COPIES_TO: u32 = 15;
export const COUNT_BYTES_FROM: u32 = 16;
export const COUNT_BYTES_TO: u32 = 17;
export const COUNT_TLB_HITS: u32 = 18;
export const COUNT_TLB_MISSES: u32 = 19;
export const COUNT_WALKS: u32 = 20;
export const COUNT_FAULTS: u32 = 21;
export const COUNT_FAULT_FIXUPS: u32 = 22;
export const COUNT_TLB_FLUSHES: u32 = 23;
export const COUNT_SHOOTDOWNS: u32 = 24;
export const COUNT_FUNCTIONS: u32 = 25;
export const COUNT_YIELDS: u32 = 26;

@inline
export function count(cpu: Cpu, slot: u32, amount: u32 = 1): void {
  if (STUDY) {
    const address = cpu.counters + (slot << 3);
    store<u64>(address, load<u64>(address) + amount);
  }
}
