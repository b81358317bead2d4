/** The cases of remote memory access as they stand in the traces (test/golden/remote-vm/README.md). */

import type { Advice, SpecialMapping } from "../../machine/advice.ts";
import type { HexText, Word } from "../base/trace.ts";

export const fileBackings = ["memfd", "disk", "diskro", "secret"] as const;
export type FileBacking = (typeof fileBackings)[number];

/** A file that mappings of the case are backed by. */
export interface CaseFile {
  readonly file: number;
  readonly backing: FileBacking;
  readonly size: number;
  readonly seed: number;
}

/** Pages that are observed. */
export interface WatchedRange {
  readonly p: number;
  readonly addr: HexText;
  readonly pages: number;
}

/** A mapping as listed: process, start, end, permissions, backing, page offset. */
export type MappingRow = readonly [number, HexText, HexText, string, string, number];

/** [address, length] of memory, or of the caller's own good memory; the third number repeats the element. */
export type Element = readonly [Word | "buf", Word] | readonly [Word | "buf", Word, number];

interface OfProcess {
  /** The process that does it. */
  readonly p: number;
}

interface OfRange extends OfProcess {
  readonly addr: Word;
  readonly len: Word;
}

interface Recorded {
  readonly ret?: number;
  readonly errno?: string;
}

/** Something done to an address space or a process: in a set-up, or as a step. */
export type SetupOperation = Recorded &
  (
    | (OfRange & { op: "mmap"; prot: string; flags: string; file?: number; off?: Word })
    | (OfRange & { op: "mprotect"; prot: string })
    | (OfRange & { op: "munmap" | "mseal" | "touch" | "uffd_missing_sigbus" })
    | (OfRange & { op: "madvise"; advice: Advice })
    | (OfRange & { op: "mlock2"; onfault: number })
    | (OfRange & { op: "fill"; seed: number; pos: Word })
    | (OfProcess & { op: "bytes"; addr: Word; hex: string })
    | (OfProcess & { op: "move_special"; name: `[${SpecialMapping}]`; addr: Word })
    | (OfProcess & { op: "fork"; to: number })
    | (OfProcess & { op: "setuid"; uid: number })
    | (OfProcess & { op: "dumpable"; val: 0 | 1 })
    | (OfProcess & { op: "rlimit_stack"; bytes: Word })
    | (OfProcess & {
        op: "set_args";
        arg_start: Word;
        arg_end: Word;
        env_start: Word;
        env_end: Word;
      })
    | (OfProcess & { op: "exec"; argv: readonly string[]; env: readonly string[] })
    | (OfProcess & { op: "exit"; reap: number })
  );

interface OnTarget extends OfProcess {
  /** The process whose memory it is about. */
  readonly pid: number;
}

interface OfElements extends OfProcess {
  readonly iov: readonly Element[];
}

/** The vectors of process_vm_readv and process_vm_writev, and what takes the place of their parts. */
export interface VectorStep extends OnTarget {
  readonly op: "vm_readv" | "vm_writev";
  readonly local: readonly Element[];
  readonly remote: readonly Element[];
  readonly flags: Word;
  readonly seed?: number;
  readonly pid_abs?: number;
  readonly local_count?: Word;
  readonly remote_count?: Word;
  readonly local_ptr?: Word;
  readonly remote_ptr?: Word;
}

/** One transfer through /proc/PID/mem. */
export type MemStep =
  | (OnTarget & { op: "mem_read" | "mem_write"; addr: Word; len: Word; seed?: number; buf?: Word })
  | (OnTarget & { op: "mem_seek_read" | "mem_seek_write"; addr: Word; len: Word; seed?: number })
  | (OnTarget & {
      op: "mem_preadv" | "mem_pwritev";
      addr: Word;
      local: readonly Element[];
      seed?: number;
    });

/** A step on another process. */
export type RemoteStep =
  | MemStep
  | VectorStep
  | (OnTarget & { op: "peek"; addr: Word })
  | (OnTarget & { op: "poke"; addr: Word; val: Word })
  | (OnTarget & { op: "proc_read"; name: "cmdline" | "environ"; off: Word; len: Word });

/** A call of a process on its own memory. */
export type OwnStep =
  | (OfElements & { op: "pipe_write" })
  | (OfElements & { op: "pipe_read"; fill: number; seed: number })
  | (OfElements & {
      op: "file_write" | "file_read";
      backing: "memfd" | "disk";
      off: number;
      size: number;
      seed: number;
    })
  | (OfElements & { op: "sock_send"; type: "stream" | "dgram" })
  | (OfElements & { op: "sock_recv"; type: "stream" | "dgram"; fill: number; seed: number })
  | (OfRange & { op: "dev_read" | "dev_write"; dev: string })
  | (OfProcess & { op: "sys"; name: string; addr: Word; x: number })
  | (OfProcess & { op: "cpu_load"; addr: Word })
  | (OfProcess & { op: "cpu_store"; addr: Word; val: number });

/** What is done in a step. */
export type RemoteVmOperation = SetupOperation | RemoteStep | OwnStep;

/** A step and what was recorded of it; further answers stand beside these under the names of {@link answerFields}. */
export type RemoteVmStep = RemoteVmOperation & {
  readonly ret: number;
  readonly errno: string;
  readonly pages_after?: readonly string[];
} & Readonly<Partial<Record<AnswerField, Word | string>>>;

/** The answers that a step may have, in the order in which they are compared. */
export const answerFields = [
  "at",
  "n",
  "crc",
  "head",
  "tail",
  "spill",
  "val_read",
  "pos",
  "left",
  "size_after",
  "name_after",
] as const;
export type AnswerField = (typeof answerFields)[number];

export interface RemoteVmCase {
  readonly id: string;
  readonly kind: string;
  readonly kernel: string;
  readonly no_after?: boolean;
  readonly setup: {
    readonly procs: number;
    readonly files: readonly CaseFile[];
    readonly ops: readonly SetupOperation[];
    readonly watch: readonly WatchedRange[];
  };
  readonly start: { readonly vmas: readonly MappingRow[]; readonly pages: readonly string[] };
  readonly steps: readonly RemoteVmStep[];
  readonly after: {
    readonly vmas?: readonly MappingRow[];
    readonly page_crc?: readonly string[];
  };
}
