import { pageAddress } from "../machine/frame";
import { describePage, inLeaf, lookUp } from "../mm/pageState";
import { pteFrame, ptePresent } from "../mm/pte";
import { Task, mmOfTask } from "../mm/task";
import { findVma } from "../mm/vmaTree";
import { wide } from "./tasks";

/** The inspector's questions, which change nothing. Addresses come as (low, high) halves. */

/** Linear address of a PageState about one page; the next question overwrites it. */
export function pageState(task: u32, lo: u32, hi: u32): u32 {
  return changetype<usize>(describePage(changetype<Task>(task as usize).mm, wide(lo, hi))) as u32;
}

/** The linear address behind `va` in a task's tables, whatever its permissions; 0 where no page is. */
export function inspectAddress(task: u32, lo: u32, hi: u32): u32 {
  const va = wide(lo, hi);
  const answer = lookUp(changetype<Task>(task as usize).mm, va);
  if (!ptePresent(answer.entry)) return 0;
  return (pageAddress(pteFrame(answer.entry)) as u32) + (inLeaf(answer, va) as u32);
}

/** The record of the first VMA that ends above an address; 0 = none. */
export function vmaAt(task: u32, lo: u32, hi: u32): u32 {
  if (changetype<Task>(task as usize).mm == 0) return 0;
  return findVma(mmOfTask(task), wide(lo, hi)) as u32;
}
