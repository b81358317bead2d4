import { cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { PtRegs } from "../perf/ptRegs";
import { Ring, takeAll } from "../perf/ring";
import { softwareEvent } from "../perf/sources";

/**
 * n occurrences of a software number, each a call of what every source of occurrences calls, and after each a reader
 * that has taken all there is. Low half of where the ring's next record begins.
 */
export function measurePerfSoftware(index: u32, number: u32, regs: u32, ring: u32, n: u32): u32 {
  const cpu = cpuAt(index);
  enterCore(cpu);
  for (let done: u32 = 0; done < n; done++) {
    softwareEvent(cpu, number, 0, changetype<PtRegs>(regs as usize));
    takeAll(changetype<Ring>(ring as usize));
  }
  leaveCore(cpu);
  return changetype<Ring>(ring as usize).head as u32;
}
