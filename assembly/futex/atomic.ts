import { EXCLUSIVE_BOUNDED } from "../arch/profile";
import { EFAULT, ENOSYS } from "../base/errno";
import { compareExchange } from "../base/atomics";
import { Cpu, setPorts } from "../machine/cpu";
import { isRequested } from "../mm/shootdown";
import { linearIn } from "../mm/tlb";
import { EVENT_BLOCK, emit } from "../study/events";
import { accessOkFixed } from "../uaccess/check";
import {
  OP_XOR,
  closeExclusive,
  exclusiveCompareExchange,
  exclusiveOperation,
  lastByte,
  openExclusive,
} from "../uaccess/exclusive";
import { DIRECTION_BOTH } from "../uaccess/guard";
import { misses, openBothSlot, outOfRange } from "../uaccess/hit";
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

/** Not done, and nothing known. */
const NOT_HIT: i64 = i64.MIN_VALUE;

/**
 * futex_cmpxchg_value_locked over futex_atomic_cmpxchg_inatomic: what stood there; −EFAULT; −EAGAIN where nothing is
 * known. One way out for hit and miss: with a return right behind the locked instruction, a call takes twice as long for
 * seconds on end on an AMD EPYC (bench W4).
 */
export function compareExchangeLocked(cpu: Cpu, va: u64, expected: u32, replacement: u32): i64 {
  let seen = NOT_HIT;
  do {
    if (STUDY || outOfRange(va, cpu.pageLimit)) break;
    if (THREADS && isRequested(cpu)) break;
    const slot = openBothSlot(cpu, va, cpu.exclusivePair, cpu.slotMask);
    if (misses(cpu, slot, lastByte(va), cpu.generation)) break;
    seen = compareExchange(linearIn(slot, va), expected, replacement);
  } while (false);
  if (!STUDY) setPorts(cpu, cpu.closedPair);
  return seen >= 0 ? seen : exchangeOutOfLine(cpu, va, expected, replacement);
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
