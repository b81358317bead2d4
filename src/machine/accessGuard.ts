import { callback, wholeNumber } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import type { Address } from "./address.ts";
import { KernelCaller, checkedLength, type Caller } from "./kernelCaller.ts";

const EFAULT = 14;
const MAX_TOKEN = 2 ** 32 - 1;

const directions = {
  read: "DIRECTION_READ",
  write: "DIRECTION_WRITE",
  both: "DIRECTION_BOTH",
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
 * What kernel code does before and after it touches user memory: the range check, the guard's opening and closing, and
 * the context that says whether a fault may be repaired (include/linux/uaccess.h). What is done wrong is a finding of
 * the machine.
 */
export class AccessGuard {
  protected readonly caller: KernelCaller;

  constructor(task: Caller) {
    this.caller = new KernelCaller(task);
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
    const { lo, hi } = this.caller.pointer(address);
    const bytes = this.caller.machine.word(size, "size");
    return this.caller.core.rangeOk(this.caller.cpu, lo, hi, bytes.lo, bytes.hi, fixed) !== 0;
  }

  /** user_access_begin in one direction (or both): false when the range is refused, with the guard untouched. */
  begin(direction: Direction, address: Address, length: number): boolean {
    const { lo, hi } = this.caller.pointer(address);
    return (
      this.caller.core.accessBegin(
        this.caller.cpu,
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
    const { lo, hi } = this.caller.pointer(address);
    const open = this.caller.core.accessBeginMasked(
      this.caller.cpu,
      lo,
      hi,
      this.#direction(direction),
    );
    return open === 0 ? null : this.caller.value();
  }

  /** user_access_end. */
  end(direction: Direction): void {
    this.caller.core.accessEnd(this.caller.cpu, this.#direction(direction));
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
    const { lo, hi } = this.caller.pointer(address);
    callback("body", body);
    checkedLength(length);
    this.#direction(direction);
    this.caller.core.scopeEnter(this.caller.cpu, lo, hi);
    const masked = this.beginMasked(direction, address);
    if (masked === null && !this.begin(direction, address, length)) return -EFAULT;
    try {
      return body(masked ?? address);
    } finally {
      this.end(direction);
    }
  }

  /** user_access_save: closes the guard and says how it was, for {@link restore}. */
  save(): number {
    return this.caller.core.accessSave(this.caller.cpu);
  }

  /** user_access_restore. Only the bits that {@link save} gives mean anything; in others any word is good. */
  restore(saved: number): void {
    this.caller.core.accessRestore(this.caller.cpu, wholeNumber("saved", saved, 0, MAX_TOKEN));
  }

  #direction(direction: Direction): number {
    return this.caller.constant(
      directions[oneOf("direction", direction, Object.keys(directions) as Direction[])],
    );
  }

  /** Which directions are open now; a guard that never closes shows as closed. */
  get openDirections(): { read: boolean; write: boolean } {
    const open = this.caller.core.guardDirections(this.caller.cpu);
    return {
      read: (open & this.caller.constant("DIRECTION_READ")) !== 0,
      write: (open & this.caller.constant("DIRECTION_WRITE")) !== 0,
    };
  }

  /** pagefault_disable; nests. */
  pagefaultDisable(): void {
    this.caller.core.disablePagefaults(this.caller.cpu);
  }

  pagefaultEnable(): void {
    this.caller.core.enablePagefaults(this.caller.cpu);
  }

  /** preempt_disable on the task's CPU; nests. No legal way to forbid repair, but it does. */
  preemptDisable(): void {
    this.caller.core.disablePreemption(this.caller.cpu);
  }

  preemptEnable(): void {
    this.caller.core.enablePreemption(this.caller.cpu);
  }

  /** Runs the task's CPU in another context: in all but "task" no fault is repaired. */
  setContext(context: CpuContext): void {
    this.caller.core.setContext(
      this.caller.cpu,
      this.caller.constant(
        contexts[oneOf("context", context, Object.keys(contexts) as CpuContext[])],
      ),
    );
  }

  /** A kernel function begins; on PowerPC the compiler's knowledge of earlier range checks ends with it. */
  enterFunction(address: Address = 0): void {
    const { lo, hi } = this.caller.pointer(address);
    this.caller.core.beginFunction(this.caller.cpu, lo, hi);
  }

  /** The system call returns to user mode: the guard must be closed, or it is a finding. */
  returnToUser(): void {
    this.caller.core.returnToUser(this.caller.cpu);
  }

  /** The task is about to sleep: the guard must be closed, or it is a finding. */
  sleep(): void {
    this.caller.core.aboutToSleep(this.caller.cpu);
  }
}
