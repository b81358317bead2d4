import { callback, wholeNumber, wrong } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import { halves, join, type Address, type Halves } from "./address.ts";
import { KernelBuffer } from "./kernelBuffer.ts";
import type { ConstantName, CoreExports } from "../core/exports.ts";
import type { CoreMemory } from "./coreMemory.ts";

/** Sizes of a single value, in bytes. */
export type ValueSize = 1 | 2 | 4 | 8;

/** What a get gives: 0 or −EFAULT, and the value (0 after a failure). */
export interface GetResult {
  readonly error: number;
  readonly value: bigint;
}

const singleForms = {
  checked: "FORM_CHECKED",
  unchecked: "FORM_UNCHECKED",
  unsafe: "FORM_UNSAFE",
  plain: "FORM_PLAIN",
} as const;
const copyForms = {
  checked: "COPY_CHECKED",
  unchecked: "COPY_UNCHECKED",
  inatomic: "COPY_INATOMIC",
  nofault: "COPY_NOFAULT",
  nmi: "COPY_NMI",
  unsafe: "COPY_UNSAFE",
} as const;
const directions = {
  read: "DIRECTION_READ",
  write: "DIRECTION_WRITE",
  both: "DIRECTION_BOTH",
} as const;
const trailings = {
  documented: "TRAILING_DOCUMENTED",
  literal: "TRAILING_LITERAL",
} as const;
const contexts = {
  task: "CONTEXT_TASK",
  softirq: "CONTEXT_SOFTIRQ",
  irq: "CONTEXT_IRQ",
  nmi: "CONTEXT_NMI",
} as const;

export type Direction = keyof typeof directions;
export type CpuContext = keyof typeof contexts;
/**
 * What copy_struct_to_user reports as `ignored_trailing`. "documented": the user's structure is the shorter and hides a
 * byte that is not zero. "literal": what the code of v6.13 to v7.1 computes, which compares the sizes the wrong way
 * round and so looks at kernel memory behind a structure that is the shorter.
 */
export type IgnoredTrailing = keyof typeof trailings;

const MAX_LENGTH = 2 ** 31 - 1;
const MAX_TOKEN = 2 ** 32 - 1;

/** The task whose kernel code calls the primitives. */
export interface Caller {
  readonly machine: CoreMemory;
  /** The CPU it runs on. */
  readonly cpu: number;
}

/**
 * Every primitive of the kernel's user-access interface, run by one task's kernel code on its CPU
 * (include/linux/uaccess.h, lib/usercopy.c, mm/maccess.c). Results are the kernel's: 0, −errno, or bytes not
 * copied. What the kernel code does wrong is a finding of the machine.
 */
export class UserAccess {
  readonly #task: Caller;

  constructor(task: Caller) {
    this.#task = task;
  }

