import { addWithin, fetchAdd } from "../base/atomics";
import { profile } from "../arch/profile";
import { Cpu } from "../machine/cpu";
import { pfnOfAddress } from "../machine/frame";
import { folioPut } from "../machine/frames";
import { slabFree } from "../machine/slab";
import { dropHugeZero } from "./huge";
import { Mm } from "./mm";
import { mmapWriteLock, mmapWriteUnlock } from "./mmapLock";
import { removeAreas } from "./mmap";

/** The life of an address space: its users, and those who hold its record beyond them (kernel/fork.c, 6.18). */

/** mmget. */
@inline
export function mmGet(mm: Mm): void {
  fetchAdd(changetype<usize>(mm) + offsetof<Mm>("users"), 1);
}

/** mmget_not_zero: false once the last user has gone, and all mappings with it. */
@inline
export function mmGetNotZero(mm: Mm): bool {
  return addWithin(changetype<usize>(mm) + offsetof<Mm>("users"), u32.MAX_VALUE) != 0;
}

/** mmput: the last user takes all mappings with it. */
@inline
export function mmPut(cpu: Cpu, mm: Mm): void {
  if (fetchAdd(changetype<usize>(mm) + offsetof<Mm>("users"), -1) == 1) leaveLast(cpu, mm);
}

/** One whose lock is lost stays as it is. */
function leaveLast(cpu: Cpu, mm: Mm): void {
  if (THREADS && mm.lostTo != 0) return;
  const locked = mmapWriteLock(cpu, mm);
  removeAreas(cpu, mm, 0, profile().tableLimit);
  if (locked) mmapWriteUnlock(cpu, mm);
  dropHugeZero(mm);
  mmDrop(mm);
}

/** mmgrab: an open mem file keeps the record, not what is mapped. */
export function mmGrab(mm: Mm): void {
  fetchAdd(changetype<usize>(mm) + offsetof<Mm>("count"), 1);
}

export function mmDrop(mm: Mm): void {
  if (fetchAdd(changetype<usize>(mm) + offsetof<Mm>("count"), -1) != 1) return;
  folioPut(pfnOfAddress(mm.root));
  slabFree(changetype<usize>(mm));
}
