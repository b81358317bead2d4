/** Instructions of a program under observation: every access, fault and trap they make (x86-64). */

import { halves } from "../../machine/address.ts";
import type { PerfTask } from "./perfTask.ts";

export type SegmentBits = 32 | 64;

/** The signal that an instruction ends in. */
export interface ProgramSignal {
  readonly signo: number;
  readonly code: number;
  readonly address: bigint;
}

/** Instructions that do nothing but access memory, or raise an exception. */
export const instructionNames = [
  "store1",
  "load1",
  "store8",
  "repstos",
  "repmovs",
  "push",
  "call",
  "exec",
  "nop",
  "int3",
  "ud2",
] as const;
export type InstructionName = (typeof instructionNames)[number];

export interface Instruction {
  readonly name: InstructionName;
  readonly bits: SegmentBits;
  /** What a store, load or jump names; other instructions go by their registers. */
  readonly address: bigint;
}

type Access = "ACCESS_READ" | "ACCESS_WRITE";

const SIGILL = 4;
const SIGTRAP = 5;
const SIGBUS = 7;
const SIGSEGV = 11;
/** si_code: raised by the kernel itself; no mapping there; a mapping that forbids it; illegal operand; no such page. */
const SI_KERNEL = 128;
const SEGV_MAPERR = 1;
const SEGV_ACCERR = 2;
const ILL_ILLOPN = 2;
const BUS_ADRERR = 2;
const FLAGS_RF = 1n << 16n;
const FLAGS_DF = 1n << 10n;
/** Bits of an address that are alike in a canonical one. */
const CANONICAL_SHIFT = 47n;

/** Lengths in bytes: with an address in the instruction, the address's own bytes are part of it. */
const lengths = {
  64: {
    store1: 9,
    load1: 9,
    store8: 10,
    push: 1,
    call: 5,
    nop: 1,
    int3: 1,
    repstos: 2,
    repmovs: 2,
  },
  32: { store1: 5, load1: 5, store8: 5, push: 1, call: 5, nop: 1, int3: 1, repstos: 2, repmovs: 2 },
} as const;

/** An instruction that could not go on. */
class Fault extends Error {
  readonly signal: ProgramSignal;

  constructor(signal: ProgramSignal) {
    super(`signal ${signal.signo}`);
    this.signal = signal;
  }
}

/**
 * Executes one instruction of the task, with the registers in its frame: null, or the signal that it ends in. The frame
 * is then that of the exception.
 */
export function execute(task: PerfTask, instruction: Instruction): ProgramSignal | null {
  return signalOf(() => new Execution(task, instruction).run());
}

/** The instruction that the frame points at is read: what an entry into the kernel begins with too. */
export function fetchInstruction(task: PerfTask, bits: SegmentBits): ProgramSignal | null {
  return signalOf(() => new Execution(task, { name: "nop", bits, address: 0n }).fetch());
}

function signalOf(part: () => void): ProgramSignal | null {
  try {
    part();
    return null;
  } catch (error) {
    if (error instanceof Fault) return error.signal;
    throw error;
  }
}

/** The registers that a string instruction moves along, and what it does there. */
const cursorAccess = { si: "ACCESS_READ", di: "ACCESS_WRITE" } as const;
type Cursor = keyof typeof cursorAccess;

class Execution {
  readonly #task: PerfTask;
  readonly #instruction: Instruction;

  constructor(task: PerfTask, instruction: Instruction) {
    this.#task = task;
    this.#instruction = instruction;
  }

  run(): void {
    const { name, bits, address } = this.#instruction;
    const { frame } = this.#task;
    this.fetch();
    switch (name) {
      case "store1":
        this.#store(address, frame.get("ax"), 1);
        return this.#done([[address, 1, "ACCESS_WRITE"]]);
      case "load1":
        this.#load1(address);
        return this.#done([[address, 1, "ACCESS_READ"]]);
      case "store8":
        this.#store(address, frame.get("ax"), this.#wordBytes);
        return this.#done([[address, this.#wordBytes, "ACCESS_WRITE"]]);
      case "push":
        return this.#push(frame.get("ax"));
      case "call":
        return this.#push(frame.get("ip") + BigInt(lengths[bits].call));
      case "exec":
        frame.set("ip", address);
        return this.fetch();
      case "repstos":
        return this.#repeat(["di"], (bytes) => this.#fill(bytes));
      case "repmovs":
        return this.#repeat(["si", "di"], (bytes) => this.#copy(bytes));
      case "nop":
        return this.#done([]);
      case "int3":
        this.#advance();
        throw new Fault({ signo: SIGTRAP, code: SI_KERNEL, address: 0n });
      case "ud2":
        frame.set("flags", frame.get("flags") | FLAGS_RF);
        throw new Fault({ signo: SIGILL, code: ILL_ILLOPN, address: frame.get("ip") });
    }
  }

  /** The instruction is read; a breakpoint on it comes first, whether it can be read or not. */
  fetch(): void {
    const ip = this.#task.frame.get("ip");
    this.#breakpoint("BP_EXECUTE", ip, 1);
    this.#touch(ip, "fetch");
  }

