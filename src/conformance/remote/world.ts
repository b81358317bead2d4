/** The processes and files of a case on an emulated machine. */

import type { FileBacking, UserFile } from "../../machine/file.ts";
import type { Machine } from "../../machine/machine.ts";
import { loadByProgram, storeByProgram } from "../../machine/programAccess.ts";
import type { Task } from "../../machine/task.ts";
import { MemFile } from "../../systems/remote/memFile.ts";
import { errnos } from "../../base/errno.ts";
import { Process } from "../../systems/kernel/process.ts";
import { importBuffer, importVector } from "../../systems/kernel/vector.ts";
import type { UserIterator } from "../../systems/kernel/userIterator.ts";
import { content, fillContent } from "../base/content.ts";
import type { Handlers } from "../base/handlers.ts";
import type { Answer } from "./machine.ts";
import type { CaseFile, Element } from "./steps.ts";
import { TraceError, wordOf } from "../base/trace.ts";

/** What is done for each operation of a group. */
export type RemoteHandlers<Operation extends { op: string }> = Handlers<World, Operation, Answer>;

/** Where a program keeps its own good memory and its argument lists: far from every recorded layout. */
const OWN_MEMORY = 0x1000_0000_0000n;
const OWN_BYTES = 12 << 20;
const LISTS = 0x0f00_0000_0000n;
const LIST_BYTES = 1 << 16;
/** struct iovec of a 64-bit program: base, then length. */
const IOVEC_BYTES = 16;
/** What a buffer holds before bytes are read into it. */
const UNTOUCHED = 0xee;

/** A piece of a program's memory, with "buf" resolved to where that is. */
export interface Piece {
  readonly address: bigint;
  readonly length: bigint;
  /** It lies in the program's own good memory. */
  readonly own: boolean;
}

/** A process of a case. */
export class Program {
  readonly task: Task;
  readonly process: Process;
  #hasOwnMemory = false;
  /** It has ended and was not reaped. */
  isZombie = false;

  constructor(task: Task) {
    this.task = task;
    this.process = new Process(task);
  }

  /** A child, with a copy of all memory. */
  fork(): Program {
    const child = new Program(this.task.fork());
    child.#hasOwnMemory = this.#hasOwnMemory;
    child.process.setName(this.process.name);
    return child;
  }

  /** Another program in the same process. */
  exec(argv: readonly Uint8Array[], env: readonly Uint8Array[]): void {
    this.task.exec(argv, env);
    this.#hasOwnMemory = false;
  }

  /** It ends and stays a zombie. */
  die(): void {
    this.task.die();
    this.isZombie = true;
  }

  /** Its own good memory and its place for lists, from the first use on. */
  #ownMemory(): bigint {
    if (!this.#hasOwnMemory) {
      this.task.map({ at: OWN_MEMORY, length: OWN_BYTES });
      this.task.map({ at: LISTS, length: LIST_BYTES });
      this.#hasOwnMemory = true;
    }
    return OWN_MEMORY;
  }

  /** The first `length` bytes of stream `seed`, in its own memory. */
  ownContent(seed: number, length: number): UserIterator {
    const address = this.#ownMemory();
    this.#store(address, content(seed, 0n, length));
    return importBuffer(this.task, address, BigInt(length)) as UserIterator;
  }

  /** The elements of a list, repeated as they say; those in the program's own memory follow one another there. */
  pieces(elements: readonly Element[]): Piece[] {
    let own = this.#ownMemory();
    return elements.flatMap(([address, size, times = 1]) =>
      Array.from({ length: times }, () => {
        const length = wordOf(size);
        if (address !== "buf") return { address: wordOf(address), length, own: false };
        own += length;
        return { address: own - length, length, own: true };
      }),
    );
  }

  /** Writes a list where the program keeps such (`slot` 0 or 1), and answers its address. */
  writeList(pieces: readonly Piece[], slot = 0): bigint {
    this.#ownMemory();
    const bytes = new Uint8Array(pieces.length * IOVEC_BYTES);
    const view = new DataView(bytes.buffer);
    pieces.forEach(({ address, length }, index) => {
      view.setBigUint64(index * IOVEC_BYTES, BigInt.asUintN(64, address), true);
      view.setBigUint64(index * IOVEC_BYTES + IOVEC_BYTES / 2, length, true);
    });
    const at = LISTS + BigInt(slot * (LIST_BYTES / 2));
    this.#store(at, bytes);
    return at;
  }

  /** Puts the bytes of stream `seed` into the own pieces, one after the other. */
  fillOwn(pieces: readonly Piece[], seed: number): void {
    let position = 0;
    for (const { address, length } of ownOf(pieces)) {
      this.#store(address, content(seed, BigInt(position), length));
      position += length;
    }
  }

  /** Makes the own pieces tell whether they were written to. */
  markOwn(pieces: readonly Piece[]): void {
    for (const { address, length } of ownOf(pieces)) {
      this.#store(address, new Uint8Array(length).fill(UNTOUCHED));
    }
  }

  /** The first `length` bytes of the pieces, in their order, as the program reads them. */
  readPieces(pieces: readonly Piece[], length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let done = 0;
    for (const piece of pieces) {
      const part = Math.min(Number(piece.length), length - done);
      loadByProgram(this.task, piece.address, bytes.subarray(done, done + part));
      done += part;
    }
    return bytes;
  }

  #store(address: bigint, bytes: Uint8Array): void {
    const signal = storeByProgram(this.task, address, bytes);
    if (signal !== null) throw new TraceError("", `${signal} in the program's own memory`);
  }

  /** What read and write (one element), or readv and writev, take over; −errno where they refuse it. */
  importElements(elements: readonly Element[]): UserIterator | number {
    const [only] = elements;
    if (elements.length === 1 && only![0] !== "buf") {
      return importBuffer(this.task, wordOf(only![0]), wordOf(only![1]));
    }
    const list = this.writeList(this.pieces(elements));
    return importVector(this.task, list, BigInt(elements.length));
  }

  /** Nobody holds a lock of its address space, or waits for it. */
  get isUnlocked(): boolean {
    const { machine, cpu, handle } = this.task;
    if (this.task.vmas().some(({ lockCount }) => lockCount !== 1)) return false;
    const forWriting = 2;
    if (machine.exports.holdMmapLock(cpu, handle, forWriting) !== 0) return false;
    machine.exports.dropMmapLock(cpu, handle, forWriting);
    return true;
  }

  /** The process ends, and its memory with it. */
  end(): void {
    this.process.free();
    this.task.exit();
  }
}

