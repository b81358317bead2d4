/** The threads, processes and files of a case on an emulated machine. */

import type { UserFile } from "../../machine/file.ts";
import type { Machine } from "../../machine/machine.ts";
import { storeByProgram } from "../../machine/programAccess.ts";
import type { Task } from "../../machine/task.ts";
import { peekWord } from "../../systems/remote/ptrace.ts";
import type { FutexRunner } from "./runner.ts";
import type { LongInteger, ObservedWord, TimeSpec } from "./steps.ts";
import { TraceError, wordOf, type HexText } from "../base/trace.ts";

/** Where programs keep what they pass to calls: far from every recorded mapping. */
const OWN_MEMORY = 0x0f00_0000_0000n;
const OWN_BYTES = 1 << 14;
/** The list of a futex_waitv lies behind a time. */
const LIST_AT = 64n;
const RESULTS_AT = 16n;
const WAITER_BYTES = 24;

const FILE_BYTES = 65_536n;
const NANOSECONDS = 1_000_000_000n;

/** What words call a number that never is a thread's, the one of a kernel thread, and a thread that ended before. */
const NO_THREAD = 0x3fff_fffe;
const KERNEL_THREAD = 2;
const EARLIER_THREAD = 1000;
const WAITERS = 0x8000_0000;
const OWNER_DIED = 0x4000_0000;
const TID_MASK = 0x3fff_ffff;

/** A thread of a case: its task where it was made, and where it makes its calls. */
interface Thread {
  readonly made: Task;
  readonly task: Task;
  readonly process: number;
}

/** A long integer may stand in the trace as an unsigned 64-bit word. */
function signed(value: LongInteger): bigint {
  return BigInt.asIntN(64, BigInt(value));
}

/** Everything of one case on a machine. */
export class World {
  readonly machine: Machine;
  readonly #runner: FutexRunner;
  readonly #threads = new Map<number, Thread>();
  readonly #names = new Map<number, string>();
  readonly #files = new Map<number, UserFile>();
  readonly #ids = new Map<string, number>();

  constructor(machine: Machine, runner: FutexRunner) {
    this.machine = machine;
    this.#runner = runner;
    machine.exports.setNextTaskId(EARLIER_THREAD + 1);
    this.#name("X", EARLIER_THREAD);
    this.#name("N", NO_THREAD);
    this.#name("K", KERNEL_THREAD);
    this.#add(0, machine.createTask(), 0);
    this.task(0).map({ at: OWN_MEMORY, length: OWN_BYTES });
  }

