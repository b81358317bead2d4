/** The cases of the futex as they stand in the traces (test/golden/futex/README.md). */

import type { HexText } from "../base/trace.ts";

/** A 32-bit word: a number, or an owner's name such as "T2|W". */
export type OwnerWord = string;

/** A whole number; one that a JavaScript number may not hold is a 64-bit word. */
export type LongInteger = number | HexText;

/** A time: what it counts from, seconds and nanoseconds; or a pointer. */
export type TimeSpec =
  readonly ["raw" | "mono+" | "real+", LongInteger, LongInteger] | readonly ["ptr", HexText];

interface OfThread {
  /** The thread that does it. */
  readonly t: number;
}

interface OfRange extends OfThread {
  readonly addr: HexText;
  readonly len: number;
}

export type SetupOperation =
  | (OfRange & {
      op: "mmap";
      prot: string;
      flags: string;
      file?: number;
      off?: number;
    })
  | (OfRange & { op: "munmap" })
  | (OfRange & { op: "mprotect"; prot: string })
  | (OfRange & { op: "madvise"; advice: "dontneed" | "guard_install" })
  | (OfRange & { op: "mremap"; to: HexText })
  | (OfThread & { op: "thread" | "proc"; to: number })
  | (OfThread & { op: "store"; addr: HexText; val: OwnerWord })
  | (OfThread & { op: "store8"; addr: HexText; val: HexText })
  | (OfThread & { op: "sched"; policy: "fifo"; prio: number })
  | (OfThread & { op: "set_robust_list"; head: HexText; len: LongInteger })
  | (OfThread & { op: "set_tid_address"; addr: HexText })
  | (OfThread & {
      op: "robust_chain";
      head: HexText;
      first: HexText;
      count: number;
      stride: number;
      offset: number;
      val: OwnerWord;
    });

/** An entry of futex_waitv: value, address, flags, reserved. */
export type WaiterRow = readonly [HexText, HexText, number, number];

export type StepOperation =
  | SetupOperation
  | (OfThread & {
      op: "futex";
      cmd: string;
      flags: readonly ("private" | "realtime")[];
      extra_flags?: number;
      uaddr: HexText;
      val: OwnerWord;
      timeout?: TimeSpec;
      val2?: number;
      uaddr2?: HexText;
      val3?: HexText;
    })
  | (OfThread & {
      op: "waitv";
      waiters: readonly WaiterRow[];
      flags: number;
      timeout: TimeSpec | null;
      clock: number;
      list_ptr?: HexText;
    })
  | (OfThread & { op: "futex_wake"; uaddr: HexText; mask: HexText; nr: number; flags: number })
  | (OfThread & {
      op: "futex_wait";
      uaddr: HexText;
      val: HexText;
      mask: HexText;
      flags: number;
      timeout: TimeSpec | null;
      clock: number;
    })
  | (OfThread & {
      op: "futex_requeue";
      waiters: readonly WaiterRow[];
      flags: number;
      nr_wake: number;
      nr_requeue: number;
    })
  | (OfThread & { op: "get_robust_list"; who: "self" })
  | (OfThread & { op: "exit" | "prio" | "join" })
  | (OfThread & { op: "contend"; mode: number; threads: number; count: number; addr: HexText });

/** The operation of one name among several. */
export type OperationOf<Op extends StepOperation["op"]> = Extract<StepOperation, { op: Op }>;

/** A thread that had slept and whose call returned. */
export interface ReturnedRow {
  readonly t: number;
  readonly ret: number;
  readonly errno: string;
}

/** A step and what was recorded of it. */
export type FutexStep = StepOperation & {
  readonly ret?: number;
  readonly errno?: string;
  readonly blocked?: boolean;
  readonly skipped?: boolean;
  readonly wait_return?: boolean;
  readonly returned?: readonly ReturnedRow[];
  readonly words?: readonly (OwnerWord | null)[];
  readonly head_read?: HexText;
  readonly len_read?: HexText | number;
  readonly counter?: number;
};

/** A word that is observed; with `owner` its value is written as an owner's name where it is one. */
export interface ObservedWord {
  readonly addr: HexText;
  readonly owner: boolean;
}

export interface FutexCase {
  readonly id: string;
  readonly kind: string;
  readonly kernel: string;
  readonly setup: {
    readonly ops: readonly (SetupOperation & { ret?: number; errno?: string })[];
    readonly words: readonly ObservedWord[];
  };
  readonly start: { readonly words: readonly (OwnerWord | null)[] };
  readonly steps: readonly FutexStep[];
  readonly end_blocked: readonly number[];
}
