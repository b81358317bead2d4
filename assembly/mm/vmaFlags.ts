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
export const VM_UFFD_MISSING: u32 = 1 << 9;
export const VM_PFNMAP: u32 = 1 << 10;
export const VM_LOCKED: u32 = 1 << 13;
export const VM_IO: u32 = 1 << 14;
export const VM_SEQ_READ: u32 = 1 << 15;
export const VM_RAND_READ: u32 = 1 << 16;
export const VM_DONTCOPY: u32 = 1 << 17;
export const VM_DONTEXPAND: u32 = 1 << 18;
export const VM_LOCKONFAULT: u32 = 1 << 19;
export const VM_ACCOUNT: u32 = 1 << 20;
export const VM_NORESERVE: u32 = 1 << 21;
export const VM_HUGETLB: u32 = 1 << 22;
export const VM_WIPEONFORK: u32 = 1 << 25;
export const VM_DONTDUMP: u32 = 1 << 26;
export const VM_MIXEDMAP: u32 = 1 << 28;
export const VM_HUGEPAGE: u32 = 1 << 29;
export const VM_NOHUGEPAGE: u32 = 1 << 30;

export const VM_ACCESS: u32 = VM_READ | VM_WRITE | VM_EXEC;
/** Neither joined with neighbours, nor locked, nor guarded. */
export const VM_SPECIAL: u32 = VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP;
export const VM_LOCKED_MASK: u32 = VM_LOCKED | VM_LOCKONFAULT;

/** What mprotect may grant stands so far above what is granted. */
export const MAY_SHIFT: u32 = 4;

/** Bits 32 and up of vm_flags stand in `Vma.highFlags`. */
export const VM_HIGH_SEALED: u16 = 1 << (42 - 32);
/** The kernel keeps it beside the flags (HPAGE_RESV_OWNER): what a private hugetlb mapping was promised is this area's. */
export const VM_HIGH_RESERVE_OWNER: u16 = 1 << 15;

/** A private mapping that could be written: a write gives it a page of its own (is_cow_mapping). */
@inline
export function isCowMapping(flags: u32): bool {
  return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}