  #advance(): void {
    const { name, bits } = this.#instruction;
    const bytes = lengths[bits][name as keyof (typeof lengths)[SegmentBits]];
    this.#task.frame.set("ip", this.#task.frame.get("ip") + BigInt(bytes));
  }

  /** The instruction is complete; breakpoints on what it accessed come now. */
  #done(accesses: readonly (readonly [bigint, number, Access])[]): void {
    this.#advance();
    for (const [address, bytes, access] of accesses) {
      this.#breakpoint(access === "ACCESS_WRITE" ? "BP_WRITE" : "BP_READ", address, bytes);
    }
  }

  #breakpoint(kind: "BP_READ" | "BP_WRITE" | "BP_EXECUTE", address: bigint, bytes: number): void {
    const { machine, cpu } = this.#task.task;
    const { lo, hi } = halves(BigInt.asUintN(64, address));
    const bit = machine.constant(kind);
    machine.exports.perfBreakpoint(cpu, bit, lo, hi, bytes, this.#task.frame.address);
  }

  /** What a whole register holds: 8 bytes, in a segment of 32 bits 4. */
  get #wordBytes(): number {
    return this.#instruction.bits / 8;
  }

  #push(value: bigint): void {
    const bytes = this.#wordBytes;
    const sp = this.#task.frame.get("sp") - BigInt(bytes);
    this.#store(sp, value, bytes);
    this.#task.frame.set("sp", sp);
    this.#done([[sp, bytes, "ACCESS_WRITE"]]);
  }

  #store(address: bigint, value: bigint, bytes: number): void {
    this.#move(address, bytes, "ACCESS_WRITE", (memory, done) =>
      memory.forEach((_, index) => {
        memory[index] = Number((value >> BigInt(8 * (done + index))) & 255n);
      }),
    );
  }

  #load1(address: bigint): void {
    const { frame } = this.#task;
    this.#move(address, 1, "ACCESS_READ", (byte) =>
      frame.set("ax", (frame.get("ax") & ~255n) | BigInt(byte[0]!)),
    );
  }

  /** String instructions: piece by piece, with the registers as far as they are done. */
  #repeat(cursors: readonly Cursor[], move: (bytes: number) => void): void {
    const { frame } = this.#task;
    const step = (frame.get("flags") & FLAGS_DF) === 0n ? 1n : -1n;
    while (frame.get("cx") !== 0n) {
      const piece = step < 0n ? 1 : this.#piece(cursors);
      for (const cursor of cursors) this.#touch(frame.get(cursor), cursorAccess[cursor]);
      move(piece);
      for (const cursor of cursors) frame.set(cursor, frame.get(cursor) + step * BigInt(piece));
      frame.set("cx", frame.get("cx") - BigInt(piece));
    }
    this.#advance();
  }

  /** Bytes that can be done upward without leaving a page. */
  #piece(cursors: readonly Cursor[]): number {
    const { frame, task } = this.#task;
    const page = BigInt(task.machine.constant("PAGE_SIZE"));
    const rooms = cursors.map((cursor) => page - (frame.get(cursor) % page));
    return Number(rooms.reduce((least, next) => (next < least ? next : least), frame.get("cx")));
  }

  #linearOf(cursor: Cursor): number {
    const { frame, task } = this.#task;
    return task.linearOf(BigInt.asUintN(64, frame.get(cursor)))!;
  }

  #fill(bytes: number): void {
    const { frame, task } = this.#task;
    const to = this.#linearOf("di");
    task.machine.bytes.fill(Number(frame.get("ax") & 255n), to, to + bytes);
  }

  /** Byte by byte, as what is written may be read again. */
  #copy(bytes: number): void {
    const memory = this.#task.task.machine.bytes;
    const [from, to] = [this.#linearOf("si"), this.#linearOf("di")];
    for (let index = 0; index < bytes; index++) memory[to + index] = memory[from + index]!;
  }

  /** Touches all bytes, and then moves each page's part. */
  #move(
    address: bigint,
    bytes: number,
    access: Access,
    move: (memory: Uint8Array, done: number) => void,
  ): void {
    const { task } = this.#task;
    const page = task.machine.constant("PAGE_SIZE");
    const first = Math.min(bytes, page - Number(BigInt.asUintN(64, address) % BigInt(page)));
    this.#touch(address, access);
    if (first < bytes) this.#touch(address + BigInt(first), access);
    for (const [done, length] of [
      [0, first],
      [first, bytes - first],
    ] as const) {
      if (length === 0) continue;
      const linear = task.linearOf(BigInt.asUintN(64, address + BigInt(done)))!;
      move(task.machine.bytes.subarray(linear, linear + length), done);
    }
  }

  /** Takes the fault that the hardware would. @throws Fault where it cannot be repaired */
  #touch(at: bigint, access: Access | "fetch"): void {
    const address = BigInt.asUintN(64, at);
    const { frame, task } = this.#task;
    const top = BigInt.asIntN(64, address) >> CANONICAL_SHIFT;
    if (top !== 0n && top !== -1n) {
      frame.set("flags", frame.get("flags") | FLAGS_RF);
      throw new Fault({ signo: SIGSEGV, code: SI_KERNEL, address: 0n });
    }
    const { machine, cpu } = task;
    const { lo, hi } = halves(address);
    const fetches = access === "fetch";
    const kind = machine.constant(fetches ? "ACCESS_READ" : access);
    const fault = machine.exports.perfProgramFault(cpu, lo, hi, kind, fetches ? 1 : 0);
    if (fault === 0) return;
    frame.set("flags", frame.get("flags") | FLAGS_RF);
    throw new Fault(this.#signalOf(fault, address));
  }

  #signalOf(fault: number, address: bigint): ProgramSignal {
    const { task } = this.#task;
    if ((fault & task.machine.constant("VM_FAULT_SIGBUS")) !== 0) {
      return { signo: SIGBUS, code: BUS_ADRERR, address };
    }
    const isMapped = task.vmas().some(({ start, end }) => start <= address && address < end);
    return { signo: SIGSEGV, code: isMapped ? SEGV_ACCERR : SEGV_MAPERR, address };
  }
}
