/**
 * Single system calls, one pointer each, on user memory that may be bad (6.18). Descriptors 0 and 1
 * are /dev/null; the current directory is /proc.
 */

import { errnos } from "../../base/errno.ts";
import { writeDevice } from "./devices.ts";
import { lookUpPath, setProcessName } from "./paths.ts";
import type { Process } from "./process.ts";
import { loadBytes, storeBytes, storedStructures, storeStructure } from "./structures.ts";
import type { UserIterator } from "./userIterator.ts";
import { importBuffer, importVector } from "./vector.ts";

const { EFAULT, EINVAL, ENOENT, ERANGE } = errnos;

const NANOSECONDS = 1_000_000_000n;
/** What a sleep is cut to (KTIME_MAX). */
const LONGEST_SLEEP = 2n ** 63n - 1n;
/** getrandom makes its bytes in blocks of this size (ChaCha20). */
const RANDOM_BLOCK = 64;
const currentDirectory = new TextEncoder().encode("/proc\0");
/** struct linux_dirent64 up to the name, which is rounded up to words: "." and ".." take as much. */
const DIRENT_BYTES = 24;
const DIRENT_NAME_AT = 19;
const DT_DIR = 4;
const POLLFD_BYTES = 8;
const REVENTS_AT = 6n;
const POLLNVAL = 0x20;
/** What /dev/null is always ready for: in, out and their normal forms; nobody can switch off err and hup. */
const DEFAULT_POLLMASK = 0x145;
const DESCRIPTORS = 2;

/** A call with its pointer and its size or count; 0, positive, or −errno. */
type SystemCall = (process: Process, address: bigint, size: number) => number;

const others = {
  open: lookUpPath,
  access: lookUpPath,
  prctl_set_name: setProcessName,
  getresuid: userIds,
  getgroups: () => 0,
  readlink: () => -ENOENT,
  getrandom: randomBytes,
  getcwd: workingDirectory,
  mincore: residency,
  sched_getaffinity: affinity,
  sigprocmask_set: ({ task }, address) =>
    address === 0n ? 0 : loadBytes(task, address, 8, () => 0),
  nanosleep: sleep,
  poll,
  getdents64: directoryEntries,
  writev_iovptr: writeVector,
} as const satisfies Record<string, SystemCall>;

export type SystemCallName = keyof typeof others | keyof typeof storedStructures;

export const systemCallNames = [
  ...Object.keys(storedStructures),
  ...Object.keys(others),
] as SystemCallName[];

/** Makes a call of that name; its result is the kernel's. */
export function systemCall(
  process: Process,
  name: SystemCallName,
  address: bigint,
  size: number,
): number {
  if (name in storedStructures) {
    const structure = storedStructures[name as keyof typeof storedStructures];
    return storeStructure(process, structure, address);
  }
  return others[name as keyof typeof others](process, address, size);
}

/** Three stores of their own, next to each other here: real, effective and saved. */
function userIds({ task }: Process, address: bigint): number {
  for (let at = address; at < address + 12n; at += 4n) {
    if (task.uaccess.putUser(BigInt.asUintN(64, at), 4, 0) !== 0) return -EFAULT;
  }
  return 0;
}

/** The longest prefix that can be stored. The machine is deterministic, and so is its noise. */
function randomBytes({ task }: Process, address: bigint, size: number): number {
  const to = importBuffer(task, address, BigInt(size));
  if (typeof to === "number") return to;
  if (size === 0) return 0;
  const block = task.machine.allocKernel(RANDOM_BLOCK);
  block.bytes.forEach((_, at, bytes) => (bytes[at] = (at * 167 + 41) & 255));
  let given = 0;
  while (given < size) {
    const wanted = Math.min(RANDOM_BLOCK, size - given);
    const copied = to.copyToUser(block.linear, wanted);
    given += copied;
    if (copied < wanted) break;
  }
  block.free();
  return given || -EFAULT;
}

function workingDirectory({ task }: Process, address: bigint, size: number): number {
  const { length } = currentDirectory;
  if (size < length) return -ERANGE;
  return storeBytes(task, address, length, (view) => setBytes(view, currentDirectory)) || length;
}

