import { CHECK_ALWAYS } from "../arch/profile";
import { EFAULT, EINVAL } from "../base/errno";
import { Cpu, cpuAt } from "../machine/cpu";
import { FINDING_GUARD_NESTED_OPEN, recordFinding } from "../machine/findings";
import { objectBytesFrom } from "../machine/slab";
import { setKeys } from "../mm/taskLife";
import { accessOk, accessOkFixed, enterFunction } from "../uaccess/check";
import {
  blockBegin,
  blockBeginMasked,
  blockEnd,
  checkClosedAtReturn,
  checkClosedAtSleep,
  noteScope,
  userAccessRestore,
  userAccessSave,
} from "../uaccess/block";
import {
  clearUser,
  clearUserUnchecked,
  copyFromUser,
  copyFromUserUnchecked,
  copyToUser,
  copyToUserUnchecked,
  unsafeCopyToUser,
} from "../uaccess/copy";
import { DIRECTION_BOTH, openDirections } from "../uaccess/guard";
import {
  copyFromKernelNofault,
  copyFromUserNmi,
  copyFromUserNofault,
  copyToUserNofault,
  pagefaultDisable,
  pagefaultEnable,
  mightFault,
  preemptDisable,
  preemptEnable,
} from "../uaccess/nofault";
import { objectTooSmall } from "../uaccess/object";
import { plainLoad, plainStore } from "../uaccess/plain";
import {
  getSized,
  getSizedUnchecked,
  putSized,
  putSizedUnchecked,
  unsafeGetSized,
  unsafePutSized,
} from "../uaccess/sized";
import {
  strncpyFromKernelNofault,
  strncpyFromUser,
  strncpyFromUserNofault,
  strnlenUser,
  strnlenUserNofault,
} from "../uaccess/string";
import { checkZeroedUser, copyStructFromUser, copyStructToUser } from "../uaccess/struct";
import {
  FORM_CHECKED,
  FORM_UNCHECKED,
  FORM_PLAIN,
  COPY_CHECKED,
  COPY_UNCHECKED,
  COPY_INATOMIC,
  COPY_NOFAULT,
  COPY_NMI,
  COPY_UNSAFE,
  STRING_PLAIN,
} from "./forms";
import { wide } from "./tasks";
import { enterCore, leaveCore } from "../mm/shootdown";

/**
 * Every primitive of the kernel's user-access interface, one at a time, for kernel code written outside the core.
 * Kernel buffers are checked against the object they lie in, so that no number given here reaches memory outside it.
 */

/** A primitive that opens the guard itself, called inside an open block, is a call with the guard open (R1, R4). */
function enterPrimitive(index: u32, va: u64): Cpu {
  const cpu = cpuAt(index);
  enterCore(cpu);
  if (cpu.blockDirection != 0) {
    recordFinding(FINDING_GUARD_NESTED_OPEN, index, cpu.task, va, cpu.blockDirection);
  }
  return cpu;
}

/** The same for one that may sleep to bring a page in (might_fault). */
function enterSleeping(index: u32, va: u64): Cpu {
  const cpu = enterPrimitive(index, va);
  mightFault(cpu, va);
  return cpu;
}

/** On arm64 __get_user is get_user, might_fault and all. */
function enterForm(index: u32, form: u32, va: u64): Cpu {
  if (form == FORM_CHECKED) return enterSleeping(index, va);
  if (form != FORM_UNCHECKED) return enterPlain(index);
  return cpuAt(index).guard & CHECK_ALWAYS ? enterSleeping(index, va) : enterPrimitive(index, va);
}

function leave(cpu: Cpu, result: i32): i32 {
  leaveCore(cpu);
  return result;
}

@inline
function isValueSize(size: u32): bool {
  return size <= 8 && popcnt(size) == 1;
}

/** 0 or −EFAULT, the value in `readValueLow/High`; −EINVAL for a size that is not 1, 2, 4 or 8. */
export function getValue(index: u32, form: u32, lo: u32, hi: u32, size: u32): i32 {
  if (!isValueSize(size)) return -EINVAL;
  const va = wide(lo, hi);
  const cpu = enterForm(index, form, va);
  return leave(cpu, getInForm(cpu, form, va, size));
}

function getInForm(cpu: Cpu, form: u32, va: u64, size: u32): i32 {
  switch (form) {
    case FORM_CHECKED:
      return getSized(cpu, va, size);
    case FORM_UNCHECKED:
      return getSizedUnchecked(cpu, va, size);
    case FORM_PLAIN:
      return plainLoad(cpu, va, size);
    default:
      return unsafeGetSized(cpu, va, size);
  }
}

