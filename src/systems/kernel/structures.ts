/**
 * System calls that fill one structure in user memory, or read one, on a 64-bit kernel (kernel/sys.c, kernel/time/,
 * fs/stat.c, …, 6.18). What the emulated machine has no opinion on (load, inode numbers, earlier
 * signal handlers) is zero.
 */

import { errnos } from "../../base/errno.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Task } from "../../machine/task.ts";
import { NAME_BYTES, type Process } from "./process.ts";

const { EFAULT } = errnos;

const NANOSECONDS = 1_000_000_000n;
const MICROSECOND = 1_000n;
/** Bytes of one name in struct new_utsname. */
const UTS_BYTES = 65;
/** RLIMIT_STACK of a fresh process, soft and hard: 8 MiB and no limit. */
const STACK_LIMIT = 8n << 20n;
const NO_LIMIT = 2n ** 64n - 1n;

/** One call that stores a structure. */
interface Stored {
  readonly bytes: number;
  /** A null pointer means that nobody wants to know; elsewhere it is a bad address. */
  readonly optional?: true;
  /** What is stored; zeros where it is left out. */
  readonly fill?: (view: DataView, process: Process) => void;
}

function setWords(view: DataView, ...words: readonly bigint[]): void {
  words.forEach((word, index) => view.setBigUint64(index * 8, word, true));
}

function setTime(view: DataView, { task }: Process): void {
  const { nanoseconds } = task.machine;
  setWords(view, nanoseconds / NANOSECONDS, nanoseconds % NANOSECONDS);
}

function setTimeOfDay(view: DataView, { task }: Process): void {
  const { nanoseconds } = task.machine;
  setWords(view, nanoseconds / NANOSECONDS, (nanoseconds % NANOSECONDS) / MICROSECOND);
}

/** struct new_utsname: six names of 65 bytes. */
function setNames(view: DataView, { task }: Process): void {
  const release = `${task.machine.shape.kernel.version}.0`;
  const names = ["Linux", "faultline", release, "#1 SMP", "x86_64", "(none)"];
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  names.forEach((name, index) => bytes.set(new TextEncoder().encode(name), index * UTS_BYTES));
}

function setDescriptors(view: DataView): void {
  view.setInt32(0, 3, true);
  view.setInt32(4, 4, true);
}

function setName(view: DataView, process: Process): void {
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(process.name);
}

/** S_IFCHR and read and write for all: the /dev/null behind descriptor 1. */
function setStat(view: DataView): void {
  view.setUint32(24, 0o20666, true);
}

export const storedStructures = {
  uname: { bytes: 6 * UTS_BYTES, fill: setNames },
  sysinfo: { bytes: 112 },
  fstat: { bytes: 144, fill: setStat },
  clock_gettime: { bytes: 16, fill: setTime },
  getrlimit: { bytes: 16, fill: (view) => setWords(view, STACK_LIMIT, NO_LIMIT) },
  getitimer: { bytes: 32 },
  pipe2: { bytes: 8, fill: setDescriptors },
  prctl_get_name: { bytes: NAME_BYTES, fill: setName },
  gettimeofday: { bytes: 16, optional: true, fill: setTimeOfDay },
  time: { bytes: 8, optional: true, fill: setSeconds },
  times: { bytes: 32, optional: true },
  sigprocmask_old: { bytes: 8, optional: true },
  rt_sigaction_old: { bytes: 32, optional: true },
  sigaltstack_old: { bytes: 24, optional: true },
} as const satisfies Record<string, Stored>;

function setSeconds(view: DataView, { task }: Process): void {
  setWords(view, task.machine.nanoseconds / NANOSECONDS);
}

/** Stores the structure of a call: 0 or −EFAULT. */
export function storeStructure(process: Process, what: Stored, address: bigint): number {
  if (what.optional === true && address === 0n) return 0;
  return storeBytes(process.task, address, what.bytes, (view) => what.fill?.(view, process));
}

/** copy_to_user of a kernel object of `length` bytes that `fill` makes: 0, or −EFAULT unless all of it arrived. */
export function storeBytes(
  { machine, uaccess }: Task,
  address: bigint,
  length: number,
  fill: (view: DataView) => void,
): number {
  return withBuffer(machine, length, (view, buffer) => {
    fill(view);
    return uaccess.copyToUser(address, buffer, length) === 0 ? 0 : -EFAULT;
  });
}

/** copy_from_user of a structure of `length` bytes: what `use` makes of it, or −EFAULT unless all of it arrived. */
export function loadBytes(
  { machine, uaccess }: Task,
  address: bigint,
  length: number,
  use: (view: DataView) => number,
): number {
  return withBuffer(machine, length, (view, buffer) =>
    uaccess.copyFromUser(buffer, address, length) === 0 ? use(view) : -EFAULT,
  );
}

function withBuffer(
  machine: Machine,
  length: number,
  use: (view: DataView, buffer: ReturnType<Machine["allocKernel"]>) => number,
): number {
  const buffer = machine.allocKernel(length);
  const { bytes } = buffer;
  const result = use(new DataView(bytes.buffer, bytes.byteOffset, length), buffer);
  buffer.free();
  return result;
}
