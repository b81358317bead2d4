/**
 * System calls that take a string (fs/namei.c, kernel/sys.c, 6.18). The emulated file tree has two
 * names: the root and /proc.
 */

import { errnos } from "../../base/errno.ts";
import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import { NAME_BYTES, type Process } from "./process.ts";

const { EFAULT, ENAMETOOLONG, ENOENT } = errnos;

/** The longest path with its NUL (PATH_MAX), and the longest name in the root; /proc has no such limit. */
const PATH_MAX = 4096;
const NAME_MAX = 255;

/** All there is. A program stands in /proc. */
type Directory = "/" | "/proc";

/** open and access of an existing name: 0, or −EFAULT, −ENAMETOOLONG, −ENOENT. */
export function lookUpPath({ task }: Process, address: bigint): number {
  const buffer = task.machine.allocKernel(PATH_MAX);
  const length = task.uaccess.strncpyFromUser(buffer, address, PATH_MAX);
  const result = length < 0 ? length : walkPath(buffer, length);
  buffer.free();
  return result;
}

function walkPath(buffer: KernelBuffer, length: number): number {
  if (length === PATH_MAX) return -ENAMETOOLONG;
  if (length === 0) return -ENOENT;
  const path = String.fromCharCode(...buffer.bytes.subarray(0, length));
  let directory: Directory = path.startsWith("/") ? "/" : "/proc";
  for (const name of path.split("/")) {
    const next = stepInto(directory, name);
    if (typeof next === "number") return next;
    directory = next;
  }
  return 0;
}

/** One name further: where that leads, −ENOENT, −ENAMETOOLONG. How long a name may be is for its file system to say. */
function stepInto(directory: Directory, name: string): Directory | number {
  if (name === "" || name === ".") return directory;
  if (name === "..") return "/";
  if (directory === "/proc") return -ENOENT;
  if (name.length > NAME_MAX) return -ENAMETOOLONG;
  return name === "proc" ? "/proc" : -ENOENT;
}

/** prctl(PR_SET_NAME): 0 or −EFAULT. Bytes behind the fifteenth are never read. */
export function setProcessName(process: Process, address: bigint): number {
  const { machine, uaccess } = process.task;
  const buffer = machine.allocKernel(NAME_BYTES - 1);
  const length = uaccess.strncpyFromUser(buffer, address, NAME_BYTES - 1);
  if (length >= 0) process.setName(buffer.bytes.subarray(0, length));
  buffer.free();
  return length < 0 ? -EFAULT : 0;
}
