import { compareExchangeLocked } from "../futex/atomic";
import { leaveCore } from "../mm/shootdown";
import { enter } from "./entry";
import { wide } from "./tasks";

/**
 * futex_atomic_cmpxchg_inatomic by itself, by the task on a CPU: 0 where it was executed, with what stood there to be
 * read by `readValueLow`; −EFAULT; −EAGAIN.
 */
export function futexCmpxchg(index: u32, lo: u32, hi: u32, expected: u32, replacement: u32): i32 {
  const cpu = enter(index);
  const seen = compareExchangeLocked(cpu, wide(lo, hi), expected, replacement);
  if (seen >= 0) cpu.value = seen;
  leaveCore(cpu);
  return seen < 0 ? (seen as i32) : 0;
}