export function putValue(
  index: u32,
  form: u32,
  lo: u32,
  hi: u32,
  size: u32,
  valueLo: u32,
  valueHi: u32,
): i32 {
  if (!isValueSize(size)) return -EINVAL;
  const va = wide(lo, hi);
  const value = wide(valueLo, valueHi);
  const cpu = enterForm(index, form, va);
  return leave(cpu, putInForm(cpu, form, va, value, size));
}

function putInForm(cpu: Cpu, form: u32, va: u64, value: u64, size: u32): i32 {
  switch (form) {
    case FORM_CHECKED:
      return putSized(cpu, va, value, size);
    case FORM_UNCHECKED:
      return putSizedUnchecked(cpu, va, value, size);
    case FORM_PLAIN:
      return plainStore(cpu, va, value, size);
    default:
      return unsafePutSized(cpu, va, value, size);
  }
}

function enterPlain(index: u32): Cpu {
  const cpu = cpuAt(index);
  enterCore(cpu);
  return cpu;
}

/** What the last get read, or what a primitive with a second result left. */
export function readValueLow(index: u32): u32 {
  return cpuAt(index).value as u32;
}

export function readValueHigh(index: u32): u32 {
  return (cpuAt(index).value >> 32) as u32;
}

/** Of the copies, the forms with and without a range check may sleep; all others are for where nobody may. */
function enterCopy(index: u32, form: u32, va: u64): Cpu {
  if (form == COPY_CHECKED || form == COPY_UNCHECKED) return enterSleeping(index, va);
  return form == COPY_UNSAFE ? enterPlain(index) : enterPrimitive(index, va);
}

/** Bytes not copied; 0 or −EFAULT for the nofault form. */
export function copyIn(index: u32, form: u32, kernel: u32, lo: u32, hi: u32, length: u32): i32 {
  const va = wide(lo, hi);
  const cpu = enterCopy(index, form, va);
  return leave(cpu, copyInForm(cpu, form, kernel, va, length));
}

function copyInForm(cpu: Cpu, form: u32, kernel: u32, va: u64, length: u32): i32 {
  if (objectTooSmall(cpu, kernel, length)) return form == COPY_NOFAULT ? -EFAULT : length;
  switch (form) {
    case COPY_CHECKED:
      return copyFromUser(cpu, kernel, va, length);
    case COPY_UNCHECKED:
    case COPY_INATOMIC:
      return copyFromUserUnchecked(cpu, kernel, va, length);
    case COPY_NOFAULT:
      return copyFromUserNofault(cpu, kernel, va, length);
    case COPY_NMI:
      return copyFromUserNmi(cpu, kernel, va, length);
    default:
      return -EINVAL;
  }
}

export function copyOut(index: u32, form: u32, lo: u32, hi: u32, kernel: u32, length: u32): i32 {
  const va = wide(lo, hi);
  const cpu = enterCopy(index, form, va);
  return leave(cpu, copyOutForm(cpu, form, va, kernel, length));
}

function copyOutForm(cpu: Cpu, form: u32, va: u64, kernel: u32, length: u32): i32 {
  if (objectTooSmall(cpu, kernel, length)) {
    return form == COPY_NOFAULT || form == COPY_UNSAFE ? -EFAULT : length;
  }
  switch (form) {
    case COPY_CHECKED:
      return copyToUser(cpu, va, kernel, length);
    case COPY_UNCHECKED:
    case COPY_INATOMIC:
      return copyToUserUnchecked(cpu, va, kernel, length);
    case COPY_NOFAULT:
      return copyToUserNofault(cpu, va, kernel, length);
    case COPY_UNSAFE:
      return unsafeCopyToUser(cpu, va, kernel, length);
    default:
      return -EINVAL;
  }
}

export function clearOut(index: u32, form: u32, lo: u32, hi: u32, length: u32): i32 {
  const cpu =
    form == COPY_CHECKED ? enterSleeping(index, wide(lo, hi)) : enterPrimitive(index, wide(lo, hi));
  if (form == COPY_CHECKED) return leave(cpu, clearUser(cpu, wide(lo, hi), length));
  return leave(cpu, clearUserUnchecked(cpu, wide(lo, hi), length));
}

export function copyKernelNofault(kernel: u32, lo: u32, hi: u32, length: u32): i32 {
  if (length != 0 && objectBytesFrom(kernel) < length) return -EFAULT;
  return copyFromKernelNofault(kernel, wide(lo, hi), length);
}

export function stringIn(index: u32, form: u32, kernel: u32, lo: u32, hi: u32, limit: i32): i32 {
  const va = wide(lo, hi);
  const cpu = form == STRING_PLAIN ? enterSleeping(index, va) : enterPrimitive(index, va);
  if (limit > 0 && objectTooSmall(cpu, kernel, limit)) return leave(cpu, -EFAULT);
  if (form == STRING_PLAIN) return leave(cpu, strncpyFromUser(cpu, kernel, va, limit));
  return leave(cpu, strncpyFromUserNofault(cpu, kernel, va, limit));
}

