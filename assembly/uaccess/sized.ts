import { CHECK_ALWAYS } from "../arch/profile";
import { EFAULT } from "../base/errno";
import { Cpu } from "../machine/cpu";
import {
  COUNT_GETS,
  COUNT_PUTS,
  COUNT_UNSAFE_GETS,
  COUNT_UNSAFE_PUTS,
  count,
} from "../study/counters";
import { ORIGIN_SINGLE, setOrigin } from "../study/events";
import { accessOkFixed } from "./check";
import { DIRECTION_READ, DIRECTION_WRITE, closeGuard, openForRead, openForWrite } from "./guard";
import { loadUser, storeUser } from "./single";

/**
 * The single-value primitives (get_user, put_user and kin), one body for all sizes: `size` is 1, 2, 4 or 8. 0 or
 * −EFAULT; what a get read is left in `cpu.value`, 0 after a failure.
 */

/** get_user. */
export function getSized(cpu: Cpu, va: u64, size: u32): i32 {
  count(cpu, COUNT_GETS);
  setOrigin(cpu, ORIGIN_SINGLE);
  if (accessOkFixed(cpu, va, size, DIRECTION_READ)) return openAndLoad(cpu, va, size);
  cpu.value = 0;
  return -EFAULT;
}

/** __get_user: arm64 checks all the same. */
export function getSizedUnchecked(cpu: Cpu, va: u64, size: u32): i32 {
  if (cpu.guard & CHECK_ALWAYS) return getSized(cpu, va, size);
  count(cpu, COUNT_GETS);
  setOrigin(cpu, ORIGIN_SINGLE);
  return openAndLoad(cpu, va, size);
}

/** unsafe_get_user: where blocks open nothing, it toggles the guard itself. */
export function unsafeGetSized(cpu: Cpu, va: u64, size: u32): i32 {
  count(cpu, COUNT_UNSAFE_GETS);
  return cpu.blockOpens != 0 ? loadUser(cpu, va, size) : openAndLoad(cpu, va, size);
}

@inline
function openAndLoad(cpu: Cpu, va: u64, size: u32): i32 {
  openForRead(cpu, va);
  const result = loadUser(cpu, va, size);
  closeGuard(cpu, DIRECTION_READ);
  return result;
}

/** put_user. */
export function putSized(cpu: Cpu, va: u64, value: u64, size: u32): i32 {
  count(cpu, COUNT_PUTS);
  setOrigin(cpu, ORIGIN_SINGLE);
  return accessOkFixed(cpu, va, size, DIRECTION_WRITE)
    ? openAndStore(cpu, va, value, size)
    : -EFAULT;
}

export function putSizedUnchecked(cpu: Cpu, va: u64, value: u64, size: u32): i32 {
  if (cpu.guard & CHECK_ALWAYS) return putSized(cpu, va, value, size);
  count(cpu, COUNT_PUTS);
  setOrigin(cpu, ORIGIN_SINGLE);
  return openAndStore(cpu, va, value, size);
}

export function unsafePutSized(cpu: Cpu, va: u64, value: u64, size: u32): i32 {
  count(cpu, COUNT_UNSAFE_PUTS);
  return cpu.blockOpens != 0 ? storeUser(cpu, va, value, size) : openAndStore(cpu, va, value, size);
}

@inline
function openAndStore(cpu: Cpu, va: u64, value: u64, size: u32): i32 {
  openForWrite(cpu, va);
  const result = storeUser(cpu, va, value, size);
  closeGuard(cpu, DIRECTION_WRITE);
  return result;
}
