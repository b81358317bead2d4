import { EINVAL, ENOMEM } from "../base/errno";
import { Cpu } from "../machine/cpu";
import { anonVmaOfBoth, anonVmasJoin } from "./anon";
import { backingContinues, pageIndex } from "./backing";
import { daxMaySplit, isDax } from "./dax";
import { FILE_HUGETLB, MappedFile, fileGet, filePut, isSpecialMapping } from "./file";
import { Mm, lockTables, unlockTables } from "./mm";
import { Vma, vmaAt } from "./vma";
import { VM_SPECIAL } from "./vmaFlags";
import {
  allocVma,
  findVma,
  freeVma,
  insertVma,
  removeVma,
  vmaBelow,
  vmaContaining,
} from "./vmaTree";
import { vmaStartWrite } from "./vmaWriteLock";
import { splitLeafAt } from "./zap";

/** Cutting areas in two and joining neighbours (mm/vma.c, 6.18). The mmap lock is held for writing. */

/** A copy of an area that is in no tree, with a reference of its own to the file; 0 when RAM is full. */
export function copyVma(vma: Vma): usize {
  const address = allocVma();
  if (address == 0) return 0;
  const copy = vmaAt(address);
  copy.start = vma.start;
  copy.end = vma.end;
  copy.pgoff = vma.pgoff;
  copy.flags = vma.flags;
  copy.file = vma.file;
  copy.anonVma = vma.anonVma;
  copy.uffd = vma.uffd;
  copy.pageLevel = vma.pageLevel;
  copy.pkey = vma.pkey;
  copy.highFlags = vma.highFlags;
  if (copy.file != 0) fileGet(changetype<MappedFile>(copy.file as usize));
  return address;
}

/** Frees an area that is in no tree any more. */
export function dropVma(address: usize): void {
  const file = vmaAt(address).file;
  if (file != 0) filePut(changetype<MappedFile>(file as usize));
  freeVma(address);
}

/** vm_ops->may_split: whether a border may be made at an address within an area. */
function maySplit(vma: Vma, at: u64): bool {
  if (vma.file == 0) return true;
  if (isDax(vma)) return daxMaySplit(vma, at);
  const file = changetype<MappedFile>(vma.file as usize);
  if (file.kind != FILE_HUGETLB) return !isSpecialMapping(file);
  return (pageIndex(vma, at) & (((1 as u64) << (file.order as u64)) - 1)) == 0;
}

/** Whether one area would let itself be cut at the ends of a part of it. */
export function mayIsolate(vma: Vma, start: u64, end: u64): bool {
  return (start == vma.start || maySplit(vma, start)) && (end == vma.end || maySplit(vma, end));
}

/**
 * Makes `at` a border between areas, where one lies across it, and between leaves: 0, −ENOMEM, or −EINVAL for one that
 * stays whole.
 */
export function splitVmaAt(mm: Mm, at: u64): i32 {
  const address = findVma(mm, at);
  if (address == 0) return 0;
  const vma = vmaAt(address);
  if (vma.start >= at) return 0;
  if (!maySplit(vma, at)) return -EINVAL;
  const upperAddress = copyVma(vma);
  if (upperAddress == 0) return -ENOMEM;
  const upper = vmaAt(upperAddress);
  vmaStartWrite(mm, vma);
  if (!splitLeafLocked(mm, at)) {
    dropVma(upperAddress);
    return -ENOMEM;
  }
  vmaStartWrite(mm, upper);
  upper.start = at;
  upper.pgoff = pageIndex(vma, at);
  vma.end = at;
  insertVma(mm, upperAddress);
  return 0;
}

/** vma_adjust_trans_huge: no leaf belongs to two areas. False where RAM is full. */
function splitLeafLocked(mm: Mm, at: u64): bool {
  lockTables(changetype<Cpu>(mm.writer as usize), mm);
  const done = splitLeafAt(mm, at);
  unlockTables(mm);
  return done;
}

/** Splits the areas that straddle the ends of [start, end). */
export function isolate(mm: Mm, start: u64, end: u64): i32 {
  const result = splitVmaAt(mm, start);
  return result != 0 ? result : splitVmaAt(mm, end);
}

/** vma_modify: gives a part of one area other flags, split off and joined with its neighbours as may be: 0 or −errno. */
export function modifyArea(mm: Mm, start: u64, end: u64, flags: u32, highFlags: u16): i32 {
  const result = isolate(mm, start, end);
  if (result != 0) return result;
  const address = vmaContaining(mm, start);
  vmaStartWrite(mm, vmaAt(address));
  vmaAt(address).flags = flags;
  vmaAt(address).highFlags = highFlags;
  joinNeighbours(mm, address);
  return 0;
}

/** True where two areas may be one: they touch, look alike, and what stands behind them continues. */
function joinable(lower: Vma, upper: Vma): bool {
  return (
    lower.end == upper.start &&
    lower.flags == upper.flags &&
    (lower.flags & VM_SPECIAL) == 0 &&
    lower.highFlags == upper.highFlags &&
    lower.uffd == upper.uffd &&
    lower.pageLevel == upper.pageLevel &&
    lower.pkey == upper.pkey &&
    backingContinues(lower, upper) &&
    anonVmasJoin(lower, upper)
  );
}

/** Joins an area with the one below, and then with the one above, where that can be. */
export function joinNeighbours(mm: Mm, address: usize): void {
  const below = vmaBelow(mm, vmaAt(address).start);
  const joined = below != 0 && joinable(vmaAt(below), vmaAt(address));
  if (joined) absorb(mm, below, address);
  const lower = joined ? below : address;
  const above = findVma(mm, vmaAt(lower).end);
  if (above != 0 && joinable(vmaAt(lower), vmaAt(above))) absorb(mm, lower, above);
}

function absorb(mm: Mm, lower: usize, upper: usize): void {
  vmaStartWrite(mm, vmaAt(lower));
  vmaStartWrite(mm, vmaAt(upper));
  removeVma(mm, upper);
  vmaAt(lower).end = vmaAt(upper).end;
  vmaAt(lower).anonVma = anonVmaOfBoth(vmaAt(lower), vmaAt(upper));
  dropVma(upper);
}