export function stringLength(index: u32, form: u32, lo: u32, hi: u32, limit: i32): i32 {
  const va = wide(lo, hi);
  const cpu = form == STRING_PLAIN ? enterSleeping(index, va) : enterPrimitive(index, va);
  return leave(
    cpu,
    form == STRING_PLAIN ? strnlenUser(cpu, va, limit) : strnlenUserNofault(cpu, va, limit),
  );
}

export function stringFromKernel(kernel: u32, lo: u32, hi: u32, limit: i32): i32 {
  if (limit > 0 && objectBytesFrom(kernel) < (limit as u32)) return -EFAULT;
  return strncpyFromKernelNofault(kernel, wide(lo, hi), limit);
}

export function zeroedCheck(index: u32, lo: u32, hi: u32, length: u32): i32 {
  const cpu = enterPrimitive(index, wide(lo, hi));
  return leave(cpu, checkZeroedUser(cpu, wide(lo, hi), length));
}

export function structIn(
  index: u32,
  kernel: u32,
  ksize: u32,
  lo: u32,
  hi: u32,
  userBytes: u32,
): i32 {
  const cpu = enterSleeping(index, wide(lo, hi));
  return leave(cpu, copyStructFromUser(cpu, kernel, ksize, wide(lo, hi), userBytes));
}

export function structOut(
  index: u32,
  lo: u32,
  hi: u32,
  userBytes: u32,
  kernel: u32,
  ksize: u32,
  trailing: u32,
): i32 {
  const cpu = enterSleeping(index, wide(lo, hi));
  return leave(cpu, copyStructToUser(cpu, wide(lo, hi), userBytes, kernel, ksize, trailing));
}

/** access_ok: 1 or 0, for a size that is known at build time or for a variable one. */
export function rangeOk(
  index: u32,
  lo: u32,
  hi: u32,
  sizeLo: u32,
  sizeHi: u32,
  fixedSize: u32,
): u32 {
  const cpu = cpuAt(index);
  const size = wide(sizeLo, sizeHi);
  const good =
    fixedSize != 0
      ? accessOkFixed(cpu, wide(lo, hi), size, 1)
      : accessOk(cpu, wide(lo, hi), size, 1);
  return good ? 1 : 0;
}

/** The four verbs of a block; directions are DIRECTION_*. */
export function accessBegin(index: u32, lo: u32, hi: u32, length: u32, direction: u32): u32 {
  const cpu = enterPlain(index);
  return leave(cpu, blockBegin(cpu, wide(lo, hi), length, direction & DIRECTION_BOTH));
}

export function accessBeginMasked(index: u32, lo: u32, hi: u32, direction: u32): u32 {
  const cpu = enterPlain(index);
  return leave(cpu, blockBeginMasked(cpu, wide(lo, hi), direction & DIRECTION_BOTH));
}

export function accessEnd(index: u32, direction: u32): void {
  blockEnd(cpuAt(index), direction & DIRECTION_BOTH);
}

export function accessSave(index: u32): u32 {
  return userAccessSave(cpuAt(index));
}

export function accessRestore(index: u32, token: u32): void {
  userAccessRestore(cpuAt(index), token);
}

export function scopeEnter(index: u32, lo: u32, hi: u32): void {
  noteScope(cpuAt(index), wide(lo, hi));
}

export function guardDirections(index: u32): u32 {
  return openDirections(cpuAt(index));
}

export function disablePagefaults(index: u32): void {
  pagefaultDisable(cpuAt(index));
}

export function enablePagefaults(index: u32): void {
  pagefaultEnable(cpuAt(index));
}

export function disablePreemption(index: u32): void {
  preemptDisable(cpuAt(index));
}

export function enablePreemption(index: u32): void {
  preemptEnable(cpuAt(index));
}

/** Runs the CPU in another context (task, softirq, irq, NMI): in all but the first no fault is repaired. */
export function setContext(index: u32, context: u32): void {
  cpuAt(index).context = context & 3;
}

export function setTaskKeys(task: u32, amrLo: u32, amrHi: u32): void {
  setKeys(task, wide(amrLo, amrHi));
}

/** The kernel function ends: the guard must be closed. */
export function returnToUser(index: u32): void {
  checkClosedAtReturn(cpuAt(index));
}

export function aboutToSleep(index: u32): void {
  checkClosedAtSleep(cpuAt(index));
}

/** A kernel function begins: the compiler's knowledge of earlier range checks ends. */
export function beginFunction(index: u32, lo: u32, hi: u32): void {
  enterFunction(cpuAt(index), wide(lo, hi));
}
