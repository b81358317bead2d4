import { EFAULT } from "../base/errno";
import { GUARD_UNPRIVILEGED } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { FINDING_NO_FIXUP, recordFinding } from "../machine/findings";
import { ACCESS_READ, ACCESS_WRITE } from "../mm/fault";
import { Task } from "../mm/task";
import { MISS_VIOLATION, violation } from "./access";
import { loadUser, storeUser } from "./single";

/**
 * Ordinary loads and stores of kernel code on a user pointer, as a memset or memcpy makes them by mistake: no exception
 * table entry stands behind them, so what cannot be done is an oops on every architecture.
 * A page that is merely not present yet is repaired, as for any other instruction. Not modelled: the oops of one that
 * finds the mmap lock held, and what such an access does to a kernel address.
 */
export function plainLoad(cpu: Cpu, va: u64, size: u32): i32 {
  if (cpu.guard & GUARD_UNPRIVILEGED) return refuse(cpu, va, ACCESS_READ);
  return loadUser(cpu, va, size) == 0 ? 0 : oops(cpu, va, ACCESS_READ);
}

export function plainStore(cpu: Cpu, va: u64, value: u64, size: u32): i32 {
  if (cpu.guard & GUARD_UNPRIVILEGED) return refuse(cpu, va, ACCESS_WRITE);
  return storeUser(cpu, va, value, size) == 0 ? 0 : oops(cpu, va, ACCESS_WRITE);
}

/** arm64 with PAN in hardware: the accessors go in as user code, an ordinary instruction does not. */
function refuse(cpu: Cpu, va: u64, access: u32): i32 {
  violation(cpu, va, access);
  return oops(cpu, va, access);
}

function oops(cpu: Cpu, va: u64, access: u32): i32 {
  if (cpu.missReason != MISS_VIOLATION) {
    recordFinding(FINDING_NO_FIXUP, cpu.index, cpu.task, va, access);
  }
  if (cpu.task != 0) changetype<Task>(cpu.task as usize).oopsed = 1;
  cpu.value = 0;
  return -EFAULT;
}
