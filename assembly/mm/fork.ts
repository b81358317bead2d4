import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { FOLIO_EXCLUSIVE, FRAME_ANON, folioOf, frameOf } from "../machine/frame";
import { folioGet } from "../machine/frames";
import { inheritedAnonVma } from "./anon";
import { copyVma } from "./areas";
import { mmPut } from "./exit";
import { hugeZero } from "./huge";
import { addMappings, leafPages } from "./leaf";
import { Mm, allocMm, lockTables, unlockTables } from "./mm";
import { mmapWriteLockKillable, mmapWriteUnlock } from "./mmapLock";
import { PTE_PSE, PTE_RW, PTE_SPECIAL, pteFrame, ptePresent } from "./pte";
import { shootDown } from "./shootdown";
import { entryAfter, firstEntry, makeEntry, readEntry, scratchWalk, writeEntry } from "./table";
import { Task } from "./task";
import { createTask, inherit } from "./taskLife";
import { Vma, vmaAt } from "./vma";
import {
  VM_DONTCOPY,
  VM_HIGH_RESERVE_OWNER,
  VM_LOCKED_MASK,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_UFFD_MISSING,
  VM_WIPEONFORK,
  isCowMapping,
} from "./vmaFlags";
import { findVma, insertVma } from "./vmaTree";
import { vmaStartWrite } from "./vmaWriteLock";

/** fork of an address space (dup_mmap, kernel/fork.c; copy_page_range, mm/memory.c; 6.18). */

/** The child of a task, with a copy of its address space; 0 when RAM is full, with nothing changed for the parent. */
export function forkTask(cpu: Cpu, parentAddress: usize): usize {
  const parent = changetype<Task>(parentAddress);
  const from = changetype<Mm>(parent.mm as usize);
  const mm = copyMm(cpu, from);
  if (mm == 0) return 0;
  const address = createTask(mm as u32, parent.wordBytes);
  mmPut(cpu, changetype<Mm>(mm)); // the task is its user now
  if (address == 0) return 0;
  inherit(changetype<Task>(address), parent);
  return address;
}

function copyMm(cpu: Cpu, from: Mm): usize {
  const address = allocMm();
  if (address == 0) return 0;
  const to = changetype<Mm>(address);
  if (mmapWriteLockKillable(cpu, from) != 0) {
    mmPut(cpu, to);
    return 0;
  }
  to.dumpable = from.dumpable;
  to.untagMask = from.untagMask;
  to.argStart = from.argStart;
  to.argEnd = from.argEnd;
  to.envStart = from.envStart;
  to.envEnd = from.envEnd;
  const done = copyAreas(cpu, from, to);
  shootDown(cpu, changetype<usize>(from) as u32, 0, profile().tableLimit);
  mmapWriteUnlock(cpu, from);
  if (done) return address;
  mmPut(cpu, to);
  return 0;
}

function copyAreas(cpu: Cpu, from: Mm, to: Mm): bool {
  let at = findVma(from, 0);
  while (at != 0) {
    const vma = vmaAt(at);
    if ((vma.flags & VM_DONTCOPY) == 0 && !copyArea(cpu, from, to, vma)) return false;
    at = findVma(from, vma.end);
  }
  return true;
}

function copyArea(cpu: Cpu, from: Mm, to: Mm, vma: Vma): bool {
  vmaStartWrite(from, vma);
  const address = copyVma(vma);
  if (address == 0) return false;
  const wiped = (vma.flags & VM_WIPEONFORK) != 0;
  const child = vmaAt(address);
  child.flags = vma.flags & ~(VM_LOCKED_MASK | VM_UFFD_MISSING);
  child.highFlags = vma.highFlags & ~VM_HIGH_RESERVE_OWNER;
  child.uffd = 0;
  child.anonVma = wiped ? 0 : inheritedAnonVma(vma);
  insertVma(to, address);
  if (wiped || !needsEntries(vma)) return true;
  lockTables(cpu, from);
  const done = copyEntries(cpu, from, to, vma);
  unlockTables(from);
  return done;
}

/** What faults can bring back is left to them (vma_needs_copy). */
function needsEntries(vma: Vma): bool {
  return vma.anonVma != 0 || (vma.flags & (VM_PFNMAP | VM_MIXEDMAP)) != 0;
}

function copyEntries(cpu: Cpu, from: Mm, to: Mm, vma: Vma): bool {
  const walk = scratchWalk(cpu);
  const cow = isCowMapping(vma.flags);
  let va = firstEntry(from.root, vma.start, vma.end, walk);
  while (va < vma.end) {
    const target = makeEntry(to.root, va, walk.level);
    if (target == 0) return false;
    const entry = readEntry(walk.entryAddress);
    if (!ptePresent(entry)) writeEntry(target, entry);
    else if (!copyLeaf(to, entry, walk.level)) return false;
    else {
      const shared = cow ? entry & ~PTE_RW : entry;
      writeEntry(walk.entryAddress, shared);
      writeEntry(target, shared);
    }
    va = entryAfter(from.root, va, vma.end, walk);
  }
  return true;
}

/** The child becomes an owner of the page too; none of them is the only one any more. */
function copyLeaf(to: Mm, entry: u64, level: u32): bool {
  const pfn = pteFrame(entry);
  if ((entry & PTE_SPECIAL) != 0) {
    if ((entry & PTE_PSE) != 0 && hugeZero(to) == 0) return false;
  } else {
    folioGet(pfn);
    addMappings(pfn, 1);
    if (folioOf(pfn).kind == FRAME_ANON) frameOf(pfn).flags &= ~FOLIO_EXCLUSIVE;
  }
  to.pages += leafPages(level);
  return true;
}
