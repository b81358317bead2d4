/**
 * System calls that take a string (fs/namei.c, kernel/sys.c, 6.18). The emulated file tree has two
 * names: the root and /proc.
 */

import { errnos } from "../../base/errno.ts";
import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import { NAME_BYTES, type Process } from "./process.ts";

const { EFAULT, ENAMETOOLONG, ENOENT } = errnos;

/** The longest path with its NUL (PATH_MAX) and the longest part between slashes (NAME_MAX). */
const PATH_MAX = 4096;
const NAME_MAX = 255;

const slash = "/".charCodeAt(0);
const procDirectory = new TextEncoder().encode("proc");

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
  const path = buffer.bytes.subarray(0, length);
  if (path[0] !== slash) return relativePath(path);
  const start = path.findIndex((byte) => byte !== slash);
  return start < 0 ? 0 : walkRoot(path.subarray(start));
}

/** The program stands in /proc, which has no entries here. */
function relativePath(path: Uint8Array): number {
  return firstPart(path).length > NAME_MAX ? -ENAMETOOLONG : -ENOENT;
}

/** A path below the root, its leading slashes taken away. */
function walkRoot(path: Uint8Array): number {
  const part = firstPart(path);
  if (part.length > NAME_MAX) return -ENAMETOOLONG;
  const isProc =
    part.length === procDirectory.length && part.every((byte, at) => byte === procDirectory[at]);
  if (!isProc) return -ENOENT;
  const rest = path.subarray(part.length);
  return rest.every((byte) => byte === slash) ? 0 : -ENOENT;
}

function firstPart(path: Uint8Array): Uint8Array {
  const end = path.indexOf(slash);
  return end < 0 ? path : path.subarray(0, end);
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
