import { checkOptions, flag, optional } from "../../base/checks.ts";
import { FaultlineError } from "../../base/errors.ts";
import { halves, join, type Address } from "../../machine/address.ts";
import { madeTask, type Task } from "../../machine/task.ts";

/** Where a leaf of the page tables stands. */
export type FolioWalkLevel = "PTE" | "PMD" | "PUD";
const levels: readonly (FolioWalkLevel | undefined)[] = [undefined, "PTE", "PMD", "PUD"];

export interface FolioWalkOptions {
  /** FW_ZEROPAGE: the zero pages are found too. */
  readonly zeroPage?: boolean;
  /** FW_VMA_LOCKED: under the VMA's own lock instead of the mmap lock; hugetlb areas are refused. */
  readonly vmaLocked?: boolean;
}

/** A leaf that a walk found. */
export interface FolioWalk {
  readonly level: FolioWalkLevel;
  readonly entry: bigint;
  /** False: a zero page, behind which there is no page. */
  readonly hasPage: boolean;
}

/**
 * folio_walk_start and folio_walk_end (mm/pagewalk.c, 7.2): the leaf that maps an address of the target; null where
 * nothing is present, and for what has no ordinary page.
 * @throws FaultlineError "locked" where the lock cannot be had at once
 */
export function folioWalk(
  caller: Task,
  target: Task,
  at: Address,
  options: FolioWalkOptions = {},
): FolioWalk | null {
  madeTask("caller", caller);
  checkOptions("options", options, { zeroPage: optional(flag), vmaLocked: optional(flag) });
  const { machine, cpu } = caller;
  caller.runOn(cpu);
  const { lo, hi } = halves(at, "at");
  const flags =
    (options.zeroPage === true ? machine.constant("FW_ZEROPAGE") : 0) |
    (options.vmaLocked === true ? machine.constant("FW_VMA_LOCKED") : 0);
  const level = machine.exports.folioWalk(cpu, target.handleOn(machine), lo, hi, flags);
  if (level < 0) throw new FaultlineError("locked", "the lock of the address space is held");
  const name = levels[level];
  if (name === undefined) return null;
  const entry = join(machine.exports.readValueLow(cpu), machine.exports.readValueHigh(cpu));
  return {
    level: name,
    entry,
    hasPage: (entry & BigInt(machine.constant("ENTRY_SPECIAL"))) === 0n,
  };
}
