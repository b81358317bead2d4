/** The processes, files and events of a case on an emulated machine. */

import type { UserFile } from "../../machine/file.ts";
import type { Machine } from "../../machine/machine.ts";
import { storeByProgram } from "../../machine/programAccess.ts";
import type { Task } from "../../machine/task.ts";
import type { InstructionName } from "../../systems/perf/instructions.ts";
import { PerfEvents } from "../../systems/perf/perfEvents.ts";
import type { PerfEvent } from "../../systems/perf/perfEvent.ts";
import { PerfTask } from "../../systems/perf/perfTask.ts";
import type { EntryName, OpenFile } from "../../systems/perf/programCalls.ts";
import { generalRegisters } from "../../systems/perf/registers.ts";
import { recordExit, recordFork } from "../../systems/perf/sideBand.ts";
import type { RecordLayout } from "./records.ts";
import { TraceError } from "../base/trace.ts";

/** The recorded machine has two CPUs, of which its programs run on number 1: here that is the first. */
const RECORDED_CPUS = 2;
/** Where the recorder keeps its own code, data, alternate stack and attributes. */
const recorderMemory = [
  { at: 0x20000000n, length: 0x2000, protection: "rwx" },
  { at: 0x20010000n, length: 0x1000, protection: "rw" },
  { at: 0x20020000n, length: 0x10000, protection: "rw" },
  { at: 0x20040000n, length: 0x2000, protection: "rw" },
] as const;
export const ATTRIBUTE_PAGE = 0x2004_0000n;
const ALTERNATE_STACK_TOP = 0x20030000n;
/** Where the recorder's own system calls return to. */
const RECORDER_IP = 0x449bd9n;
const FIRST_PID = 1000;
/** Descriptors of files: 100 and the file's number. */
const FIRST_DESCRIPTOR = 100;
const INIT_PIDS = [1, 2] as const;

/** An instruction that a 32-bit program waits to execute. */
export interface WaitingProgram {
  readonly task: PerfTask;
  readonly insn: InstructionName | EntryName;
  readonly regs: Readonly<Record<string, bigint>>;
  readonly ip: bigint;
  readonly address: bigint;
}

/** An event of the case, and how its records are read. */
export interface CaseEvent {
  readonly event: PerfEvent;
  readonly layout: RecordLayout;
  /** Every ring that it ever wrote to. */
  readonly rings: Set<number>;
}

/** Everything of one case. */
export class PerfWorld {
  readonly machine: Machine;
  readonly perf: PerfEvents;
  readonly process: PerfTask;
  readonly files = new Map<number, OpenFile>();
  readonly events = new Map<number, CaseEvent>();
  readonly #symbols = new Map<string, bigint[]>();
  readonly #tasks = new Map<string, PerfTask>();
  #nextPid = FIRST_PID;
  alternateStackTop = ALTERNATE_STACK_TOP;
  waiting: WaitingProgram | null = null;
  /** Events whose raw data end in bytes that nobody compares. */
  readonly withPacket = new Set<number>();

  constructor(machine: Machine) {
    this.machine = machine;
    this.perf = new PerfEvents(machine, RECORDED_CPUS);
    this.process = this.#adopt("P", machine.createTask());
    for (const { at, length, protection } of recorderMemory) {
      this.process.task.map({ at, length, protection, populate: true });
    }
    this.restFrame(this.process);
  }

  /** The recorder is in a system call of its own. */
  restFrame({ frame, task }: PerfTask): void {
    for (const name of generalRegisters) frame.set(name, 0n);
    const { machine } = task;
    frame.setAll({
      ip: RECORDER_IP,
      cs: BigInt(machine.constant("USER_CS")),
      ss: BigInt(machine.constant("USER_SS")),
    });
  }

