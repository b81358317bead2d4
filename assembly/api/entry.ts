import { Cpu, cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";

/** A call of the host's on a CPU, from its entry to its answer. */

export function enter(index: u32): Cpu {
  const cpu = cpuAt(index);
  enterCore(cpu);
  return cpu;
}

/** Passes the answer on. */
export function leave(cpu: Cpu, result: i32): i32 {
  leaveCore(cpu);
  return result;
}
