import { wholeNumber } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import type { ConstantName } from "../core/exports.ts";
import type { CoreMemory } from "./coreMemory.ts";
import { folioOrder, type PageSize } from "./pageSize.ts";

/** Sizes of the pages that are kept in pools, for MAP_HUGETLB. */
export const hugePageSizes = ["2M", "1G"] as const satisfies readonly PageSize[];

export type HugePageSize = (typeof hugePageSizes)[number];

/** A pool of huge pages, as /proc/meminfo tells of one. */
export interface HugePages {
  readonly total: number;
  readonly free: number;
  /** Of the free ones: promised to mappings. */
  readonly reserved: number;
}

const MOST_PAGES = 2 ** 20;

/** nr_hugepages: see {@link Machine.setHugePages}. */
export function setHugePagesOf(machine: CoreMemory, size: HugePageSize, count: number): number {
  const order = folioOrder(oneOf("size", size, hugePageSizes));
  wholeNumber("count", count, 0, MOST_PAGES);
  return machine.exports.setHugePages(order, count);
}

/** The state of a pool. */
export function hugePagesOf(machine: CoreMemory, size: HugePageSize): HugePages {
  const order = folioOrder(oneOf("size", size, hugePageSizes));
  const pool = machine.exports.hugePool(order) >>> 0;
  const word = (name: ConstantName): number =>
    machine.words[(pool + machine.constant(name)) >>> 2]!;
  return {
    total: word("HUGE_POOL_TOTAL"),
    free: word("HUGE_POOL_FREE"),
    reserved: word("HUGE_POOL_RESERVED"),
  };
}
