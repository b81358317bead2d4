import { storeShared } from "../base/atomics";
import { slabAlloc } from "../machine/slab";
import { Mm } from "./mm";
import { freeVmaByRcu, reuseVma } from "./rcu";
import { NEVER_LOCKED, VMA_ATTACHED, Vma, vmaAt } from "./vma";
import { detachVma } from "./vmaWriteLock";

/** The areas of an address space in a treap keyed by start, whose priorities are hashes of the nodes' addresses. */

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
