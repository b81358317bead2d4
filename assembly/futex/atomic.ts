import { EXCLUSIVE_BOUNDED } from "../arch/profile";
import { EFAULT, ENOSYS } from "../base/errno";
import { compareExchange } from "../base/atomics";
import { Cpu, setPorts } from "../machine/cpu";
import { linearIn } from "../mm/tlb";
import { EVENT_BLOCK, emit } from "../study/events";
import { accessOkFixed } from "../uaccess/check";
import {
  OP_XOR,
  closeExclusive,
  exclusiveCompareExchange,
  exclusiveOperation,
  lastByte,
  mustLookFurther,
  openExclusive,
} from "../uaccess/exclusive";
import { DIRECTION_BOTH } from "../uaccess/guard";
import { misses, openBothSlot } from "../uaccess/hit";
import { pagefaultDisable, pagefaultEnable } from "../uaccess/nofault";
import { getSizedUnchecked } from "../uaccess/sized";

/** The futex's own accesses to its word, made with page faults disabled (kernel/futex/futex.h, 6.18). */

/** FUTEX_MAX_LOOPS of arm64: as many lost attempts, and the kernel has to look after other work first. */
export const MOST_ATTEMPTS: u32 = 128;

/** How often a compare-and-exchange may lose its reservation before it gives up; 0 = as often as it does. */
@inline
export function attempts(cpu: Cpu): u32 {
  return (cpu.guard & EXCLUSIVE_BOUNDED) != 0 ? MOST_ATTEMPTS : 0;
}

/** futex_get_value_locked: 0 with the word in `cpu.value`, or −EFAULT. */
export function readWordLocked(cpu: Cpu, va: u64): i32 {
  pagefaultDisable(cpu);
  const result = getSizedUnchecked(cpu, va, 4);
  pagefaultEnable(cpu);
  return result;
}

/**
 * futex_cmpxchg_value_locked over futex_atomic_cmpxchg_inatomic: what stood there; −EFAULT; −EAGAIN where nothing is
 * known.
 */
export function compareExchangeLocked(cpu: Cpu, va: u64, expected: u32, replacement: u32): i64 {
  do {
    if (STUDY || mustLookFurther(cpu, va, cpu.pageLimit)) break;
    const slot = openBothSlot(cpu, va, cpu.exclusivePair, cpu.slotMask);
    if (misses(cpu, slot, lastByte(va), cpu.generation)) break;
    const seen = compareExchange(linearIn(slot, va), expected, replacement);
    setPorts(cpu, cpu.closedPair);
    return seen;
  } while (false);
  if (!STUDY) setPorts(cpu, cpu.closedPair); // the range check may be all that follows
  return exchangeOutOfLine(cpu, va, expected, replacement);
}

/** With all that may be in the way: the range, a page that is not there, lost reservations. */
function exchangeOutOfLine(cpu: Cpu, va: u64, expected: u32, replacement: u32): i64 {
  if (!accessOkFixed(cpu, va, 4, DIRECTION_BOTH)) return -EFAULT;
  pagefaultDisable(cpu);
  emit(cpu, EVENT_BLOCK, va, DIRECTION_BOTH);
  openExclusive(cpu, va);
  const result = exclusiveCompareExchange(cpu, va, expected, replacement, attempts(cpu));
  closeExclusive(cpu);
  pagefaultEnable(cpu);
  return result;
}

/** arch_futex_atomic_op_inuser: 0 with the old word in `cpu.value`; −EFAULT, −EAGAIN; −ENOSYS for an unknown one. */
export function operateLocked(cpu: Cpu, va: u64, op: u32, argument: u32): i32 {
  if (!accessOkFixed(cpu, va, 4, DIRECTION_BOTH)) return -EFAULT;
  if (op > OP_XOR) return -ENOSYS;
  pagefaultDisable(cpu);
  emit(cpu, EVENT_BLOCK, va, DIRECTION_BOTH);
  openExclusive(cpu, va);
  const result = exclusiveOperation(cpu, va, op, argument, attempts(cpu));
  closeExclusive(cpu);
  pagefaultEnable(cpu);
  return result;
}
