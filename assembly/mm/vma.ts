import { slabAlloc, slabFree } from "../machine/slab";
import { Mm } from "./mm";

/** VMA flag bits (include/linux/mm.h, 6.19). */
export const VM_READ: u32 = 1 << 0;
export const VM_WRITE: u32 = 1 << 1;
export const VM_EXEC: u32 = 1 << 2;
export const VM_SHARED: u32 = 1 << 3;
export const VM_MAYREAD: u32 = 1 << 4;
export const VM_MAYWRITE: u32 = 1 << 5;
export const VM_MAYEXEC: u32 = 1 << 6;
export const VM_MAYSHARE: u32 = 1 << 7;
export const VM_GROWSDOWN: u32 = 1 << 8;
export const VM_PFNMAP: u32 = 1 << 10;
export const VM_LOCKED: u32 = 1 << 13;
export const VM_IO: u32 = 1 << 14;
export const VM_DONTCOPY: u32 = 1 << 17;
export const VM_DONTEXPAND: u32 = 1 << 18;
export const VM_ACCOUNT: u32 = 1 << 20;
export const VM_NORESERVE: u32 = 1 << 21;
export const VM_HUGETLB: u32 = 1 << 22;
export const VM_HUGEPAGE: u32 = 1 << 29;
export const VM_NOHUGEPAGE: u32 = 1 << 30;
export const VM_ACCESS: u32 = VM_READ | VM_WRITE | VM_EXEC;

/**
 * One mapping [start, end) of an address space, a node of its tree. The tree is a treap keyed by start: `priority`
 * is a hash of the node's address, so that its shape is the same in every run.
 */
@unmanaged
export class Vma {
  start: u64;
  end: u64;
  pgoff: u64; // page number in the file at `start`
  flags: u32;
  file: u32; // MappedFile, 0 = anonymous
  left: u32;
  right: u32;
  priority: u32;
  pageLevel: u32; // level of the leaves this mapping is populated with: 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB
  pkey: u32; // protection key of its pages
}

export function allocVma(): usize {
  const vma = slabAlloc(offsetof<Vma>());
  if (vma != 0) changetype<Vma>(vma).priority = ((vma >> 5) as u32) * 0x9e3779b1;
  return vma;
}

export function freeVma(vma: usize): void {
  slabFree(vma);
}

@inline
function node(address: u32): Vma {
  return changetype<Vma>(address as usize);
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
    return node(node(at).left).priority > node(at).priority ? rotateRight(at) : at;
  }
  node(at).right = insertAt(node(at).right, vma);
  return node(node(at).right).priority > node(at).priority ? rotateLeft(at) : at;
}

function join(left: u32, right: u32): u32 {
  if (left == 0) return right;
  if (right == 0) return left;
  if (node(left).priority > node(right).priority) {
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

export function insertVma(mm: Mm, vma: usize): void {
  node(vma as u32).left = 0;
  node(vma as u32).right = 0;
  mm.vmaRoot = insertAt(mm.vmaRoot, vma as u32);
  mm.vmaCount += 1;
}

export function removeVma(mm: Mm, vma: usize): void {
  mm.vmaRoot = removeAt(mm.vmaRoot, vma as u32);
  mm.vmaCount -= 1;
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
  const vma = findVma(mm, va);
  return vma != 0 && changetype<Vma>(vma).start <= va ? vma : 0;
}
