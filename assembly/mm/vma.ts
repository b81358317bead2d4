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

/**
 * Per-VMA locks (include/linux/mmap_lock.h and mm/mmap_lock.c, 7.0). The count of a VMA says who reads it:
 *
 *   0                 detached: in no tree
 *   1 + n             attached, n readers
 *   FLAG + 1 + n      attached, a writer waits for n readers
 *   FLAG + n          taken out of the tree, waiting for n readers that are about to give up
 *
 * It is locked for writing while `vma.lockSeq == mm.lockSeq`, so that letting go of the mmap lock, which moves the
 * sequence, unlocks every VMA at once.
 */
export const VMA_DETACHED: u32 = 0;
export const VMA_ATTACHED: u32 = 1;

/** vm_lock_seq of a new VMA; mm_lock_seq begins at 0. */
export const NEVER_LOCKED: u32 = 0xffffffff;
