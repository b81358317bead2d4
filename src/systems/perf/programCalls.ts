/** System calls of a program under observation: entry, tracepoints, accesses of the kernel, breakpoints it hits. */

import { errnos } from "../../base/errno.ts";
import { halves } from "../../machine/address.ts";
import type { UserFile } from "../../machine/file.ts";
import { readFile, writeFile } from "../kernel/fileData.ts";
import { loadBytes, storeBytes } from "../kernel/structures.ts";
import { systemCall } from "../kernel/systemCalls.ts";
import { importBuffer } from "../kernel/vector.ts";
import type { SegmentBits } from "./instructions.ts";
import { tracepointNumber } from "./names.ts";
import type { PerfTask } from "./perfTask.ts";
import { sleep } from "./scheduling.ts";

const { EBADF, EFAULT, EINVAL, ENOSYS } = errnos;

export const entryNames = ["syscall", "int80"] as const;
/** How a program enters the kernel: each has numbers and arguments of its own. */
export type EntryName = (typeof entryNames)[number];

/** Open files of the program: by descriptor, with the position of each. */
export interface OpenFile {
  readonly file: UserFile;
  position: number;
}

/** What a call may look at besides memory. */
export interface CallWorld {
  readonly files: ReadonlyMap<number, OpenFile>;
}

/** A range that the kernel accessed for the call. */
interface KernelAccess {
  readonly kind: "BP_READ" | "BP_WRITE";
  readonly address: bigint;
  readonly bytes: number;
}

interface CallResult {
  readonly result: number;
  readonly accesses?: readonly KernelAccess[];
}

interface Call {
  /** As its tracepoints are named; how many arguments it has. */
  readonly name: string;
  readonly count: number;
  readonly run: (task: PerfTask, args: readonly bigint[], world: CallWorld) => CallResult;
}

/** Bytes of an instruction that enters the kernel, in either way. */
const ENTRY_BYTES = 2n;
const SIGSET_BYTES = 8n;
const UTS_BYTES = 390;
const STAT_BYTES = 144;
const TIMESPEC_BYTES = 16;
const TIMESPEC32_BYTES = 8;
const NANOSECONDS = 1_000_000_000n;
const LONGEST_COPY = 0x7fff_f000n;
/** Flags of getrandom. */
const GRND_NONBLOCK = 1;
const GRND_RANDOM = 2;
const GRND_INSECURE = 4;
/** Data of a system call's tracepoint: common part, then words. */
const COMMON_BYTES = 8;
const PREEMPT_COUNT = 1;

function access(
  kind: KernelAccess["kind"],
  address: bigint,
  bytes: number,
): CallResult["accesses"] {
  return bytes > 0 ? [{ kind, address, bytes }] : [];
}

function stored(result: number, address: bigint, bytes: number): CallResult {
  return { result, accesses: access("BP_WRITE", address, result < 0 ? 0 : bytes) };
}

/** Known flags only, and not both ways out of waiting for entropy at once. */
function areRandomFlags(flags: number): boolean {
  const ways = GRND_RANDOM | GRND_INSECURE;
  return (flags & ~(GRND_NONBLOCK | ways)) === 0 && (flags & ways) !== ways;
}

const getrandom: Call = {
  name: "getrandom",
  count: 3,
  run: ({ process }, [address, length, flags]) => {
    if (!areRandomFlags(Number(BigInt.asUintN(32, flags!)))) return { result: -EINVAL };
    const bytes = length! > LONGEST_COPY ? LONGEST_COPY : length!;
    const result = systemCall(process, "getrandom", address!, Number(bytes));
    return stored(result, address!, result);
  },
};

const getpid: Call = { name: "getpid", count: 0, run: ({ pid }) => ({ result: pid }) };
const getuid: Call = { name: "getuid", count: 0, run: () => ({ result: 0 }) };

const uname: Call = {
  name: "newuname",
  count: 1,
  run: ({ process }, [address]) =>
    stored(systemCall(process, "uname", address!, 0), address!, UTS_BYTES),
};

function transfer(reads: boolean, positioned: boolean): Call["run"] {
  return ({ task }, [descriptor, address, length, offset], { files }) => {
    const open = files.get(Number(descriptor!));
    if (open === undefined) return { result: -EBADF };
    const iterator = importBuffer(task, address!, length!);
    if (typeof iterator === "number") return { result: iterator };
    const at = positioned ? Number(offset!) : open.position;
    const result = (reads ? readFile : writeFile)(open.file, at, iterator);
    if (result > 0 && !positioned) open.position += result;
    return { result, accesses: access(reads ? "BP_WRITE" : "BP_READ", address!, result) };
  };
}

const fstat: Call = {
  name: "newfstat",
  count: 2,
  run: ({ process }, [descriptor, address], { files }) =>
    files.has(Number(descriptor!))
      ? stored(systemCall(process, "fstat", address!, 0), address!, STAT_BYTES)
      : { result: -EBADF },
};

const sigprocmask: Call = {
  name: "rt_sigprocmask",
  count: 4,
  run: ({ task }, [, set, old, size]) => {
    if (size !== SIGSET_BYTES) return { result: -EINVAL };
    const bytes = Number(SIGSET_BYTES);
    if (set !== 0n && loadBytes(task, set!, bytes, () => 0) !== 0) return { result: -EFAULT };
    const reads = set === 0n ? [] : access("BP_READ", set!, bytes)!;
    if (old === 0n) return { result: 0, accesses: reads };
    const result = storeBytes(task, old!, bytes, () => undefined);
    return { result, accesses: [...reads, ...stored(result, old!, bytes).accesses!] };
  },
};

