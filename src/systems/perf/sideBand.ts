/** Records of what happens to a task besides its samples (perf_event_mmap, perf_event_comm, perf_event_task; 6.18). */

import type { Machine } from "../../machine/machine.ts";
import type { CoreRecord } from "./coreRecord.ts";
import type { EventFlag } from "./names.ts";
import { openEvents } from "./eventRecords.ts";
import { viewOf } from "./perfEvent.ts";
import type { PerfTask } from "./perfTask.ts";

/** Bits of a header's misc. */
const MISC_USER = 2;
const MISC_MMAP_DATA = 0x2000;
const MISC_SWITCH_OUT = 0x2000;
/** Mapping flags in MMAP2. */
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
/** Device, inode and generation of what has none. */
const FILE_IDENTITY_BYTES = 24;
const WORD_BYTES = 8;

/** A mapping as MMAP and MMAP2 describe it. */
export interface MappedRange {
  readonly address: bigint;
  readonly length: bigint;
  /** In bytes; of private anonymous memory the address. */
  readonly offset: bigint;
  readonly name: string;
  /** PROT_* */
  readonly protection: number;
  readonly executable: boolean;
  readonly shared: boolean;
}

/** A record's body under construction: little-endian words and strings. */
class Body {
  readonly #bytes: number[] = [];

  word(value: bigint, bytes: 4 | 8 = 8): this {
    for (let index = 0; index < bytes; index++) {
      this.#bytes.push(Number((value >> BigInt(8 * index)) & 0xffn));
    }
    return this;
  }

  pair(low: number, high: number): this {
    return this.word(BigInt(low >>> 0), 4).word(BigInt(high >>> 0), 4);
  }

  zeros(count: number): this {
    for (let index = 0; index < count; index++) this.#bytes.push(0);
    return this;
  }

  /** With at least one zero behind it, up to a whole word. */
  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    this.#bytes.push(...bytes);
    return this.zeros(WORD_BYTES - (bytes.length % WORD_BYTES));
  }

  get bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

/** The enabled events that see what the task on the CPU does. */
function watching(task: PerfTask): CoreRecord[] {
  const { machine, cpu } = task.task;
  return openEvents(machine).filter((event) => {
    const of = event.get32("PERF_EVENT_TASK");
    const on = event.get32("PERF_EVENT_CPU") >> 0;
    const isSeen = (of === 0 || of === task.record) && (on === -1 || on === cpu);
    return isSeen && event.get32("PERF_EVENT_ENABLED") !== 0;
  });
}

/** Some event of the machine asks for one of these: without any the kernel does not even look. */
function anyAsks(machine: Machine, ...flags: EventFlag[]): boolean {
  return openEvents(machine).some((event) => flags.some((flag) => viewOf(event).has(flag)));
}

function put(
  task: PerfTask,
  event: CoreRecord,
  type: "MMAP" | "MMAP2" | "COMM" | "FORK" | "EXIT" | "SWITCH",
  misc: number,
  bytes: Uint8Array,
): void {
  const { machine, cpu } = task.task;
  const buffer = machine.allocKernel(Math.max(bytes.length, 1));
  buffer.bytes.set(bytes);
  machine.exports.perfRecord(
    cpu,
    event.address,
    machine.constant(`RECORD_${type}`),
    misc,
    buffer.linear,
    bytes.length,
  );
  buffer.free();
}

/** A mapping was made, or its protection changed. */
export function recordMapping(task: PerfTask, range: MappedRange): void {
  if (!anyAsks(task.task.machine, "mmap", "mmap_data")) return;
  for (const event of watching(task)) {
    const view = viewOf(event);
    const asks = range.executable ? view.has("mmap") || view.has("mmap2") : view.has("mmap_data");
    if (!asks) continue;
    const misc = MISC_USER | (range.executable ? 0 : MISC_MMAP_DATA);
    const body = new Body().pair(task.pid, task.tid);
    body.word(range.address).word(range.length).word(range.offset);
    if (view.has("mmap2")) {
      body.zeros(FILE_IDENTITY_BYTES);
      body.pair(range.protection, range.shared ? MAP_SHARED : MAP_PRIVATE);
    }
    put(task, event, view.has("mmap2") ? "MMAP2" : "MMAP", misc, body.text(range.name).bytes);
  }
}

/** The task has a new name. */
export function recordName(task: PerfTask, name: string): void {
  for (const event of watching(task)) {
    if (!viewOf(event).has("comm")) continue;
    put(task, event, "COMM", 0, new Body().pair(task.pid, task.tid).text(name).bytes);
  }
}

const lifeFlags: readonly EventFlag[] = ["comm", "mmap", "mmap2", "mmap_data", "task"];

/** The running task made another one. */
export function recordFork(parent: PerfTask, child: PerfTask): void {
  recordLife(parent, "FORK", [child.pid, parent.pid, child.tid, parent.tid]);
}

/** The running task ends. */
export function recordExit(task: PerfTask, parent: PerfTask): void {
  recordLife(task, "EXIT", [task.pid, parent.pid, task.tid, parent.tid]);
}

function recordLife(
  task: PerfTask,
  type: "FORK" | "EXIT",
  [pid, parentPid, tid, parentTid]: readonly [number, number, number, number],
): void {
  const { machine } = task.task;
  if (!anyAsks(machine, "comm", "mmap", "mmap_data", "task")) return;
  for (const event of watching(task)) {
    const view = viewOf(event);
    if (!lifeFlags.some((flag) => view.has(flag))) continue;
    const body = new Body().pair(pid, parentPid).pair(tid, parentTid).word(machine.nanoseconds);
    put(task, event, type, 0, body.bytes);
  }
}

/** The task leaves its CPU, or comes back to it. */
export function recordSwitch(task: PerfTask, leaves: boolean): void {
  for (const event of watching(task)) {
    if (!viewOf(event).has("context_switch")) continue;
    put(task, event, "SWITCH", leaves ? MISC_SWITCH_OUT : 0, new Uint8Array(0));
  }
}
