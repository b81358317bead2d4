/**
 * Page-table entries (arch/x86/include/asm/pgtable_types.h). One format for every profile; the 4-byte form keeps the
 * low 32 bits.
 *
 *   63 62   59      52 51                     12 11 10  9  8  7  6  5  4  3  2  1  0
 *  ┌──┬───────┬───────┬─────────────────────────┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┬──┐
 *  │NX│ pkey  │ soft  │ frame                   │SD│UW│SP│G │PS│D │A │  │  │U │W │P │
 *  └──┴───────┴───────┴─────────────────────────┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──┘
 *  SP special (no struct page behind it) · UW uffd write-protect · SD soft-dirty · PS leaf above the last level
 */
export const PTE_PRESENT: u64 = 1 << 0;
export const PTE_RW: u64 = 1 << 1;
export const PTE_USER: u64 = 1 << 2;
export const PTE_ACCESSED: u64 = 1 << 5;
export const PTE_DIRTY: u64 = 1 << 6;
export const PTE_PSE: u64 = 1 << 7;
/** Set with PRESENT clear: there is a page, but nobody may touch it. */
export const PTE_PROTNONE: u64 = 1 << 8;
export const PTE_SPECIAL: u64 = 1 << 9;
export const PTE_PKEY_SHIFT: u64 = 59;
export const PTE_NX: u64 = 1 << 63;

export const PTE_FRAME_MASK: u64 = 0x000ffffffffff000;

@inline
export function pteFrame(pte: u64): u32 {
  return ((pte & PTE_FRAME_MASK) >> 12) as u32;
}

/** Present to software: mapped for the hardware, or kept behind PROT_NONE. */
@inline
export function ptePresent(pte: u64): bool {
  return (pte & (PTE_PRESENT | PTE_PROTNONE)) != 0;
}

/**
 * Where nothing is present an entry can be a marker: neither PRESENT nor PROTNONE, and its kind in the frame's place
 * (PTE_MARKER_* of include/linux/leafops.h).
 */
export const PTE_GUARD_MARKER: u64 = (1 << 2) << 12;