/** Pieces of the own memory, as far as it goes: more is never transferred. */
function ownOf(pieces: readonly Piece[]): { address: bigint; length: number }[] {
  return pieces
    .filter(({ own, address }) => own && address < OWN_MEMORY + BigInt(OWN_BYTES))
    .map(({ address, length }) => {
      const room = OWN_MEMORY + BigInt(OWN_BYTES) - address;
      return { address, length: Number(length < room ? length : room) };
    });
}

/** Everything of one case on a machine. */
export class World {
  readonly machine: Machine;
  readonly files: readonly UserFile[];
  readonly #programs = new Map<number, Program>();
  readonly #memFiles = new Map<string, MemFile>();

  constructor(machine: Machine, processes: number, files: readonly CaseFile[]) {
    this.machine = machine;
    this.files = files.map(({ size, seed, backing }) =>
      createFilled(machine, size, seed, backing === "diskro" ? "read-only disk" : backing),
    );
    for (let p = 0; p < processes; p++) this.#programs.set(p, new Program(machine.createTask()));
  }

  /** @throws TraceError for a process that does not exist (any more) */
  program(p: number): Program {
    const program = this.#programs.get(p);
    if (program === undefined) throw new TraceError("", `there is no process ${p}`);
    program.task.runOn(0);
    return program;
  }

  /** A process that has not ended; undefined for any other number. */
  find(p: number): Program | undefined {
    const program = this.#programs.get(p);
    return program?.isZombie === true ? undefined : program;
  }

  /** A process, or what is left of it before it is reaped. */
  found(p: number): Program | undefined {
    return this.#programs.get(p);
  }

  /** The mem file of a process that another one keeps open from its first use on, or −errno. */
  memFile(caller: number, target: number): MemFile | number {
    const key = `${caller} ${target}`;
    const open = this.#memFiles.get(key);
    if (open !== undefined) return open;
    const of = this.found(target);
    if (of === undefined) return -errnos.ENOENT;
    const file = MemFile.open(this.program(caller).task, of.task);
    if (typeof file !== "number") this.#memFiles.set(key, file);
    return file;
  }

  /** A child gets a number of its own. */
  fork(p: number, child: number): void {
    if (this.#programs.has(child)) throw new TraceError("", `there is a process ${child} already`);
    this.#programs.set(child, this.program(p).fork());
  }

  /** The case's number of a file, by its record. */
  numberOf(record: number): number {
    return this.files.findIndex((file) => file.handleOn(this.machine) === record);
  }

  end(p: number): void {
    this.program(p).end();
    this.#programs.delete(p);
  }

  /** The processes whose address space is still locked. */
  locked(): number[] {
    const numbers = [...this.#programs.keys()];
    return numbers.filter((p) => this.find(p)?.isUnlocked === false);
  }

  /** All of it goes. */
  finish(): void {
    for (const file of this.#memFiles.values()) file.close();
    for (const p of [...this.#programs.keys()]) this.end(p);
    for (const file of this.files) file.close();
  }
}

/** A file whose bytes are those of a stream, zero behind its end; of a secret one all are zero. */
export function createFilled(
  machine: Machine,
  size: number,
  seed: number,
  backing: FileBacking,
): UserFile {
  const file = machine.createFile(size, "4K", backing);
  if (backing === "secret") return file;
  const pageSize = machine.constant("PAGE_SIZE");
  for (let at = 0; at < size; at += pageSize) {
    const page = file.page(at / pageSize).subarray(0, Math.min(pageSize, size - at));
    fillContent(page, seed, BigInt(at));
  }
  return file;
}

/** The bytes of a file. */
export function fileContent(file: UserFile, pageSize: number): Uint8Array {
  const bytes = new Uint8Array(Number(file.size));
  for (let at = 0; at < bytes.length; at += pageSize) {
    bytes.set(file.page(at / pageSize).subarray(0, bytes.length - at), at);
  }
  return bytes;
}
