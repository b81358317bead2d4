import { wholeNumber, wrong } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import type { ConstantName } from "../core/exports.ts";
import { AccessGuard } from "./accessGuard.ts";
import { halves, type Address } from "./address.ts";
import type { KernelBuffer } from "./kernelBuffer.ts";
import { checkedLength, checkedLimit } from "./kernelCaller.ts";

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
const trailings = {
  documented: "TRAILING_DOCUMENTED",
  literal: "TRAILING_LITERAL",
} as const;
/**
 * What copy_struct_to_user reports as `ignored_trailing`. "documented": the user's structure is the shorter and hides a
 * byte that is not zero. "literal": what the code of v6.13 to v7.1 computes, which compares the sizes the wrong way
 * round and so looks at kernel memory behind a structure that is the shorter.
 */
export type IgnoredTrailing = keyof typeof trailings;

/**
 * Every primitive of the kernel's user-access interface, run by one task's kernel code on its CPU: here what moves
 * data, on top of the guard and the context (include/linux/uaccess.h, lib/usercopy.c, mm/maccess.c). Results are the
 * kernel's: 0, −errno, or bytes not copied. What the kernel code does wrong is a finding of the machine.
 */
export class UserAccess extends AccessGuard {
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
    const { lo, hi } = this.caller.pointer(address);
    const error = this.caller.core.getValue(
      this.caller.cpu,
      this.caller.constant(form),
      lo,
      hi,
      checkedSize(size),
    );
    return { error, value: error === 0 ? this.caller.value() : 0n };
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
    const { lo, hi } = this.caller.pointer(address);
    const word = halves(value, "value");
    return this.caller.core.putValue(
      this.caller.cpu,
      this.caller.constant(form),
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
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.copyIn(
      this.caller.cpu,
      this.caller.constant(form),
      this.caller.linear("to", to) + checkedOffset(to, offset, length),
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
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.copyOut(
      this.caller.cpu,
      this.caller.constant(form),
      lo,
      hi,
      this.caller.linear("from", from) + checkedOffset(from, offset, length),
      checkedLength(length),
    );
  }

  /** clear_user: bytes not cleared. */
  clearUser(address: Address, length: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.clearOut(
      this.caller.cpu,
      this.caller.constant(copyForms.checked),
      lo,
      hi,
      checkedLength(length),
    );
  }

  /** __clear_user: without the range check. */
  clearUserUnchecked(address: Address, length: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.clearOut(
      this.caller.cpu,
      this.caller.constant(copyForms.unchecked),
      lo,
      hi,
      checkedLength(length),
    );
  }

  /** copy_from_kernel_nofault: 0, −ERANGE, −EFAULT. `address` is a kernel pointer. */
  copyFromKernelNofault(to: KernelBuffer, address: Address, length: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.copyKernelNofault(
      this.caller.linear("to", to),
      lo,
      hi,
      checkedLength(length),
    );
  }

  /** strncpy_from_user: length without the NUL, `limit` if there was none, −EFAULT. */
  strncpyFromUser(to: KernelBuffer, address: Address, limit: number): number {
    return this.#string("STRING_PLAIN", to, address, limit);
  }

  strncpyFromUserNofault(to: KernelBuffer, address: Address, limit: number): number {
    return this.#string("STRING_NOFAULT", to, address, limit);
  }

  #string(form: ConstantName, to: KernelBuffer, address: Address, limit: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.stringIn(
      this.caller.cpu,
      this.caller.constant(form),
      this.caller.linear("to", to),
      lo,
      hi,
      checkedLimit(limit),
    );
  }

  /** strnlen_user: length with the NUL, 0 on a fault, more than `limit` if there was no NUL. */
  strnlenUser(address: Address, limit: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.stringLength(
      this.caller.cpu,
      this.caller.constant("STRING_PLAIN"),
      lo,
      hi,
      checkedLimit(limit),
    );
  }

  strnlenUserNofault(address: Address, limit: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.stringLength(
      this.caller.cpu,
      this.caller.constant("STRING_NOFAULT"),
      lo,
      hi,
      checkedLimit(limit),
    );
  }

  /** strncpy_from_kernel_nofault: length with the NUL, −ERANGE, −EFAULT. */
  strncpyFromKernelNofault(to: KernelBuffer, address: Address, limit: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.stringFromKernel(
      this.caller.linear("to", to),
      lo,
      hi,
      checkedLimit(limit),
    );
  }

  /** check_zeroed_user: 1 all zero, 0 not, −EFAULT. */
  checkZeroedUser(address: Address, length: number): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.zeroedCheck(this.caller.cpu, lo, hi, checkedLength(length));
  }

  /** copy_struct_from_user: 0, −E2BIG, −EFAULT. */
  copyStructFromUser(
    to: KernelBuffer,
    kernelSize: number,
    address: Address,
    userSize: number,
  ): number {
    const { lo, hi } = this.caller.pointer(address);
    return this.caller.core.structIn(
      this.caller.cpu,
      this.caller.linear("to", to),
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
    const { lo, hi } = this.caller.pointer(address);
    const error = this.caller.core.structOut(
      this.caller.cpu,
      lo,
      hi,
      checkedLength(userSize),
      this.caller.linear("from", from),
      checkedLength(kernelSize),
      this.caller.constant(
        trailings[oneOf("trailing", trailing, Object.keys(trailings) as IgnoredTrailing[])],
      ),
    );
    return { error, ignoredTrailing: error === 0 && this.caller.value() !== 0n };
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
}

/** Any other size must fail when the kernel is built, so here it is a mistake of the caller. */
function checkedSize(size: number): number {
  if (size === 1 || size === 2 || size === 4 || size === 8) return size;
  throw wrong("size", size, "1, 2, 4 or 8");
}

/** A length may run past the buffer's end, which is the kernel code's mistake; a first byte beyond it means nothing. */
function checkedOffset(buffer: KernelBuffer, offset: number, length: number): number {
  return wholeNumber("offset", offset, 0, buffer.length - (length === 0 ? 0 : 1));
}