  get #core(): CoreExports {
    return this.#task.machine.exports;
  }

  get #cpu(): number {
    return this.#task.cpu;
  }

  #constant(name: ConstantName): number {
    return this.#task.machine.constant(name);
  }

  #pointer(address: Address): Halves {
    return this.#task.machine.word(address, "address");
  }

  #linear(argument: string, buffer: KernelBuffer): number {
    return KernelBuffer.linearOf(argument, buffer, this.#task.machine);
  }

  /** get_user. */
  getUser(address: Address, size: ValueSize): GetResult {
    return this.#get(singleForms.checked, address, size);
  }

  /** __get_user: no range check (arm64 checks all the same). */
  getUserUnchecked(address: Address, size: ValueSize): GetResult {
    return this.#get(singleForms.unchecked, address, size);
  }

  /** unsafe_get_user inside an open block; an error stands for the jump to the label. */
  unsafeGetUser(address: Address, size: ValueSize): GetResult {
    return this.#get(singleForms.unsafe, address, size);
  }

  /**
   * An ordinary load of kernel code from a user pointer (memcpy by mistake): without a fixup, so what cannot be done is
   * an oops on every architecture.
   */
  plainLoad(address: Address, size: ValueSize): GetResult {
    return this.#get(singleForms.plain, address, size);
  }

  #get(form: ConstantName, address: Address, size: ValueSize): GetResult {
    const { lo, hi } = this.#pointer(address);
    const error = this.#core.getValue(this.#cpu, this.#constant(form), lo, hi, checkedSize(size));
    return { error, value: error === 0 ? this.#value() : 0n };
  }

  #value(): bigint {
    return join(this.#core.readValueLow(this.#cpu), this.#core.readValueHigh(this.#cpu));
  }

  /** put_user: 0 or −EFAULT. The value is cut to `size`. */
  putUser(address: Address, size: ValueSize, value: Address): number {
    return this.#put(singleForms.checked, address, size, value);
  }

  putUserUnchecked(address: Address, size: ValueSize, value: Address): number {
    return this.#put(singleForms.unchecked, address, size, value);
  }

  unsafePutUser(address: Address, size: ValueSize, value: Address): number {
    return this.#put(singleForms.unsafe, address, size, value);
  }

  /** An ordinary store of kernel code to a user pointer, likewise without a fixup. */
  plainStore(address: Address, size: ValueSize, value: Address): number {
    return this.#put(singleForms.plain, address, size, value);
  }

  #put(form: ConstantName, address: Address, size: ValueSize, value: Address): number {
    const { lo, hi } = this.#pointer(address);
    const word = halves(value, "value");
    return this.#core.putValue(
      this.#cpu,
      this.#constant(form),
      lo,
      hi,
      checkedSize(size),
      word.lo,
      word.hi,
    );
  }

  /** copy_from_user: bytes not copied; they are zeroed in the buffer. */
  copyFromUser(to: KernelBuffer, address: Address, length: number, offset = 0): number {
    return this.#copyIn(copyForms.checked, to, address, length, offset);
  }

  /** __copy_from_user: no range check, the tail untouched. */
  copyFromUserUnchecked(to: KernelBuffer, address: Address, length: number, offset = 0): number {
    return this.#copyIn(copyForms.unchecked, to, address, length, offset);
  }

  /** __copy_from_user_inatomic and its _nocache form: likewise, and allowed where nobody may sleep. */
  copyFromUserInatomic(to: KernelBuffer, address: Address, length: number, offset = 0): number {
    return this.#copyIn(copyForms.inatomic, to, address, length, offset);
  }

  /** copy_from_user_nofault: 0 or −EFAULT. */
  copyFromUserNofault(to: KernelBuffer, address: Address, length: number, offset = 0): number {
    return this.#copyIn(copyForms.nofault, to, address, length, offset);
  }

  /** copy_from_user_nmi: bytes not copied, nothing zeroed. */
  copyFromUserNmi(to: KernelBuffer, address: Address, length: number, offset = 0): number {
    return this.#copyIn(copyForms.nmi, to, address, length, offset);
  }

  #copyIn(
    form: ConstantName,
    to: KernelBuffer,
    address: Address,
    length: number,
    offset: number,
  ): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.copyIn(
      this.#cpu,
      this.#constant(form),
      this.#linear("to", to) + checkedOffset(to, offset, length),
      lo,
      hi,
      checkedLength(length),
    );
  }

  /** copy_to_user: bytes not copied. */
  copyToUser(address: Address, from: KernelBuffer, length: number, offset = 0): number {
    return this.#copyOut(copyForms.checked, address, from, length, offset);
  }

  /** __copy_to_user: no range check. */
  copyToUserUnchecked(address: Address, from: KernelBuffer, length: number, offset = 0): number {
    return this.#copyOut(copyForms.unchecked, address, from, length, offset);
  }

  /** __copy_to_user_inatomic: likewise, and allowed where nobody may sleep. */
  copyToUserInatomic(address: Address, from: KernelBuffer, length: number, offset = 0): number {
    return this.#copyOut(copyForms.inatomic, address, from, length, offset);
  }

  /** copy_to_user_nofault: 0 or −EFAULT. */
  copyToUserNofault(address: Address, from: KernelBuffer, length: number, offset = 0): number {
    return this.#copyOut(copyForms.nofault, address, from, length, offset);
  }

  /** unsafe_copy_to_user inside an open block: 0, or −EFAULT for the jump to the label. */
  unsafeCopyToUser(address: Address, from: KernelBuffer, length: number, offset = 0): number {
    return this.#copyOut(copyForms.unsafe, address, from, length, offset);
  }

  #copyOut(
    form: ConstantName,
    address: Address,
    from: KernelBuffer,
    length: number,
    offset: number,
  ): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.copyOut(
      this.#cpu,
      this.#constant(form),
      lo,
      hi,
      this.#linear("from", from) + checkedOffset(from, offset, length),
      checkedLength(length),
    );
  }

  /** clear_user: bytes not cleared. */
  clearUser(address: Address, length: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.clearOut(
      this.#cpu,
      this.#constant(copyForms.checked),
      lo,
      hi,
      checkedLength(length),
    );
  }

  /** __clear_user: without the range check. */
  clearUserUnchecked(address: Address, length: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.clearOut(
      this.#cpu,
      this.#constant(copyForms.unchecked),
      lo,
      hi,
      checkedLength(length),
    );
  }

  /** copy_from_kernel_nofault: 0, −ERANGE, −EFAULT. `address` is a kernel pointer. */
  copyFromKernelNofault(to: KernelBuffer, address: Address, length: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.copyKernelNofault(this.#linear("to", to), lo, hi, checkedLength(length));
  }

  /** strncpy_from_user: length without the NUL, `limit` if there was none, −EFAULT. */
  strncpyFromUser(to: KernelBuffer, address: Address, limit: number): number {
    return this.#string("STRING_PLAIN", to, address, limit);
  }

  strncpyFromUserNofault(to: KernelBuffer, address: Address, limit: number): number {
    return this.#string("STRING_NOFAULT", to, address, limit);
  }

  #string(form: ConstantName, to: KernelBuffer, address: Address, limit: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.stringIn(
      this.#cpu,
      this.#constant(form),
      this.#linear("to", to),
      lo,
      hi,
      checkedLimit(limit),
    );
  }

  /** strnlen_user: length with the NUL, 0 on a fault, more than `limit` if there was no NUL. */
  strnlenUser(address: Address, limit: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.stringLength(
      this.#cpu,
      this.#constant("STRING_PLAIN"),
      lo,
      hi,
      checkedLimit(limit),
    );
  }

  strnlenUserNofault(address: Address, limit: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.stringLength(
      this.#cpu,
      this.#constant("STRING_NOFAULT"),
      lo,
      hi,
      checkedLimit(limit),
    );
  }

  /** strncpy_from_kernel_nofault: length with the NUL, −ERANGE, −EFAULT. */
  strncpyFromKernelNofault(to: KernelBuffer, address: Address, limit: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.stringFromKernel(this.#linear("to", to), lo, hi, checkedLimit(limit));
  }

  /** check_zeroed_user: 1 all zero, 0 not, −EFAULT. */
  checkZeroedUser(address: Address, length: number): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.zeroedCheck(this.#cpu, lo, hi, checkedLength(length));
  }

  /** copy_struct_from_user: 0, −E2BIG, −EFAULT. */
  copyStructFromUser(
    to: KernelBuffer,
    kernelSize: number,
    address: Address,
    userSize: number,
  ): number {
    const { lo, hi } = this.#pointer(address);
    return this.#core.structIn(
      this.#cpu,
      this.#linear("to", to),
      checkedLength(kernelSize),
      lo,
      hi,
      checkedLength(userSize),
    );
  }

  /**
   * copy_struct_to_user: 0, −E2BIG, −EFAULT, and what `ignored_trailing` becomes in the given reading (false after an
   * error).
   */
  copyStructToUser(
    address: Address,
    userSize: number,
    from: KernelBuffer,
    kernelSize: number,
    trailing: IgnoredTrailing = "documented",
  ): { error: number; ignoredTrailing: boolean } {
    const { lo, hi } = this.#pointer(address);
    const error = this.#core.structOut(
      this.#cpu,
      lo,
      hi,
      checkedLength(userSize),
      this.#linear("from", from),
      checkedLength(kernelSize),
      this.#constant(
        trailings[oneOf("trailing", trailing, Object.keys(trailings) as IgnoredTrailing[])],
      ),
    );
    return { error, ignoredTrailing: error === 0 && this.#value() !== 0n };
  }

  /** access_ok for a size that is a variable. */
  accessOk(address: Address, size: Address): boolean {
    return this.#rangeOk(address, size, 0);
  }

  /** access_ok for a size known when the kernel is built. */
  accessOkConstant(address: Address, size: Address): boolean {
    return this.#rangeOk(address, size, 1);
  }

  #rangeOk(address: Address, size: Address, fixed: number): boolean {
    const { lo, hi } = this.#pointer(address);
    const bytes = this.#task.machine.word(size, "size");
    return this.#core.rangeOk(this.#cpu, lo, hi, bytes.lo, bytes.hi, fixed) !== 0;
  }

  /** user_access_begin in one direction (or both): false when the range is refused, with the guard untouched. */
  begin(direction: Direction, address: Address, length: number): boolean {
    const { lo, hi } = this.#pointer(address);
    return (
      this.#core.accessBegin(
        this.#cpu,
        lo,
        hi,
        checkedLength(length),
        this.#direction(direction),
      ) !== 0
    );
  }

  /**
   * masked_user_access_begin: the pointer to use instead, or null where this build of the kernel cannot mask.
   * The length is not checked.
   */
  beginMasked(direction: Direction, address: Address): bigint | null {
    const { lo, hi } = this.#pointer(address);
    const open = this.#core.accessBeginMasked(this.#cpu, lo, hi, this.#direction(direction));
    return open === 0 ? null : this.#value();
  }

  /** user_access_end. */
  end(direction: Direction): void {
    this.#core.accessEnd(this.#cpu, this.#direction(direction));
  }

  /**
   * scoped_user_*_access: opens (masked where that is possible), runs `body` with the pointer to use, and closes on
   * every way out. Answers −EFAULT when the range is refused, else what `body` returns.
   */
  scoped(
    direction: Direction,
    address: Address,
    length: number,
    body: (pointer: Address) => number,
  ): number {
    const { lo, hi } = this.#pointer(address);
    callback("body", body);
    checkedLength(length);
    this.#direction(direction);
    this.#core.scopeEnter(this.#cpu, lo, hi);
    const masked = this.beginMasked(direction, address);
    if (masked === null && !this.begin(direction, address, length)) return -EFAULT;
    try {
      return body(masked ?? address);
    } finally {
      this.end(direction);
    }
  }

  /** get_user_inline: a scoped read of one value; the value is not promised to be zero after a failure. */
  getUserInline(address: Address, size: ValueSize): GetResult {
    let value = 0n;
    const error = this.scoped("read", address, checkedSize(size), (pointer) => {
      const got = this.unsafeGetUser(pointer, size);
      value = got.value;
      return got.error;
    });
    return { error, value };
  }

  /** put_user_inline: a scoped write of one value. */
  putUserInline(address: Address, size: ValueSize, value: Address): number {
    return this.scoped("write", address, checkedSize(size), (pointer) =>
      this.unsafePutUser(pointer, size, value),
    );
  }

  /** user_access_save: closes the guard and says how it was, for {@link restore}. */
  save(): number {
    return this.#core.accessSave(this.#cpu);
  }

  /** user_access_restore. Only the bits that {@link save} gives mean anything; in others any word is good. */
  restore(saved: number): void {
    this.#core.accessRestore(this.#cpu, wholeNumber("saved", saved, 0, MAX_TOKEN));
  }

  #direction(direction: Direction): number {
    return this.#constant(
      directions[oneOf("direction", direction, Object.keys(directions) as Direction[])],
    );
  }

  /** Which directions are open now; a guard that never closes shows as closed. */
  get openDirections(): { read: boolean; write: boolean } {
    const open = this.#core.guardDirections(this.#cpu);
    return {
      read: (open & this.#constant("DIRECTION_READ")) !== 0,
      write: (open & this.#constant("DIRECTION_WRITE")) !== 0,
    };
  }

  /** pagefault_disable; nests. */
  pagefaultDisable(): void {
    this.#core.disablePagefaults(this.#cpu);
  }

  pagefaultEnable(): void {
    this.#core.enablePagefaults(this.#cpu);
  }

  /** preempt_disable on the task's CPU; nests. No legal way to forbid repair, but it does. */
  preemptDisable(): void {
    this.#core.disablePreemption(this.#cpu);
  }

  preemptEnable(): void {
    this.#core.enablePreemption(this.#cpu);
  }

  /** Runs the task's CPU in another context: in all but "task" no fault is repaired. */
  setContext(context: CpuContext): void {
    this.#core.setContext(
      this.#cpu,
      this.#constant(contexts[oneOf("context", context, Object.keys(contexts) as CpuContext[])]),
    );
  }

  /** A kernel function begins; on PowerPC the compiler's knowledge of earlier range checks ends with it. */
  enterFunction(address: Address = 0): void {
    const { lo, hi } = this.#pointer(address);
    this.#core.beginFunction(this.#cpu, lo, hi);
  }

  /** The system call returns to user mode: the guard must be closed, or it is a finding. */
  returnToUser(): void {
    this.#core.returnToUser(this.#cpu);
  }

  /** The task is about to sleep: the guard must be closed, or it is a finding. */
  sleep(): void {
    this.#core.aboutToSleep(this.#cpu);
  }
}

const EFAULT = 14;

/** Any other size must fail when the kernel is built, so here it is a mistake of the caller. */
function checkedSize(size: number): number {
  if (size === 1 || size === 2 || size === 4 || size === 8) return size;
  throw wrong("size", size, "1, 2, 4 or 8");
}

function checkedLength(length: number): number {
  return wholeNumber("length", length, 0, MAX_LENGTH);
}

/** String limits may be zero or negative, as in the kernel. */
function checkedLimit(limit: number): number {
  return wholeNumber("limit", limit, -MAX_LENGTH, MAX_LENGTH);
}

/** A length may run past the buffer's end, which is the kernel code's mistake; a first byte beyond it means nothing. */
function checkedOffset(buffer: KernelBuffer, offset: number, length: number): number {
  return wholeNumber("offset", offset, 0, buffer.length - (length === 0 ? 0 : 1));
}
