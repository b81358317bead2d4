import { MemFile } from "../remote/memFile";

/** The numbers of remote memory access that the host needs. */

export { PATH_SLOW } from "../remote/accessRemoteVm";
export { FOLL_ANON, FOLL_FORCE, FOLL_WRITE } from "../remote/foll";

export const MEM_FILE_POSITION: u32 = offsetof<MemFile>("position");
