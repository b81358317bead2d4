import { Cpu } from "../machine/cpu";
import { PAGE_SHIFT, header } from "../machine/map";
import { MappedFile, forgetPages } from "./file";
import { mmGet, mmPut } from "./exit";
import { isHugetlb } from "./hugetlb";
import { leafPages } from "./leaf";
import { Mm } from "./mm";
import { mmapReadLock, mmapReadUnlock } from "./mmapLock";
import { Task } from "./task";
import { Vma, vmaAt } from "./vma";
import { findVma } from "./vmaTree";
import { ZAP_FILE_PAGES, zapRange } from "./zap";

/**
 * Pages [first, end) of a file become zeros and leave every address space (FALLOC_FL_PUNCH_HOLE, mm/truncate.c, 6.18).
 * Private copies stay with those who made them. The page cache forgets them first: who faults meanwhile gets a new
 * page, and loses it again.
 */
export function punchHole(cpu: Cpu, file: MappedFile, first: u64, end: u64): void {
  forgetPages(file, first, end);
  let at = header().tasks;
  while (at != 0) {
    const task = changetype<Task>(at as usize);
    if (task.mm != 0) unmapFromMm(cpu, changetype<Mm>(task.mm as usize), file, first, end);
    at = task.next;
  }
}

function unmapFromMm(cpu: Cpu, mm: Mm, file: MappedFile, first: u64, end: u64): void {
  if (!mmapReadLock(cpu, mm)) return;
  mmGet(mm);
  let at = findVma(mm, 0);
  while (at != 0) {
    const vma = vmaAt(at);
    if (vma.file == (changetype<usize>(file) as u32)) unmapFromArea(cpu, mm, vma, first, end);
    at = findVma(mm, vma.end);
  }
  mmapReadUnlock(cpu, mm);
  mmPut(cpu, mm);
}

/** Mask of what a page of the area has below its number: of a hugetlb one only whole pages go. */
function wholePages(vma: Vma): u64 {
  return isHugetlb(vma) ? ((leafPages(vma.pageLevel) - 1) as u64) : 0;
}

function unmapFromArea(cpu: Cpu, mm: Mm, vma: Vma, first: u64, end: u64): void {
  const pages = (vma.end - vma.start) >> PAGE_SHIFT;
  const whole = wholePages(vma);
  const from = (max<u64>(first, vma.pgoff) + whole) & ~whole;
  const to = min<u64>(end, vma.pgoff + pages) & ~whole;
  if (from >= to) return;
  const start = vma.start + ((from - vma.pgoff) << PAGE_SHIFT);
  zapRange(cpu, mm, start, start + ((to - from) << PAGE_SHIFT), ZAP_FILE_PAGES);
}
