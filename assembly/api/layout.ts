import { ENOMEM } from "../base/errno";
import { stackImage } from "../machine/cpu";
import { slabAlloc, slabFree } from "../machine/slab";
import { adviseRange } from "../mm/advice";
import { lockRange } from "../mm/lockMemory";
import { registerMissing as watchMissing } from "../mm/missing";
import { MapRequest, mapRange, unmapRange } from "../mm/mmap";
import { protectRange } from "../mm/protect";
import { RemapRequest, remapRange } from "../mm/remap";
import { sealRange } from "../mm/seal";
import { moveSpecial as placeSpecial } from "../mm/special";
import { mmOfTask } from "../mm/task";
import { enter, leave } from "./entry";
import { wide } from "./tasks";

/**
 * The system calls that change an address space's layout. Addresses and lengths come as (low, high) halves; the answer
 * is 0 or −errno.
 */

/** mmap with MAP_FIXED; `flags` are the VM_* bits it asks for, `pageLevel` that of the leaves it is populated with. */
export function mapMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  flags: u32,
  file: u32,
  pgoff: u32,
  pageLevel: u32,
  pkey: u32,
): i32 {
  const address = slabAlloc(offsetof<MapRequest>());
  if (address == 0) return -ENOMEM;
  const request = changetype<MapRequest>(address);
  request.start = wide(lo, hi);
  request.length = wide(lengthLo, lengthHi);
  request.pgoff = pgoff;
  request.flags = flags;
  request.file = file;
  request.pageLevel = pageLevel;
  request.pkey = pkey;
  const on = enter(cpu);
  const result = leave(on, mapRange(on, mmOfTask(task), request));
  slabFree(address);
  return result;
}

/** munmap. */
export function unmapMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
): i32 {
  const on = enter(cpu);
  return leave(on, unmapRange(on, mmOfTask(task), wide(lo, hi), wide(lengthLo, lengthHi)));
}

/** mprotect; `access` is of VM_READ, VM_WRITE and VM_EXEC. */
export function protectMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  access: u32,
): i32 {
  const on = enter(cpu);
  return leave(
    on,
    protectRange(on, mmOfTask(task), wide(lo, hi), wide(lengthLo, lengthHi), access),
  );
}

/** madvise; `advice` is one of MADV_*. */
export function adviseMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  advice: u32,
): i32 {
  const on = enter(cpu);
  return leave(on, adviseRange(on, mmOfTask(task), wide(lo, hi), wide(lengthLo, lengthHi), advice));
}

/** mlock2. */
export function lockMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
  flags: u32,
): i32 {
  const on = enter(cpu);
  return leave(on, lockRange(on, mmOfTask(task), wide(lo, hi), wide(lengthLo, lengthHi), flags));
}

/** mseal. */
export function sealMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
): i32 {
  const on = enter(cpu);
  return leave(on, sealRange(on, mmOfTask(task), wide(lo, hi), wide(lengthLo, lengthHi)));
}

/** Registers a range with a userfaultfd of its own: missing pages are SIGBUS. */
export function registerMissing(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  lengthLo: u32,
  lengthHi: u32,
): i32 {
  const on = enter(cpu);
  return leave(on, watchMissing(on, mmOfTask(task), wide(lo, hi), wide(lengthLo, lengthHi)));
}

/** mremap; `flags` are MREMAP_*. 0 with the address as the value read (readValueLow, readValueHigh), or −errno. */
export function remapMemory(
  cpu: u32,
  task: u32,
  lo: u32,
  hi: u32,
  oldLo: u32,
  oldHi: u32,
  newLo: u32,
  newHi: u32,
  flags: u32,
  targetLo: u32,
  targetHi: u32,
): i32 {
  const on = enter(cpu);
  const request = changetype<RemapRequest>(stackImage(on));
  request.start = wide(lo, hi);
  request.oldLength = wide(oldLo, oldHi);
  request.newLength = wide(newLo, newHi);
  request.target = wide(targetLo, targetHi);
  request.flags = flags;
  const result = remapRange(on, mmOfTask(task), request);
  on.value = request.target;
  return leave(on, result);
}

/** mremap of one of the kernel's own mappings: `which` is FILE_VDSO, FILE_VVAR or FILE_VVAR_VCLOCK. */
export function moveSpecial(cpu: u32, task: u32, which: u32, lo: u32, hi: u32): i32 {
  const on = enter(cpu);
  return leave(on, placeSpecial(on, mmOfTask(task), which, wide(lo, hi)));
}
