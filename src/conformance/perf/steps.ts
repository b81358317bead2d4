/** Steps of the recordings of performance events (test/golden/perf-regs/README.md). */

import type { EventCommand } from "../../systems/perf/perfEvent.ts";
import type { InstructionName, SegmentBits } from "../../systems/perf/instructions.ts";
import type { EntryName } from "../../systems/perf/programCalls.ts";
import type { HexText, Word } from "../base/trace.ts";

export type RecordedRegisters = Readonly<Record<string, HexText>>;

/** Attributes as recorded: names and numbers; what is absent is 0. */
export type RecordedAttributes = Readonly<Record<string, Word | string | readonly string[]>>;

interface OfEvent {
  readonly e: number;
}

interface OnRange {
  readonly addr: HexText;
  readonly len: number;
}

interface WithEvents {
  /** Events that are enabled just before, and disabled just after. */
  readonly on: readonly number[];
}

export type MemoryStep =
  | (OnRange & {
      op: "map";
      prot: string;
      populate?: boolean;
      shared?: boolean;
      growsdown?: boolean;
      file?: number;
      off?: number;
    })
  | { op: "file"; file: number; size: number; seed: number }
  | (OnRange & { op: "fill"; seed: number; pos: number })
  | { op: "poke"; addr: HexText; size: number; value: HexText }
  | (OnRange & { op: "drop" | "unmap" | "altstack" })
  | (OnRange & { op: "protect"; prot: string });

export interface ProgramMemory extends OnRange {
  readonly prot: string;
  readonly fresh?: boolean;
  readonly present?: boolean;
  readonly seed?: number;
}

export type EventStep =
  | (OfEvent & {
      op: "open";
      attr: RecordedAttributes;
      pid: string;
      cpu: number;
      group: number | string;
      oflags: number;
      attr_bytes_readable?: number;
      attr_at?: HexText;
    })
  | (OfEvent & { op: "mmap"; bytes: number; prot: string; private?: boolean; off?: number })
  | (OfEvent & { op: "ioctl"; cmd: EventCommand | "BOGUS"; arg: number | string })
  | (OfEvent & { op: "records"; sample_of?: readonly number[] })
  | (OfEvent & { op: "area"; max?: number })
  | (OfEvent & { op: "take"; max: number })
  | (OfEvent & { op: "tail"; value: HexText })
  | (OfEvent & { op: "head" | "bytes" | "page" | "poll" | "close" | "munmap" })
  | (OfEvent & { op: "read"; len: number })
  | (OfEvent & { op: "forms"; forms: readonly unknown[] });

export type ProgramStep =
  | (WithEvents & {
      op: "run";
      insn: InstructionName | EntryName;
      bits: SegmentBits;
      regs: RecordedRegisters;
      ip: HexText;
      addr: HexText;
      thread?: number;
      vfork?: boolean;
    })
  | { op: "name"; name: string }
  | { op: "uid"; uid: number }
  | { op: "thread" | "end_thread"; t: number }
  | { op: "child" | "end_child"; c: number }
  | (WithEvents & { op: "fork_exit" | "program32_go" })
  | (WithEvents & { op: "sleep" | "spin"; us: number })
  | (WithEvents & OfEvent & { op: "bpf_output"; bytes: number; packet: number })
  | {
      op: "program32";
      c: number;
      insn: InstructionName | EntryName;
      regs: RecordedRegisters;
      ip: HexText;
      addr: HexText;
      memory: readonly ProgramMemory[];
    };

export type PerfRegsOperation = MemoryStep | EventStep | ProgramStep;

/** Results that stand in a step beside its operation. */
export const resultKeys = [
  "ret",
  "errno",
  "size_after",
  "signal",
  "head",
  "tail",
  "records",
  "bytes_in_whole_records",
  "taken",
  "data",
  "values",
  "revents",
  "forms",
  "version",
  "compat_version",
  "data_head",
  "data_tail",
  "data_offset",
  "data_size",
  "aux_head",
  "aux_size",
] as const;
export type ResultKey = (typeof resultKeys)[number];

/** What a step answers: a tree of numbers, bytes and texts, compared by the rules of compare.ts. */
export type Answer =
  | bigint
  | string
  | Uint8Array
  | LengthOnly
  | readonly Answer[]
  | { readonly [name: string]: Answer };

/** Bytes of which only the number is compared. */
export class LengthOnly {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }
}

export type StepAnswer = Readonly<Partial<Record<ResultKey, Answer>>>;

export interface PerfRegsCase {
  readonly id: string;
  readonly kind: string;
  readonly kernel: string;
  readonly setup?: readonly PerfRegsOperation[];
  readonly steps: readonly (PerfRegsOperation & Readonly<Partial<Record<ResultKey, unknown>>>)[];
}
