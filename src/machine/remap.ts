import { checkOptions, flag, optional, type Shape } from "../base/checks.ts";
import { anyAddress, join, type Address } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";
import { unmapped } from "./unmapped.ts";

/** mremap's flags, and the address that two of them are about. */
export interface RemapOptions {
  /** MREMAP_MAYMOVE: another place will do where the mapping cannot grow. */
  readonly mayMove?: boolean;
  /** MREMAP_FIXED: to `newAddress`, in the place of what is there. Needs `mayMove`. */
  readonly fixed?: boolean;
  /** MREMAP_DONTUNMAP: the old mapping stays, without its pages. Needs `mayMove`; alone, `newAddress` is a wish. */
  readonly dontUnmap?: boolean;
  readonly newAddress?: Address;
}

const remapOptions: Shape<RemapOptions> = {
  mayMove: optional(flag),
  fixed: optional(flag),
  dontUnmap: optional(flag),
  newAddress: optional(anyAddress),
};

const flagConstants = [
  ["mayMove", "MREMAP_MAYMOVE"],
  ["fixed", "MREMAP_FIXED"],
  ["dontUnmap", "MREMAP_DONTUNMAP"],
] as const;

/** What a task has that asks for it. */
interface Caller {
  readonly machine: CoreMemory;
  readonly cpu: number;
  readonly handle: number;
}

/** mremap: the mapping's address, or −errno. */
export function remapOf(
  { machine, cpu, handle }: Caller,
  at: Address,
  oldLength: Address,
  newLength: Address,
  options: RemapOptions,
): bigint | number {
  checkOptions("options", options, remapOptions);
  const start = machine.word(at, "at");
  const from = machine.word(oldLength, "oldLength");
  const to = machine.word(newLength, "newLength");
  const target = machine.word(options.newAddress ?? 0, "newAddress");
  const flags = flagConstants
    .filter(([name]) => options[name] === true)
    .reduce((bits, [, constant]) => bits | machine.constant(constant), 0);
  const { exports } = machine;
  const result = exports.remapMemory(
    cpu,
    handle,
    start.lo,
    start.hi,
    from.lo,
    from.hi,
    to.lo,
    to.hi,
    flags,
    target.lo,
    target.hi,
  );
  const answer =
    result === 0 ? join(exports.readValueLow(cpu), exports.readValueHigh(cpu)) : result;
  unmapped(machine);
  return answer;
}
