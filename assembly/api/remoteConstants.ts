import { MemFile } from "../remote/memFile";
import { Segment, Segments } from "../uaccess/iovec";

/** The numbers of remote memory access, and of vectors, that the host needs. */

export { FOLL_WRITE } from "../remote/foll";
export { PROC_CMDLINE, PROC_ENVIRON } from "../remote/procFiles";
export { MAX_RW_COUNT } from "../uaccess/iovec";

export const MEM_FILE_POSITION: u32 = offsetof<MemFile>("position");

export const VECTOR_COUNT: u32 = offsetof<Segments>("count");
export const VECTOR_ELEMENTS: u32 = offsetof<Segments>();
export const SEGMENT_BASE: u32 = offsetof<Segment>("base");
export const SEGMENT_LENGTH: u32 = offsetof<Segment>("length");
export const SEGMENT_BYTES: u32 = offsetof<Segment>();
