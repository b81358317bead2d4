import { checkOptions, flag, optional, type Shape } from "../../base/checks.ts";
import { FaultlineError } from "../../base/errors.ts";
import { halves, join, type Address } from "../../machine/address.ts";
import type { Machine } from "../../machine/machine.ts";
import { folioOrder, type PageSize } from "../../machine/pageSize.ts";
import { madeTask, type Task } from "../../machine/task.ts";

/** Where a leaf of the page tables stands: its last level, one above it (2 MiB), or two (1 GiB). */
export type FolioWalkLevel = "PTE" | "PMD" | "PUD";

/** Levels as the core numbers them, from 1 on, and what a leaf there maps. */
const levels: readonly (readonly [FolioWalkLevel, PageSize])[] = [
  ["PTE", "4K"],
  ["PMD", "2M"],
  ["PUD", "1G"],
];

export interface FolioWalkOptions {
  /** FW_ZEROPAGE: the zero pages are found too. Default false. */
  readonly zeroPage?: boolean;
  /**
   * FW_VMA_LOCKED: under the lock of the address's area instead of the mmap lock; areas of MAP_HUGETLB are refused then.
   * Default false.
   */
  readonly vmaLocked?: boolean;
}

/** A leaf that a walk found. */
export interface FolioWalk {
  readonly level: FolioWalkLevel;
  /** The page-table entry, with the x86 bits. */
  readonly entry: bigint;
  /** Number of the 4-KiB frame that the address lies in; null for a zero page, behind which there is no page to use. */
  readonly frame: number | null;
}

const folioWalkOptions: Shape<FolioWalkOptions> = {
  zeroPage: optional(flag),
  vmaLocked: optional(flag),
};

/**
 * folio_walk_start and, once the leaf was looked at, folio_walk_end (mm/pagewalk.c, 7.2; FW_VMA_LOCKED is of the series
 * of June 2026), as kernel code of `caller` makes them on `target`'s address space: the leaf that maps an address. Null
 * where nothing is mapped or present, and for what has no ordinary page: guard markers, memory mapped by its frames'
 * numbers, zero pages unless they are asked for. No reference is taken, and no accessed bit set.
 * @param at an address of the target's, of up to 64 bits
 * @throws UsageError for tasks of different machines; FaultlineError "locked" where the lock is held and cannot be waited
 *   for, as an area's own never is
 */
export function folioWalk(
  caller: Task,
  target: Task,
  at: Address,
  options: FolioWalkOptions = {},
): FolioWalk | null {
  madeTask("caller", caller);
  madeTask("target", target);
  checkOptions("options", options, folioWalkOptions);
  const { machine, cpu } = caller;
  const { lo, hi } = halves(at, "at");
  const handle = target.handleOn(machine);
  caller.runOn(cpu);
  const level = machine.exports.folioWalk(cpu, handle, lo, hi, flagsOf(machine, options));
  if (level < 0) throw new FaultlineError("locked", "the lock of the address is held");
  const found = levels[level - 1];
  if (found === undefined) return null;
  const entry = join(machine.exports.readValueLow(cpu), machine.exports.readValueHigh(cpu));
  return { level: found[0], entry, frame: frameOf(machine, entry, found[1], BigInt(at)) };
}

function flagsOf(machine: Machine, { zeroPage, vmaLocked }: FolioWalkOptions): number {
  return (
    (zeroPage === true ? machine.constant("FW_ZEROPAGE") : 0) |
    (vmaLocked === true ? machine.constant("FW_VMA_LOCKED") : 0)
  );
}

function frameOf(machine: Machine, entry: bigint, leaf: PageSize, at: bigint): number | null {
  if ((entry & BigInt(machine.constant("ENTRY_SPECIAL"))) !== 0n) return null;
  const pageBytes = BigInt(machine.constant("PAGE_SIZE"));
  const first = Number(BigInt.asUintN(32, entry / pageBytes));
  return first + Number(BigInt.asUintN(folioOrder(leaf), at / pageBytes));
}