const madvise: Call = {
  name: "madvise",
  count: 3,
  run: ({ task }, [address, length, advice]) => {
    const { machine, cpu, handle } = task;
    const at = halves(address!);
    const bytes = halves(length!);
    const kind = Number(advice!);
    return {
      result: machine.exports.adviseMemory(cpu, handle, at.lo, at.hi, bytes.lo, bytes.hi, kind),
    };
  },
};

function nanosleep(bytes: number): Call["run"] {
  return (task, [address]) => {
    let nanoseconds = 0n;
    const result = loadBytes(task.task, address!, bytes, (view) => {
      const word = (at: number): bigint =>
        bytes === TIMESPEC_BYTES ? view.getBigInt64(at, true) : BigInt(view.getInt32(at, true));
      const [seconds, rest] = [word(0), word(bytes / 2)];
      if (seconds < 0n || rest < 0n || rest >= NANOSECONDS) return -EINVAL;
      nanoseconds = seconds * NANOSECONDS + rest;
      return 0;
    });
    const accesses = access("BP_READ", address!, bytes)!;
    if (result === 0) sleep(task, nanoseconds);
    return { result, accesses };
  };
}

const calls64 = new Map<number, Call>([
  [0, { name: "read", count: 3, run: transfer(true, false) }],
  [1, { name: "write", count: 3, run: transfer(false, false) }],
  [5, fstat],
  [14, sigprocmask],
  [17, { name: "pread64", count: 4, run: transfer(true, true) }],
  [18, { name: "pwrite64", count: 4, run: transfer(false, true) }],
  [28, madvise],
  [35, { name: "nanosleep", count: 2, run: nanosleep(TIMESPEC_BYTES) }],
  [39, getpid],
  [63, uname],
  [102, getuid],
  [318, getrandom],
]);

const calls32 = new Map<number, Call>([
  [3, { name: "read", count: 3, run: transfer(true, false) }],
  [4, { name: "write", count: 3, run: transfer(false, false) }],
  [20, getpid],
  [122, uname],
  [162, { name: "nanosleep", count: 2, run: nanosleep(TIMESPEC32_BYTES) }],
  [199, getuid],
  [355, getrandom],
]);

/** Arguments in order: of `syscall`, and of int 0x80, which takes the lower halves. */
const arguments64 = ["di", "si", "dx", "r10", "r8", "r9"] as const;
const arguments32 = ["bx", "cx", "dx", "si", "di", "bp"] as const;

/** Makes the call that the registers in the task's frame ask for; its result, which the frame's ax then holds. */
export function enterKernel(
  task: PerfTask,
  entry: EntryName,
  bits: SegmentBits,
  world: CallWorld,
): bigint {
  const { frame } = task;
  const isNew = entry === "syscall" && bits === 64;
  const number = isNew ? frame.get("ax") : BigInt.asUintN(32, frame.get("ax"));
  const args = isNew
    ? arguments64.map((name) => frame.get(name))
    : arguments32.map((name) => BigInt.asUintN(32, frame.get(name)));
  saveFrame(task, entry);
  const call = (isNew ? calls64 : calls32).get(Number(number));
  if (isNew && call !== undefined) {
    trace(task, `enter_${call.name}`, [number, ...args.slice(0, call.count)]);
  }
  const { result, accesses = [] } = call?.run(task, args, world) ?? { result: -ENOSYS };
  for (const { kind, address, bytes } of accesses) hitBreakpoints(task, kind, address, bytes);
  if (isNew && call !== undefined) {
    trace(task, `exit_${call.name}`, [number, BigInt(result)], result);
  }
  frame.set("ax", BigInt(result));
  return BigInt(result);
}

/**
 * The frame that the entry saves: `syscall` leaves the return address in cx and the flags in r11, int 0x80 keeps both.
 * The stack segment of the kernel is loaded by the first alone.
 */
function saveFrame(task: PerfTask, entry: EntryName): void {
  const { frame } = task;
  const next = frame.get("ip") + ENTRY_BYTES;
  frame.setAll({ origAx: frame.get("ax"), ax: BigInt(-ENOSYS), ip: next });
  if (entry === "syscall") frame.setAll({ cx: next, r11: frame.get("flags") });
  task.enterKernel(entry === "syscall" ? task.task.machine.constant("KERNEL_SS") : 0);
}

function hitBreakpoints(
  task: PerfTask,
  kind: KernelAccess["kind"],
  address: bigint,
  bytes: number,
): void {
  const { machine, cpu } = task.task;
  const { lo, hi } = halves(address);
  const bit = machine.constant(kind);
  machine.exports.perfBreakpoint(cpu, bit, lo, hi, bytes, task.kernelFrame.address);
}

/** A tracepoint of a system call, as the task's own registers see it; on the way out ax holds the result. */
function trace(task: PerfTask, name: string, words: readonly bigint[], result?: number): void {
  const number = tracepointNumber(`syscalls:sys_${name}`);
  if (number === 0) return;
  if (result !== undefined) task.frame.set("ax", BigInt(result));
  const { machine, cpu } = task.task;
  const buffer = machine.allocKernel(COMMON_BYTES + words.length * 8);
  const view = new DataView(buffer.bytes.buffer, buffer.linear);
  view.setUint16(0, number, true);
  view.setUint8(3, PREEMPT_COUNT);
  view.setUint32(4, task.pid, true);
  words.forEach((word, index) => view.setBigInt64(COMMON_BYTES + index * 8, word, true));
  machine.exports.perfTracepoint(cpu, number, buffer.linear, buffer.length, task.frame.address);
  buffer.free();
}
