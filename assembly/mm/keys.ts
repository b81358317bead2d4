import { Cpu } from "../machine/cpu";
import { ACCESS_WRITE } from "./fault";
import { Task } from "./task";
import { keysInForce } from "./taskLife";

/** Protection keys of book3s/64: two bits a key in the AMR, key 0 in the top ones; the upper denies writing. */
export function keyDenies(cpu: Cpu, key: u32, access: u32): bool {
  if (!keysInForce(cpu)) return false;
  const bits = changetype<Task>(cpu.task as usize).amr >> (62 - 2 * (key as u64));
  return (bits & (access == ACCESS_WRITE ? 2 : 1)) != 0;
}
