import { checkOptions, flag, optional, type Shape } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import type { Address } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";

/** How a fault may be fixed up. */
export interface FixupOptions {
  readonly mayRetry?: boolean;
}

export interface FixupAnswer {
  /** 0 or −errno. */
  readonly result: number;
  /** The mmap lock was let go, so that mappings may be others than before. */
  readonly unlocked: boolean;
}

const fixupOptions: Shape<FixupOptions> = { mayRetry: optional(flag) };

/** What a program does to a page, by the core's name for it. */
const touches = { read: "ACCESS_READ", write: "ACCESS_WRITE" } as const;

export type Touch = keyof typeof touches;

/** The core's name. @throws UsageError for what is no access */
export function touchConstant(access: Touch): (typeof touches)[Touch] {
  return touches[oneOf("access", access, Object.keys(touches) as Touch[])];
}

/** Whose memory it is, and the CPU that asks. */
interface Caller {
  readonly machine: CoreMemory;
  readonly cpu: number;
  readonly handle: number;
}

/** fixup_user_fault. */
export function fixupFaultOf(
  { machine, cpu, handle }: Caller,
  at: Address,
  access: Touch,
  options: FixupOptions,
): FixupAnswer {
  checkOptions("options", options, fixupOptions);
  const { lo, hi } = machine.word(at, "at");
  const kind = machine.constant(touchConstant(access));
  const mayRetry = options.mayRetry === true ? 1 : 0;
  const result = machine.exports.fixupFault(cpu, handle, lo, hi, kind, mayRetry);
  return { result, unlocked: machine.exports.readValueLow(cpu) !== 0 };
}