  /** A task of the case under a symbol of the recordings; threads have the process's number. */
  #adopt(symbol: string, task: Task, options: { pid?: number; compat?: boolean } = {}): PerfTask {
    const tid = this.#nextPid++;
    const perf = new PerfTask(task, {
      tid,
      pid: options.pid ?? tid,
      compat: options.compat ?? false,
    });
    this.#symbols.set(symbol, [...(this.#symbols.get(symbol) ?? []), BigInt(tid)]);
    this.#tasks.set(symbol, perf);
    this.restFrame(perf);
    return perf;
  }

  /** Values of a symbol: numbers of tasks, ids of events. */
  symbol(name: string): readonly bigint[] {
    const known = this.#symbols.get(name);
    if (known !== undefined) return known;
    const event = /^E(\d+)$/.exec(name);
    const found = event === null ? undefined : this.events.get(Number(event[1]));
    return found === undefined ? [] : [found.event.id];
  }

  /** The task of a symbol; null for none. */
  task(symbol: string): PerfTask | null {
    return this.#tasks.get(symbol) ?? null;
  }

  /** A process outside the case that is always there. */
  outsider(pid: number): PerfTask | null {
    if (!(INIT_PIDS as readonly number[]).includes(pid)) return null;
    return (
      this.#tasks.get(`#${pid}`) ?? this.#adopt(`#${pid}`, this.machine.createTask({ cpu: null }))
    );
  }

  /** @throws TraceError for an event that was not opened */
  event(number: number): CaseEvent {
    const found = this.events.get(number);
    if (found === undefined) throw new TraceError("", `there is no event ${number}`);
    return found;
  }

  /** Remembers which ring an event writes to now. */
  noteRing(number: number): void {
    const { event, rings } = this.event(number);
    if (event.ring !== null) rings.add(event.ring.address);
  }

  addFile(number: number, file: UserFile): void {
    this.files.set(FIRST_DESCRIPTOR + number, { file, position: 0 });
  }

  file(number: number): UserFile {
    const open = this.files.get(FIRST_DESCRIPTOR + number);
    if (open === undefined) throw new TraceError("", `there is no file ${number}`);
    return open.file;
  }

  /** The recorder stores into the process's memory. */
  store(task: PerfTask, address: bigint, bytes: Uint8Array): void {
    const signal = storeByProgram(task.task, address, bytes);
    if (signal !== null) throw new TraceError("", `${signal} in a set-up`);
  }

  /** A thread of the process, with the events that are inherited. */
  startThread(symbol: string): PerfTask {
    const { process } = this;
    const task = this.machine.createTask({ sharing: process.task, cpu: null });
    const thread = this.#adopt(symbol, task, { pid: process.pid });
    this.perf.inherit(process, thread, true);
    recordFork(process, thread);
    return thread;
  }

  /** A process that shares the memory until it ends. */
  startVfork(): PerfTask {
    const task = this.machine.createTask({ sharing: this.process.task, cpu: null });
    return this.#start("V", task);
  }

  startFork(symbol: string): PerfTask {
    return this.#start(symbol, this.process.task.fork());
  }

  #start(symbol: string, task: Task): PerfTask {
    const child = this.#adopt(symbol, task);
    this.perf.inherit(this.process, child, false);
    recordFork(this.process, child);
    return child;
  }

  /** A real 32-bit program. */
  startProgram32(symbol: string): PerfTask {
    const task = this.machine.createTask({ cpu: null, wordBits: 32 });
    return this.#adopt(symbol, task, { compat: true });
  }

  /** The task runs on the CPU while `part` does. */
  on<Result>(task: PerfTask, part: () => Result): Result {
    this.#switch(this.process, task);
    const result = part();
    this.#switch(task, this.process);
    return result;
  }

  #switch(from: PerfTask, to: PerfTask): void {
    this.perf.swap(from, to);
    to.task.runOn(0);
  }

  /** The task ends. */
  end(symbol: string): void {
    const task = this.#tasks.get(symbol);
    if (task === undefined) throw new TraceError("", `there is no ${symbol}`);
    this.#switch(this.process, task);
    recordExit(task, this.process);
    this.perf.leave(task);
    task.free();
    task.task.exit();
    this.#tasks.delete(symbol);
    this.process.task.runOn(0);
  }

  /** All of it goes. */
  finish(): void {
    for (const { event } of this.events.values()) event.close();
    this.events.clear();
    for (const symbol of [...this.#tasks.keys()].reverse()) {
      const task = this.#tasks.get(symbol)!;
      task.free();
      task.task.exit();
    }
    this.#tasks.clear();
    for (const { file } of this.files.values()) file.close();
  }
}