  #name(name: string, id: number): void {
    this.#names.set(id, name);
    this.#ids.set(name, id);
  }

  #add(thread: number, made: Task, process: number): void {
    this.#threads.set(thread, { made, task: this.#runner.seat(made), process });
    this.#name(`T${thread}`, made.id);
  }

  #thread(t: number): Thread {
    const thread = this.#threads.get(t);
    if (thread === undefined) throw new TraceError("", `there is no thread ${t}`);
    return thread;
  }

  /** The task of a live thread, on its CPU. @throws TraceError for one that does not exist (any more) */
  task(t: number): Task {
    const { task } = this.#thread(t);
    this.#runner.prepare(task);
    return task;
  }

  /** The same task for the machine's own host: one who looks while it sleeps, or has files of the machine. */
  hostTask(t: number): Task {
    return this.#runner.observer(this.task(t));
  }

  /** A new thread that shares the memory of process 0. */
  addThread(t: number, to: number): void {
    this.#checkNew(to);
    const { made, process } = this.#thread(t);
    this.#add(to, this.machine.createTask({ sharing: made }), process);
  }

  /** A new thread for a while: no step names it. */
  addWorker(): Task {
    return this.#runner.seat(this.machine.createTask({ sharing: this.#thread(0).made }));
  }

  endWorker(task: Task): void {
    this.#runner.leave(task);
    task.exit();
  }

  fork(t: number, to: number): void {
    this.#checkNew(to);
    const { made } = this.#thread(t);
    made.runOn(0);
    this.#add(to, made.fork(), to);
  }

  #checkNew(to: number): void {
    if (this.#threads.has(to)) throw new TraceError("", `there is a thread ${to} already`);
  }

  /** The thread ends. */
  end(t: number): void {
    this.endWorker(this.task(t));
    this.#threads.delete(t);
  }

  file(index: number): UserFile {
    let file = this.#files.get(index);
    if (file === undefined) {
      file = this.machine.createFile(FILE_BYTES);
      this.#files.set(index, file);
    }
    return file;
  }

  /** Numbers of live threads, sorted. */
  get threads(): number[] {
    return [...this.#threads.keys()].sort((a, b) => a - b);
  }

  sleepers(): number[] {
    return this.threads.filter((t) => this.#threads.get(t)!.made.blocked);
  }

  /** A 32-bit word as the traces write it: a number, or an owner's name. */
  numberOf(word: string): number {
    if (word.startsWith("0x")) return Number(BigInt.asUintN(32, BigInt(word)));
    const [name, ...bits] = word.split("|");
    const id = this.#ids.get(name!);
    if (id === undefined) throw new TraceError("", `there was no thread ${name}`);
    const high = (bits.includes("W") ? WAITERS : 0) + (bits.includes("D") ? OWNER_DIED : 0);
    return id + high;
  }

  #wordText(value: number, owner: boolean): string {
    const name = owner ? this.#names.get(value & TID_MASK) : undefined;
    if (name === undefined) return `0x${value.toString(16).padStart(8, "0")}`;
    const waiters = value >= WAITERS ? "|W" : "";
    return `${name}${waiters}${(value & OWNER_DIED) !== 0 ? "|D" : ""}`;
  }

  /** The observed words, as a debugger of thread 0's process reads them. */
  words(observed: readonly ObservedWord[]): (string | null)[] {
    const alive = this.threads.find((t) => this.#threads.get(t)!.process === 0);
    if (alive === undefined) return observed.map(() => null);
    const task = this.hostTask(alive);
    return observed.map(({ addr, owner }) => {
      const at = wordOf(addr);
      const word = peekWord(task, task, at & ~7n);
      if (typeof word === "number") return null;
      const half = (at & 4n) === 0n ? word : word >> 32n;
      return this.#wordText(Number(BigInt.asUintN(32, half)), owner);
    });
  }

  /** The thread's program stores words of 4 or 8 bytes, one behind the other. */
  store(t: number, at: bigint, values: readonly bigint[], bytes: 4 | 8): void {
    const buffer = new Uint8Array(values.length * bytes);
    const view = new DataView(buffer.buffer);
    values.forEach((value, index) => {
      if (bytes === 4) view.setUint32(index * bytes, Number(BigInt.asUintN(32, value)), true);
      else view.setBigUint64(index * bytes, BigInt.asUintN(64, value), true);
    });
    const signal = storeByProgram(this.task(t), BigInt.asUintN(64, at), buffer);
    if (signal !== null) throw new TraceError("", `${signal} at a store of thread ${t}`);
  }

  /** The pointer that a call gets for a time: 0 for none. */
  timePointer(t: number, time: TimeSpec | null | undefined): bigint {
    if (time === null || time === undefined) return 0n;
    if (time[0] === "ptr") return wordOf(time[1]);
    const [kind, seconds, nanoseconds] = time;
    let spec: readonly [bigint, bigint] = [signed(seconds), signed(nanoseconds)];
    if (kind !== "raw") spec = this.#fromNow(kind, spec[0] * NANOSECONDS + spec[1]);
    this.store(t, OWN_MEMORY, spec, 8);
    return OWN_MEMORY;
  }

  /** Now on a clock, and so much more, as seconds and nanoseconds. */
  #fromNow(clock: "mono+" | "real+", more: bigint): [bigint, bigint] {
    const ahead = clock === "real+" ? this.machine.constant("REALTIME_AHEAD_SECONDS") : 0;
    const time = BigInt(ahead) * NANOSECONDS + this.machine.nanoseconds + more;
    const rest = ((time % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
    return [(time - rest) / NANOSECONDS, rest];
  }

  /** Puts a list of waiters where the thread's program keeps such, and answers its address. */
  writeWaiters(t: number, rows: readonly (readonly [HexText, HexText, number, number])[]): bigint {
    const at = OWN_MEMORY + LIST_AT;
    rows.forEach(([value, address, flags, reserved], index) => {
      const row = at + BigInt(index * WAITER_BYTES);
      this.store(t, row, [wordOf(value), wordOf(address)], 8);
      this.store(t, row + 16n, [BigInt(flags), BigInt(reserved)], 4);
    });
    return at;
  }

  /** Where a call may store two results of 8 bytes. */
  get results(): readonly [bigint, bigint] {
    return [OWN_MEMORY + RESULTS_AT, OWN_MEMORY + RESULTS_AT + 8n];
  }

  /** What it stored there. */
  loadResult(t: number, at: bigint): bigint {
    const task = this.hostTask(t);
    const word = peekWord(task, task, at);
    return typeof word === "bigint" ? word : 0n;
  }

  /** All of it goes. */
  finish(): void {
    for (const t of this.threads) this.end(t);
    for (const file of this.#files.values()) file.close();
  }
}
