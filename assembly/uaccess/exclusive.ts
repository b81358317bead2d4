import { EXCLUSIVE_OPS, EXCLUSIVE_PAIRS, GUARD_UNPRIVILEGED } from "../arch/profile";
import { EAGAIN, EFAULT } from "../base/errno";
import { compareExchange, loadShared } from "../base/atomics";
import { Cpu } from "../machine/cpu";
import { header } from "../machine/map";
import { ACCESS_WRITE } from "../mm/fault";
import {
  COUNT_GUARD_CLOSES_WRITE,
  COUNT_GUARD_OPENS_WRITE,
  COUNT_USER_STORES,
  count,
} from "../study/counters";
import {
  EVENT_GUARD_CLOSE,
  EVENT_GUARD_OPEN,
  EVENT_STORE,
  ORIGIN_BLOCK,
  emit,
  setOrigin,
} from "../study/events";
import { translateWrite, violation } from "./access";
import { DIRECTION_BOTH, closeGuard, openForBoth, setExclusivePair } from "./guard";

/**
 * Atomic operations on 32-bit user words, as each architecture makes them (its asm/futex.h): one locked instruction on
 * x86, elsewhere a load and a store-exclusive, which fails where another CPU wrote in between. The word is aligned and
 * its range was checked. What stood there is left in `cpu.value`.
 */

const WORD_BYTES: u32 = 4;

/** Never gives up (every architecture but arm64). */
export const FOR_EVER: u32 = 0;

/**
 * uaccess_enable_privileged and its kin: opens the guard both ways. arm64 with PAN in hardware lets the ordinary
 * accessors in as user code, but exclusive accesses exist only as the kernel's own: for them PAN is taken off.
 */
export function openExclusive(cpu: Cpu, va: u64): void {
  setOrigin(cpu, ORIGIN_BLOCK);
  if ((cpu.guard & GUARD_UNPRIVILEGED) == 0) {
    openForBoth(cpu, va);
    return;
  }
  cpu.privileged = cpu.writeTlb;
  count(cpu, COUNT_GUARD_OPENS_WRITE);
  emit(cpu, EVENT_GUARD_OPEN, va, DIRECTION_BOTH, cpu.origin);
}

export function closeExclusive(cpu: Cpu): void {
  if ((cpu.guard & GUARD_UNPRIVILEGED) == 0) {
    closeGuard(cpu, DIRECTION_BOTH);
    return;
  }
  cpu.privileged = header().emptyTlb;
  count(cpu, COUNT_GUARD_CLOSES_WRITE);
  emit(cpu, EVENT_GUARD_CLOSE, 0, DIRECTION_BOTH, cpu.origin);
}

/**
 * The last byte of a word. A compare-and-exchange of one whose page is in the TLB can not fault, and is written out where
 * it is made (hit.ts):
 *
 *   if (outOfRange(va, cpu.pageLimit)) break;
 *   if (THREADS && isRequested(cpu)) break;
 *   const slot = openBothSlot(cpu, va, cpu.exclusivePair, cpu.slotMask);
 *   if (misses(cpu, slot, lastByte(va), cpu.generation)) break;
 *   const seen = compareExchange(linearIn(slot, va), expected, replacement);
 *   setPorts(cpu, cpu.closedPair);
 *
 * It calls nothing, not even to answer another CPU: that is left to the way of a miss, which has to close the guard too.
 * An address with a tag is out of range here. Two conditions, because V8 makes a value of their disjunction, and tests it.
 */
@inline
export function lastByte(va: u64): u64 {
  return va + (WORD_BYTES - 1);
}

/** The linear address of a word that is read and written at once; 0 after a fault, or through a closed guard. */
export function translateExclusive(cpu: Cpu, va: u64, size: u32): usize {
  const closed = (cpu.guard & GUARD_UNPRIVILEGED) != 0 && cpu.privileged == header().emptyTlb;
  return closed ? violation(cpu, va, ACCESS_WRITE) : translateWrite(cpu, va, size);
}

/** True where this CPU's next store-exclusive is to fail. */
export function reservationLost(cpu: Cpu): bool {
  if ((cpu.guard & EXCLUSIVE_PAIRS) == 0 || cpu.lostReservations == 0) return false;
  cpu.lostReservations -= 1;
  if (cpu.lostReservations == 0) setExclusivePair(cpu);
  return true;
}

/** The CPU's next `count` store-exclusives fail, as if another CPU had written to the line. */
export function loseReservations(cpu: Cpu, count: u32): void {
  cpu.lostReservations = count;
  setExclusivePair(cpu);
}

@inline
function noteStore(cpu: Cpu, va: u64): void {
  noteExclusive(cpu, va, WORD_BYTES);
}

/** The access itself counts as a store, whether or not it changes anything: the CPU needs the line for writing. */
@inline
export function noteExclusive(cpu: Cpu, va: u64, size: u32): void {
  count(cpu, COUNT_USER_STORES);
  emit(cpu, EVENT_STORE, va, size, cpu.origin);
}

/**
 * Stores `replacement` where `expected` stands. What stood there, whether or not it matched; −EFAULT; −EAGAIN after
 * `attempts` (0 = no bound) lost reservations.
 */
export function exclusiveCompareExchange(
  cpu: Cpu,
  pointer: u64,
  expected: u32,
  replacement: u32,
  attempts: u32,
): i64 {
  const va = pointer & cpu.accessMask;
  let attempt: u32 = 0;
  while (true) {
    const address = translateExclusive(cpu, va, WORD_BYTES);
    if (address == 0) return -EFAULT;
    if (!reservationLost(cpu)) {
      noteStore(cpu, va);
      return compareExchange(address, expected, replacement);
    }
    const seen = loadShared(address);
    if (seen != expected) return seen;
    attempt += 1;
    if (attempts != FOR_EVER && attempt == attempts) return -EAGAIN;
  }
}

/** The operations of FUTEX_WAKE_OP (include/uapi/linux/futex.h). */
export const OP_SET: u32 = 0;
export const OP_ADD: u32 = 1;
export const OP_OR: u32 = 2;
export const OP_ANDN: u32 = 3;
export const OP_XOR: u32 = 4;

function applied(op: u32, old: u32, argument: u32): u32 {
  switch (op) {
    case OP_SET:
      return argument;
    case OP_ADD:
      return old + argument;
    case OP_OR:
      return old | argument;
    case OP_ANDN:
      return old & ~argument;
    default:
      return old ^ argument;
  }
}

/** Changes a word by an operation: 0 with the old one, −EFAULT, −EAGAIN as above. */
export function exclusiveOperation(
  cpu: Cpu,
  pointer: u64,
  op: u32,
  argument: u32,
  attempts: u32,
): i32 {
  const va = pointer & cpu.accessMask;
  const single = (cpu.guard & EXCLUSIVE_OPS) != 0;
  let attempt: u32 = 0;
  while (true) {
    let address = translateExclusive(cpu, va, WORD_BYTES);
    if (address == 0) return -EFAULT;
    const old = loadShared(address);
    if (STUDY && !single) {
      // between the load and the store another CPU may run, and the page may go
      address = translateExclusive(cpu, va, WORD_BYTES);
      if (address == 0) return -EFAULT;
    }
    const kept = single || !reservationLost(cpu);
    if (kept && compareExchange(address, old, applied(op, old, argument)) == old) {
      noteStore(cpu, va);
      cpu.value = old;
      return 0;
    }
    attempt += 1;
    if (attempts != FOR_EVER && attempt == attempts) return -EAGAIN;
  }
}
