import { EFAULT } from "../base/errno";
import { VALUE_8_IN_HALVES } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { PAGE_MASK, PAGE_SIZE } from "../machine/map";
import { ACCESS_READ, ACCESS_WRITE } from "../mm/fault";
import { tlbLookup, writeTlbFor } from "../mm/tlb";
import { COUNT_USER_LOADS, COUNT_USER_STORES, count } from "../study/counters";
import { EVENT_LOAD, EVENT_STORE, emit } from "../study/events";
import { MISS_STRADDLE, resolve, translateRead, translateWrite } from "./access";

/**
 * The load and the store at the heart of every single-value primitive (sized.ts), the guard being open already. 0 or
 * −EFAULT; what was read is left in `cpu.value`, 0 after a failure. A value that straddles into a bad page is not moved
 * at all.
 */

@inline
export function loadUser(cpu: Cpu, pointer: u64, size: u32): i32 {
  const va = pointer & cpu.accessMask;
  const address = translateRead(cpu, va, size);
  if (address == 0) return loadApart(cpu, va, size);
  noteLoad(cpu, va, size);
  cpu.value = valueAt(address, size);
  return 0;
}

@inline
export function storeUser(cpu: Cpu, pointer: u64, value: u64, size: u32): i32 {
  const va = pointer & cpu.accessMask;
  const address = translateWrite(cpu, va, size);
  if (address == 0) return storeApart(cpu, va, value, size);
  noteStore(cpu, va, size);
  storeValue(address, value, size);
  return 0;
}

/** A value of 1, 2, 4 or 8 bytes at a linear address. */
@inline
export function valueAt(address: usize, size: u32): u64 {
  if (size == 4) return load<u32>(address);
  if (size == 8) return load<u64>(address);
  return size == 2 ? load<u16>(address) : load<u8>(address);
}

@inline
export function storeValue(address: usize, value: u64, size: u32): void {
  if (size == 4) store<u32>(address, value as u32);
  else if (size == 8) store<u64>(address, value);
  else if (size == 2) store<u16>(address, value as u16);
  else store<u8>(address, value as u8);
}

@inline
function noteLoad(cpu: Cpu, va: u64, size: u32): void {
  count(cpu, COUNT_USER_LOADS);
  emit(cpu, EVENT_LOAD, va, size, cpu.origin);
}

@inline
function noteStore(cpu: Cpu, va: u64, size: u32): void {
  count(cpu, COUNT_USER_STORES);
  emit(cpu, EVENT_STORE, va, size, cpu.origin);
}

@inline
export function bytesOnPage(va: u64): u32 {
  return PAGE_SIZE - ((va as u32) & PAGE_MASK);
}

/** What translateRead could not give: a value on two pages is put together, everything else has faulted. */
function loadApart(cpu: Cpu, va: u64, size: u32): i32 {
  cpu.value = 0;
  if (cpu.missReason != MISS_STRADDLE) return -EFAULT;
  const first = bytesOnPage(va);
  if (!resolveBoth(cpu, va, first, size, ACCESS_READ)) return -EFAULT;
  noteLoad(cpu, va, size);
  let value: u64 = 0;
  for (let at: u32 = 0; at < size; at++) {
    value |= (load<u8>(tlbLookup(cpu, cpu.userRead, va + at, 1)) as u64) << (at << 3);
  }
  cpu.value = value;
  return 0;
}

/** Likewise for a store; a 32-bit CPU moves 8 bytes as two words, so the first may be in place when the second faults. */
function storeApart(cpu: Cpu, va: u64, value: u64, size: u32): i32 {
  if (cpu.missReason != MISS_STRADDLE) return -EFAULT;
  if (size == 8 && (cpu.guard & VALUE_8_IN_HALVES) != 0) {
    const low = storeHalf(cpu, va, value);
    return low != 0 ? low : storeHalf(cpu, va + 4, value >> 32);
  }
  const first = bytesOnPage(va);
  if (!resolveBoth(cpu, va, first, size, ACCESS_WRITE)) return -EFAULT;
  noteStore(cpu, va, size);
  for (let at: u32 = 0; at < size; at++) {
    // two pages may lie in two segments, each with a write TLB of its own (book3s/32)
    const address = tlbLookup(cpu, writeTlbFor(cpu, va + at), va + at, 1);
    store<u8>(address, (value >> (at << 3)) as u8);
  }
  return 0;
}

/** The address is masked already. */
function storeHalf(cpu: Cpu, va: u64, value: u64): i32 {
  const address = translateWrite(cpu, va, 4);
  if (address == 0) return storeApart(cpu, va, value, 4);
  noteStore(cpu, va, 4);
  store<u32>(address, value as u32);
  return 0;
}

/** Both pages translated at the same time: the second one's fault may have cost the first its translation. */
export function resolveBoth(cpu: Cpu, va: u64, first: u32, size: u32, access: u32): bool {
  while (true) {
    const low = resolve(cpu, va, first, access);
    if (low == 0) return false;
    if (resolve(cpu, va + first, size - first, access) == 0) return false;
    const port = access == ACCESS_READ ? cpu.userRead : writeTlbFor(cpu, va);
    if (tlbLookup(cpu, port, va, first) == low) return true;
  }
}
