import { Cpu, cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { forgetChecks } from "../uaccess/check";

/** A call of the host's on a CPU, from its entry to its answer. */

export function enter(index: u32): Cpu {
  const cpu = cpuAt(index);
  enterCore(cpu);
  forgetChecks(cpu);
  return cpu;
}

/** Passes the answer on. */
export function leave(cpu: Cpu, result: i32): i32 {
  leaveCore(cpu);
  return result;
}
