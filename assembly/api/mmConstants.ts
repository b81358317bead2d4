import { Frame } from "../machine/frame";
import { HugePool } from "../machine/hugePool";
import { MappedFile } from "../mm/file";
import { PageState } from "../mm/pageState";
import { Mm } from "../mm/mm";
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_PKEY_SHIFT,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_PSE,
  PTE_RW,
  PTE_SPECIAL,
  PTE_USER,
} from "../mm/pte";
import { Vma } from "../mm/vma";

/** The numbers of memory management that the host needs. */
export { FOLIO_DIRTY, FOLIO_EXCLUSIVE, FRAME_ANON, FRAME_TAIL } from "../machine/frame";
export {
  MADV_COLD,
  MADV_DOFORK,
  MADV_DONTFORK,
  MADV_DONTNEED,
  MADV_FREE,
  MADV_GUARD_INSTALL,
  MADV_GUARD_REMOVE,
  MADV_HUGEPAGE,
  MADV_KEEPONFORK,
  MADV_NOHUGEPAGE,
  MADV_NORMAL,
  MADV_POPULATE_READ,
  MADV_POPULATE_WRITE,
  MADV_RANDOM,
  MADV_REMOVE,
  MADV_SEQUENTIAL,
  MADV_WIPEONFORK,
} from "../mm/advice";
export { ACCESS_FORCE, ACCESS_READ, ACCESS_WRITE, VM_FAULT_SIGBUS } from "../mm/fault";
export {
  FILE_DEVICE,
  FILE_DISK,
  FILE_DISK_READ_ONLY,
  FILE_HUGETLB,
  FILE_IO,
  FILE_DAX,
  FILE_MEMFD,
  FILE_SECRET,
  FILE_SHMEM,
  FILE_VDSO,
  FILE_VVAR,
  FILE_VVAR_VCLOCK,
} from "../mm/file";
export { VM_REFCNT_EXCLUDE_READERS } from "../mm/vmaWriteLock";
export { MLOCK_ONFAULT } from "../mm/lockMemory";
export {
  PAGE_ABSENT,
  PAGE_FILE,
  PAGE_GUARD,
  PAGE_PRIVATE,
  PAGE_RAW,
  PAGE_ZERO,
} from "../mm/pageState";
export { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from "../mm/remap";
export {
  VM_ACCOUNT,
  VM_DONTCOPY,
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_EXEC,
  VM_GROWSDOWN,
  VM_HIGH_SEALED,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_LOCKONFAULT,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_MIXEDMAP,
  VM_NOHUGEPAGE,
  VM_NORESERVE,
  VM_PFNMAP,
  VM_RAND_READ,
  VM_READ,
  VM_SEQ_READ,
  VM_SHARED,
  VM_UFFD_MISSING,
  VM_WIPEONFORK,
  VM_WRITE,
} from "../mm/vmaFlags";

export const HUGE_POOL_TOTAL: u32 = offsetof<HugePool>("total");
export const HUGE_POOL_FREE: u32 = offsetof<HugePool>("free");
export const HUGE_POOL_RESERVED: u32 = offsetof<HugePool>("reserved");

export const FILE_ID: u32 = offsetof<MappedFile>("id");
export const FILE_SIZE: u32 = offsetof<MappedFile>("size");
export const FILE_KIND: u32 = offsetof<MappedFile>("kind");
export const FILE_ACCESS_BYTES: u32 = offsetof<MappedFile>("accessBytes");
export const FILE_LOCK: u32 = offsetof<MappedFile>("lock");

export const VMA_START: u32 = offsetof<Vma>("start");
export const VMA_END: u32 = offsetof<Vma>("end");
export const VMA_PGOFF: u32 = offsetof<Vma>("pgoff");
export const VMA_FLAGS: u32 = offsetof<Vma>("flags");
export const VMA_FILE: u32 = offsetof<Vma>("file");
export const VMA_ANON_VMA: u32 = offsetof<Vma>("anonVma");
export const VMA_HIGH_FLAGS: u32 = offsetof<Vma>("highFlags");

export const VMA_LOCK_SEQ: u32 = offsetof<Vma>("lockSeq");
export const VMA_REFCOUNT: u32 = offsetof<Vma>("refcount");
export const VMA_MM: u32 = offsetof<Vma>("mm");
export const MM_ARG_START: u32 = offsetof<Mm>("argStart");
export const MM_ARG_END: u32 = offsetof<Mm>("argEnd");
export const MM_ENV_START: u32 = offsetof<Mm>("envStart");
export const MM_ENV_END: u32 = offsetof<Mm>("envEnd");
export const MM_LOCK_SEQ: u32 = offsetof<Mm>("lockSeq");

export const PAGE_STATE_ENTRY: u32 = offsetof<PageState>("entry");
export const PAGE_STATE_LEVEL: u32 = offsetof<PageState>("level");
export const PAGE_STATE_KIND: u32 = offsetof<PageState>("kind");
export const PAGE_STATE_ORDER: u32 = offsetof<PageState>("order");
export const PAGE_STATE_MAPCOUNT: u32 = offsetof<PageState>("mapcount");
export const PAGE_STATE_REFCOUNT: u32 = offsetof<PageState>("refcount");
export const PAGE_STATE_FLAGS: u32 = offsetof<PageState>("pageFlags");

export const MM_ROOT: u32 = offsetof<Mm>("root");

export const FRAME_ORDER: u32 = offsetof<Frame>("order");
export const FRAME_FLAGS: u32 = offsetof<Frame>("flags");
export const FRAME_HEAD: u32 = offsetof<Frame>("index"); // of a tail page

/** Bits of an entry that a word of 32 holds; what else an entry has is its frame and its protection key. */
export const ENTRY_PRESENT: u32 = PTE_PRESENT as u32;
export const ENTRY_RW: u32 = PTE_RW as u32;
export const ENTRY_USER: u32 = PTE_USER as u32;
export const ENTRY_ACCESSED: u32 = PTE_ACCESSED as u32;
export const ENTRY_DIRTY: u32 = PTE_DIRTY as u32;
export const ENTRY_PSE: u32 = PTE_PSE as u32;
export const ENTRY_PROTNONE: u32 = PTE_PROTNONE as u32;
export const ENTRY_SPECIAL: u32 = PTE_SPECIAL as u32;
export const ENTRY_PKEY_SHIFT: u32 = PTE_PKEY_SHIFT as u32;
