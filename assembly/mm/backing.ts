import { PAGE_SHIFT } from "../machine/map";
import { Vma } from "./vma";

/** Which page of its backing an area shows where. */

@inline
export function pageIndex(vma: Vma, va: u64): u64 {
  return vma.pgoff + ((va - vma.start) >> PAGE_SHIFT);
}

/** The upper one shows what follows; anonymous memory that was written and moved does not. */
export function backingContinues(lower: Vma, upper: Vma): bool {
  return lower.file == upper.file && pageIndex(lower, upper.start) == upper.pgoff;
}
