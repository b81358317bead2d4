import { UsageError } from "../../base/errors.ts";
import type { ConstantName } from "../../core/exports.ts";
import type { Task } from "../../machine/task.ts";

/**
 * What one access of another process's memory took of that memory's locks and page tables, on the caller's CPU. Faults
 * of the caller's own buffer are no part of it.
 */
export interface RemoteCounts {
  /** Bytes moved under the lock of their area alone, and from pages that were had under the mmap lock. */
  readonly bytesFast: number;
  readonly bytesSlow: number;
  /**
   * How often each lock was taken. The page tables' is taken by each walk that comes to a leaf or to a table of the last
   * level, be the entry in it empty, and by each fault.
   */
  readonly locks: {
    readonly mmapRead: number;
    readonly mmapWrite: number;
    readonly vma: number;
    readonly pageTable: number;
  };
  /**
   * Walks of the target's page tables by the level of the leaf that they found; missed: they found no page to use. The
   * counter `walks` of a machine counts other ones: those of TLB misses, of the caller's program.
   */
  readonly targetWalks: {
    readonly pte: number;
    readonly pmd: number;
    readonly pud: number;
    readonly missed: number;
  };
}

/** What came back from an access, and what it took. */
export interface RemoteAccess {
  /** Bytes moved, 0 for done, or −errno. */
  readonly result: number;
  readonly counts: RemoteCounts;
}

/**
 * Makes an access for a task, and says what it took.
 * @throws UsageError for a caller without an address space
 */
export function counted<Result>(
  caller: Task,
  access: () => Result,
): { readonly result: Result; readonly counts: RemoteCounts } {
  requireLiving(caller);
  const before = countsOf(caller);
  const result = access();
  return { result, counts: difference(countsOf(caller), before) };
}

/** @throws UsageError for a task that has no address space of its own to work in */
export function requireLiving({ machine, handle }: Task): void {
  if (machine.words[(handle + machine.constant("TASK_MM")) >>> 2] !== 0) return;
  throw new UsageError({ argument: "caller", problem: "is a zombie", valid: "a live task" });
}

/** The CPU's tallies as they stand. */
function countsOf({ machine, cpu }: Task): RemoteCounts {
  const record = machine.header("HEADER_CPUS") + cpu * machine.constant("CPU_BYTES");
  const tally = (name: ConstantName): number =>
    Number(machine.wideAt(record + machine.constant(name)));
  return {
    bytesFast: tally("TALLY_FAST_BYTES"),
    bytesSlow: tally("TALLY_SLOW_BYTES"),
    locks: {
      mmapRead: tally("TALLY_MMAP_READ_LOCKS"),
      mmapWrite: tally("TALLY_MMAP_WRITE_LOCKS"),
      vma: tally("TALLY_VMA_READ_LOCKS"),
      pageTable: tally("TALLY_TABLE_LOCKS"),
    },
    targetWalks: {
      pte: tally("TALLY_PTE_WALKS"),
      pmd: tally("TALLY_PMD_WALKS"),
      pud: tally("TALLY_PUD_WALKS"),
      missed: tally("TALLY_MISSED_WALKS"),
    },
  };
}

function difference(after: RemoteCounts, before: RemoteCounts): RemoteCounts {
  return {
    bytesFast: after.bytesFast - before.bytesFast,
    bytesSlow: after.bytesSlow - before.bytesSlow,
    locks: eachLess(after.locks, before.locks),
    targetWalks: eachLess(after.targetWalks, before.targetWalks),
  };
}

function eachLess<Names extends string>(
  after: Readonly<Record<Names, number>>,
  before: Readonly<Record<Names, number>>,
): Record<Names, number> {
  const names = Object.keys(after) as Names[];
  return Object.fromEntries(names.map((name) => [name, after[name] - before[name]])) as Record<
    Names,
    number
  >;
}
