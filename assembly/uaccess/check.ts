import { CHECK_DROPS_REPEATS, CHECK_IGNORES_SIZE, MASK_ALL_ONES } from "../arch/profile";
import { CHECKED_SLOTS, Cpu } from "../machine/cpu";
import { PAGE_SIZE } from "../machine/map";
import {
  COUNT_FUNCTIONS,
  COUNT_RANGE_CHECKS_READ,
  COUNT_RANGE_CHECKS_WRITE,
  count,
} from "../study/counters";
import { EVENT_FUNCTION, EVENT_RANGE_CHECK, checkFlag, emit } from "../study/events";
import { DIRECTION_READ } from "./guard";

/** access_ok and pointer masking (include/asm-generic/access_ok.h; arch/x86/include/asm/uaccess_64.h, 6.1 to 7.1). */

/**
 * `size` is known when the kernel is built: x86-64 then looks at the start alone, if it is at most a page.
 * (The comparison folds away where it is a constant here too.)
 */
@inline
export function accessOkFixed(cpu: Cpu, va: u64, size: u64, direction: u32): bool {
  if (size > PAGE_SIZE) return accessOk(cpu, va, size, direction);
  if (STUDY) noteCheck(cpu, va, size, direction);
  return (va & cpu.untagMask) <= cpu.limit - (size & cpu.sizeMask);
}

/** `size` is a variable: size ≤ limit and va ≤ limit − size, so that nothing can wrap. */
@inline
export function accessOk(cpu: Cpu, va: u64, size: u64, direction: u32): bool {
  if (STUDY) countCheck(cpu, va, size, direction);
  return size <= cpu.limit && (va & cpu.untagMask) <= cpu.limit - size;
}

/** What the compiler knows about earlier checks ends here: with a system call, or a function that is called. */
@inline
export function forgetChecks(cpu: Cpu): void {
  if (STUDY) cpu.checkedCount = 0;
}

/** Entering a kernel function. */
@inline
export function enterFunction(cpu: Cpu, va: u64): void {
  forgetChecks(cpu);
  if (STUDY) {
    count(cpu, COUNT_FUNCTIONS);
    emit(cpu, EVENT_FUNCTION, va, 0);
  }
}

@inline
function checkedSlot(cpu: Cpu, slot: u32): usize {
  return changetype<usize>(cpu) + offsetof<Cpu>("checked") + (slot << 4);
}

/**
 * Counts a check that is executed. The PowerPC compiler drops one on an address that the same function has already
 * checked with the same size (golden figures: 10 of 12 remain); the answer is the same, so only the count differs.
 */
function noteCheck(cpu: Cpu, va: u64, size: u64, direction: u32): void {
  if (cpu.guard & CHECK_DROPS_REPEATS) {
    for (let slot: u32 = 0; slot < cpu.checkedCount; slot++) {
      if (load<u64>(checkedSlot(cpu, slot)) == va && load<u64>(checkedSlot(cpu, slot), 8) == size) {
        return;
      }
    }
    if (cpu.checkedCount < CHECKED_SLOTS) {
      store<u64>(checkedSlot(cpu, cpu.checkedCount), va);
      store<u64>(checkedSlot(cpu, cpu.checkedCount), size, 8);
      cpu.checkedCount += 1;
    }
  }
  countCheck(cpu, va, size, direction);
}

/** A check that is executed: those of out-of-line copies always are. */
function countCheck(cpu: Cpu, va: u64, size: u64, direction: u32): void {
  count(cpu, direction == DIRECTION_READ ? COUNT_RANGE_CHECKS_READ : COUNT_RANGE_CHECKS_WRITE);
  emit(cpu, EVENT_RANGE_CHECK, va, size as u32, checkFlag(cpu.origin, direction));
}

/** mask_user_address (x86): a kernel pointer becomes one that faults; the length is not looked at. */
export function maskUserAddress(cpu: Cpu, va: u64): u64 {
  if (va <= cpu.limit) return va;
  return cpu.guard & MASK_ALL_ONES ? u64.MAX_VALUE : cpu.limit;
}

/** Called once a CPU's profile is known. */
export function initCheck(cpu: Cpu): void {
  cpu.sizeMask = cpu.guard & CHECK_IGNORES_SIZE ? 0 : u64.MAX_VALUE;
}
