/**
 * write and read of a regular or memory file through its page cache, at a position (mm/filemap.c, mm/shmem.c,
 * 6.18). File systems below the cache, append mode and limits of single users are left out.
 */

import { errnos } from "../../base/errno.ts";
import type { UserFile } from "../../machine/file.ts";
import type { UserIterator } from "./userIterator.ts";

const { EFAULT, EFBIG } = errnos;

/** Where the emulated page cache ends. */
const MAX_FILE_BYTES = 2 ** 32;

/**
 * pwrite: bytes written (the longest prefix that can be read), −EFAULT for none, −EFBIG past the largest file. A write
 * beyond the end first moves the end to where it begins, and leaves it there when it fails (6.18).
 */
export function writeFile(file: UserFile, offset: number, from: UserIterator): number {
  if (from.remaining === 0) return 0;
  if (offset >= MAX_FILE_BYTES) return -EFBIG;
  file.extend(offset);
  const pageSize = from.machine.constant("PAGE_SIZE");
  const bounce = from.machine.allocKernel(pageSize);
  const room = Math.min(from.remaining, MAX_FILE_BYTES - offset);
  let written = 0;
  while (written < room) {
    const at = offset + written;
    const wanted = Math.min(pageSize - (at % pageSize), room - written);
    const copied = from.copyFromUser(bounce.linear, wanted);
    if (copied > 0) {
      file.extend(at + copied);
      file.page(Math.floor(at / pageSize)).set(bounce.bytes.subarray(0, copied), at % pageSize);
    }
    written += copied;
    if (copied < wanted) break;
  }
  bounce.free();
  return written || -EFAULT;
}

/** pread: bytes read (the longest prefix that can be stored), 0 at the end of the file, −EFAULT for none. */
export function readFile(file: UserFile, offset: number, to: UserIterator): number {
  const left = Math.min(to.remaining, Number(file.size) - offset);
  if (left <= 0) return 0;
  const pageSize = to.machine.constant("PAGE_SIZE");
  const bounce = to.machine.allocKernel(pageSize);
  let given = 0;
  while (given < left) {
    const at = offset + given;
    const wanted = Math.min(pageSize - (at % pageSize), left - given);
    const start = at % pageSize;
    bounce.bytes.set(file.page(Math.floor(at / pageSize)).subarray(start, start + wanted));
    const copied = to.copyToUser(bounce.linear, wanted);
    given += copied;
    if (copied < wanted) break;
  }
  bounce.free();
  return given || -EFAULT;
}
