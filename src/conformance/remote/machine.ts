/**
 * The machine that the replayer of remote memory access drives: processes and their memory, seen through the same
 * doors as the recorded kernel, plus read-only views of mappings and page tables. The replayer holds no answers: every
 * value it compares comes through this interface.
 */

import type { Prediction } from "./predict.ts";
import type { RemoteBytes } from "../base/report.ts";
import type { CaseFile, RemoteVmOperation, RemoteVmStep, WatchedRange } from "./steps.ts";

/** What a case fixes before its set-up. */
export interface RemoteVmSetup {
  /** Kernel release, as recorded ("Linux 6.18.44 x86_64"). */
  readonly kernel: string;
  /** Processes 0 to `processes` − 1 exist from the start. */
  readonly processes: number;
  readonly files: readonly CaseFile[];
}

/** What came back from an operation. */
export interface Answer {
  /** What the kernel entry returned: 0 or positive, or minus the error number. */
  readonly result: number;
  /** The access of the program itself ended in this. */
  readonly signal?: "SIGSEGV" | "SIGBUS";
  /** It already failed at opening a file of the target, or at attaching to it. */
  readonly failedAt?: "open" | "attach";
  /** The bytes that arrived, where bytes may. */
  readonly received?: Uint8Array;
  /** Bytes that were changed behind those. */
  readonly spilled?: number;
  /** The word that was read. */
  readonly word?: bigint;
  /** File position afterwards. */
  readonly position?: bigint;
  /** Bytes still queued. */
  readonly left?: number;
  /** Size of the file afterwards. */
  readonly sizeAfter?: number;
  /** Name of the process afterwards. */
  readonly nameAfter?: Uint8Array;
}

/** One mapping, as /proc/PID/maps lists it. */
export interface MappingView {
  readonly start: bigint;
  readonly end: bigint;
  /** "rw-p", last letter p private, s shared. */
  readonly permissions: string;
  /** "anon", "shared-anon", "fileN", "secret", "[vvar]" … */
  readonly backing: string;
  /** In pages; 0 for "anon". */
  readonly pageOffset: bigint;
}

/**
 * A machine for one case at a time. A method may throw a NotImplementedError (notImplemented.ts); the replayer then
 * fails the case with "not implemented: …" and goes on with the next one.
 */
export interface RemoteVmMachine {
  /** Drops everything of the case before and gets ready for a new one. */
  reset(setup: RemoteVmSetup): void;
  perform(operation: RemoteVmOperation): Answer;

  /** What a step must answer where this kernel is known to differ from the recorded one; null: as recorded. */
  predict?(step: RemoteVmStep, watched: readonly WatchedRange[]): Prediction | null;
  /** Bytes of remote memory moved since the last question, without the mmap lock and under it. */
  takeRemoteBytes?(): RemoteBytes;

  /** The mappings of a process, in order; none once it has ended. Asking changes nothing. */
  mappings(process: number): readonly MappingView[];
  /** A letter for each page from `address` on; "" once the process has ended. Asking changes nothing. */
  pageLetters(process: number, address: bigint, pages: number): string;
  /** A word for each page as the process itself reads it, which touches pages; "" once it has ended. */
  pageChecksums(process: number, address: bigint, pages: number): string;

  /** What broke the rules inside the modelled kernel since the last question; empty if nothing. */
  takeFindings(): readonly string[];
  /** Ends everything of the case. What is then still held that was not before it; empty if nothing. */
  finish(): readonly string[];
}
