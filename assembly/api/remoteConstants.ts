import { Cpu } from "../machine/cpu";
import { Header } from "../machine/map";
import { MemFile } from "../remote/memFile";
import { Segment, Segments } from "../uaccess/iovec";

/** The numbers of remote memory access, and of vectors, that the host needs. */

export { FW_VMA_LOCKED, FW_ZEROPAGE } from "../mm/folioWalk";
export { REMOTE_FAST_V1, REMOTE_FAST_V2, REMOTE_FAST_V3_SKETCH, REMOTE_SLOW } from "../remote/path";
export { FOLL_ANON, FOLL_FORCE, FOLL_WRITE } from "../remote/foll";
export { PROC_CMDLINE, PROC_ENVIRON } from "../remote/procFiles";
export { MAX_RW_COUNT } from "../uaccess/iovec";

export const MEM_FILE_POSITION: u32 = offsetof<MemFile>("position");

export const VECTOR_COUNT: u32 = offsetof<Segments>("count");
export const VECTOR_ELEMENTS: u32 = offsetof<Segments>();
export const SEGMENT_BASE: u32 = offsetof<Segment>("base");
export const SEGMENT_LENGTH: u32 = offsetof<Segment>("length");
export const SEGMENT_BYTES: u32 = offsetof<Segment>();

/** Tallies that a CPU keeps in its record, 64 bits each. */
export const TALLY_MMAP_READ_LOCKS: u32 = offsetof<Cpu>("mmapReadLocks");
export const TALLY_MMAP_WRITE_LOCKS: u32 = offsetof<Cpu>("mmapWriteLocks");
export const TALLY_VMA_READ_LOCKS: u32 = offsetof<Cpu>("vmaReadLocks");
export const TALLY_TABLE_LOCKS: u32 = offsetof<Cpu>("tableLocks");
export const TALLY_PTE_WALKS: u32 = offsetof<Cpu>("pteWalks");
export const TALLY_PMD_WALKS: u32 = offsetof<Cpu>("pmdWalks");
export const TALLY_PUD_WALKS: u32 = offsetof<Cpu>("pudWalks");
export const TALLY_MISSED_WALKS: u32 = offsetof<Cpu>("missedWalks");
export const TALLY_FAST_BYTES: u32 = offsetof<Cpu>("fastBytes");
export const TALLY_SLOW_BYTES: u32 = offsetof<Cpu>("slowBytes");

export const HEADER_REMOTE_PATH: u32 = offsetof<Header>("remotePath");