function setBytes(view: DataView, bytes: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes);
}

/** mincore of `pages` resident pages: a byte each. */
function residency({ task }: Process, address: bigint, pages: number): number {
  if (!task.uaccess.accessOk(address, pages)) return -EFAULT;
  return storeBytes(task, address, pages, (view) => setBytes(view, new Uint8Array(pages).fill(1)));
}

/** The kernel's CPU mask has a bit for each CPU that a machine can have. */
function affinity({ task }: Process, address: bigint, size: number): number {
  const { machine } = task;
  const maskBytes = machine.constant("MAX_CPUS") / 8;
  if (size * 8 < machine.shape.cpus || size % machine.wordBytes !== 0) return -EINVAL;
  const length = Math.min(size, maskBytes);
  const setMask = (view: DataView): void => {
    for (let cpu = 0; cpu < machine.shape.cpus; cpu++) {
      view.setUint8(cpu >> 3, view.getUint8(cpu >> 3) | (1 << (cpu & 7)));
    }
  };
  return storeBytes(task, address, length, setMask) || length;
}

/** Nobody else runs: a sleep moves the clock. */
function sleep({ task }: Process, address: bigint): number {
  return loadBytes(task, address, 16, (view) => {
    const seconds = view.getBigInt64(0, true);
    const nanoseconds = view.getBigUint64(8, true);
    if (seconds < 0n || nanoseconds >= NANOSECONDS) return -EINVAL;
    const wanted = seconds * NANOSECONDS + nanoseconds;
    const longest = LONGEST_SLEEP - task.machine.nanoseconds;
    task.machine.advanceClock(wanted < longest ? wanted : longest);
    return 0;
  });
}

/** poll without waiting: all elements come in, then their results go out, two bytes each. */
function poll({ task }: Process, address: bigint, count: number): number {
  const { uaccess } = task;
  const length = count * POLLFD_BYTES;
  const results: number[] = [];
  const error = loadBytes(task, address, length, (view) => {
    for (let at = 0; at < length; at += POLLFD_BYTES) results.push(readiness(view, at));
    return 0;
  });
  if (error !== 0 || !uaccess.begin("write", address, length)) return -EFAULT;
  const stored = results.every((revents, index) => {
    const at = address + BigInt(index * POLLFD_BYTES) + REVENTS_AT;
    return uaccess.unsafePutUser(at, 2, revents) === 0;
  });
  uaccess.end("write");
  return stored ? results.filter((revents) => revents !== 0).length : -EFAULT;
}

function readiness(view: DataView, at: number): number {
  const descriptor = view.getInt32(at, true);
  if (descriptor < 0) return 0;
  if (descriptor >= DESCRIPTORS) return POLLNVAL;
  return view.getUint16(at + 4, true) & DEFAULT_POLLMASK;
}

/** getdents64 of a directory that holds nothing: "." and ".."; bytes stored. */
function directoryEntries({ task }: Process, address: bigint, size: number): number {
  let given = 0;
  for (const name of [".", ".."]) {
    if (given + DIRENT_BYTES > size) return given || -EINVAL;
    const at = BigInt.asUintN(64, address + BigInt(given));
    const error = storeBytes(task, at, DIRENT_BYTES, (view) => setEntry(view, name));
    if (error !== 0) return given || error;
    given += DIRENT_BYTES;
  }
  return given;
}

function setEntry(view: DataView, name: string): void {
  view.setBigUint64(0, 1n, true);
  view.setBigUint64(8, BigInt(name.length), true);
  view.setUint16(16, DIRENT_BYTES, true);
  view.setUint8(18, DT_DIR);
  for (let at = 0; at < name.length; at++) view.setUint8(DIRENT_NAME_AT + at, name.charCodeAt(at));
}

/** writev to /dev/null: only the vector itself is read. */
function writeVector({ task }: Process, address: bigint, count: number): number {
  const from: UserIterator | number = importVector(task, address, BigInt(count));
  return typeof from === "number" ? from : writeDevice("null", from);
}
