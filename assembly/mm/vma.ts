import { storeShared } from "../base/atomics";
import { slabAlloc } from "../machine/slab";
import { Mm } from "./mm";
import { freeVmaByRcu, reuseVma } from "./rcu";
import { NEVER_LOCKED, VMA_ATTACHED, detachVma } from "./vmaLock";

/**
 * One mapping [start, end) of an address space, a node of its tree. The tree is a treap keyed by start, whose
 * priorities are hashes of the nodes' addresses, so that its shape is the same in every run.
 */
@unmanaged
export class Vma {
  start: u64;
  end: u64;
  pgoff: u64; // page number at `start`: in the file; of anonymous memory, in the address space where it was first written
  flags: u32; // VM_*
  file: u32; // MappedFile, 0 = anonymous
  left: u32;
  right: u32;
  anonVma: u32; // which family of private pages it belongs to (anon.ts); 0 = it has none
  uffd: u32; // number of the userfaultfd it is registered with, 0 = none
  lockSeq: u32; // vm_lock_seq: mm_lock_seq when it was last locked for writing (vmaLock.ts)
  refcount: u32; // vm_refcnt
  mm: u32; // whose tree it is in
  pageLevel: u8; // level of the leaves this mapping is populated with: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB
  pkey: u8; // protection key of its pages
  highFlags: u16; // VM_HIGH_*
}

@inline
export function vmaAt(address: usize): Vma {
  return changetype<Vma>(address);
}

/** A VMA that is in no tree, zeroed but for its lock; 0 when RAM is full. */
export function allocVma(): usize {
  let address = reuseVma();
  if (address == 0) address = slabAlloc(offsetof<Vma>());
  if (address != 0) vmaAt(address).lockSeq = NEVER_LOCKED;
  return address;
}

export function freeVma(vma: usize): void {
  freeVmaByRcu(vma);
}

@inline
function node(address: u32): Vma {
  return changetype<Vma>(address as usize);
}

/** Spreads the slab's regular addresses over all numbers (the finalizer of MurmurHash3). */
@inline
function priority(address: u32): u32 {
  let hash = (address ^ (address >> 16)) * 0x85ebca6b;
  hash = (hash ^ (hash >> 13)) * 0xc2b2ae35;
  return hash ^ (hash >> 16);
}

function rotateRight(at: u32): u32 {
  const pivot = node(at).left;
  node(at).left = node(pivot).right;
  node(pivot).right = at;
  return pivot;
}

function rotateLeft(at: u32): u32 {
  const pivot = node(at).right;
  node(at).right = node(pivot).left;
  node(pivot).left = at;
  return pivot;
}

function insertAt(at: u32, vma: u32): u32 {
  if (at == 0) return vma;
  if (node(vma).start < node(at).start) {
    node(at).left = insertAt(node(at).left, vma);
    return priority(node(at).left) > priority(at) ? rotateRight(at) : at;
  }
  node(at).right = insertAt(node(at).right, vma);
  return priority(node(at).right) > priority(at) ? rotateLeft(at) : at;
}

function join(left: u32, right: u32): u32 {
  if (left == 0) return right;
  if (right == 0) return left;
  if (priority(left) > priority(right)) {
    node(left).right = join(node(left).right, right);
    return left;
  }
  node(right).left = join(left, node(right).left);
  return right;
}

function removeAt(at: u32, vma: u32): u32 {
  if (at == 0) return 0;
  if (at == vma) return join(node(at).left, node(at).right);
  if (node(vma).start < node(at).start) node(at).left = removeAt(node(at).left, vma);
  else node(at).right = removeAt(node(at).right, vma);
  return at;
}

/** vma_mark_attached goes with it: from now on readers find it, and may lock it. */
export function insertVma(mm: Mm, vma: usize): void {
  node(vma as u32).left = 0;
  node(vma as u32).right = 0;
  node(vma as u32).mm = changetype<usize>(mm) as u32;
  storeShared(vma + offsetof<Vma>("refcount"), VMA_ATTACHED);
  mm.vmaRoot = insertAt(mm.vmaRoot, vma as u32);
  mm.vmaCount += 1;
}

/** The VMA is locked for writing; when this comes back, nobody reads it any more. */
export function removeVma(mm: Mm, vma: usize): void {
  mm.vmaRoot = removeAt(mm.vmaRoot, vma as u32);
  mm.vmaCount -= 1;
  detachVma(mm, vmaAt(vma));
}

/** The VMA that ends above `va` and is the lowest such one (find_vma); 0 if none. It need not contain `va`. */
export function findVma(mm: Mm, va: u64): usize {
  let at = mm.vmaRoot;
  let best: u32 = 0;
  while (at != 0) {
    if (node(at).end > va) {
      best = at;
      if (node(at).start <= va) break;
      at = node(at).left;
    } else at = node(at).right;
  }
  return best;
}

/** The VMA that contains `va`; 0 if none. */
export function vmaContaining(mm: Mm, va: u64): usize {
  return vmaContainingHere(mm, va);
}

/** The same, written out where it is called. */
@inline
export function vmaContainingHere(mm: Mm, va: u64): usize {
  let at = mm.vmaRoot;
  while (at != 0 && (va < node(at).start || va >= node(at).end)) {
    at = va < node(at).start ? node(at).left : node(at).right;
  }
  return at;
}

/** The highest VMA that ends at or below `va`; 0 if none. */
export function vmaBelow(mm: Mm, va: u64): usize {
  let at = mm.vmaRoot;
  let best: u32 = 0;
  while (at != 0) {
    if (node(at).end <= va) {
      best = at;
      at = node(at).right;
    } else at = node(at).left;
  }
  return best;
}
