import { FaultlineError, Machine } from "../../src/index.ts";
import type { ArchName, Task } from "../../src/index.ts";
import { COPY_SIZES, PAGE_COUNTS, RAM_BYTES } from "../cells.ts";
import { STRUCT_SHIFT, STRUCTS } from "../compatLayout.ts";
import { fillPool, POOL_FRAMES, poolFrame } from "../pool.ts";

// Our own machines, set up for the loops that the core exports (assembly/api/measure.ts).

const PAGE_SIZE = 4096;
const LARGEST_COPY = Math.max(...Object.values(COPY_SIZES));
const MOST_PAGES = Math.max(...Object.values(PAGE_COUNTS));
const POOL_BYTES = POOL_FRAMES * PAGE_SIZE;
const HALF = 2 ** 32;

/** Where the user's memory lies: what every architecture has, and above it 4 GiB of pages for W5. */
const STRUCT_ADDRESS = 0x1000_0000;
const COPY_ADDRESS = 0x2000_0000;
const PAGES_ADDRESS = HALF;

/** A user address in halves. */
export interface UserAddress {
  readonly lo: number;
  readonly hi: number;
}

/** A machine with a task on its only CPU. */
export interface Bed {
  readonly machine: Machine;
  readonly cpu: number;
}

export interface StructBed extends Bed {
  readonly structs: UserAddress;
  /** The user's structures of W1, live. */
  readonly structBytes: Uint8Array;
}

export interface CopyBed extends Bed {
  readonly copyTo: UserAddress;
  /** Linear address in a kernel buffer, half a page off (see limit.ts). */
  readonly copyFrom: number;
  /** The first `size` bytes there. */
  readonly source: (size: number) => Uint8Array;
  readonly copied: (size: number) => Uint8Array;
}

export interface PagesBed extends Bed {
  readonly pages: UserAddress;
}

function halves(address: number): UserAddress {
  return { lo: (address % HALF) | 0, hi: Math.floor(address / HALF) };
}

/** Live bytes behind user memory whose frames follow one another. */
function liveBytes({ machine }: Task, linear: number | null, size: number): Uint8Array {
  if (linear === null) throw new FaultlineError("bench", "user memory of the bench is not present");
  return machine.bytes.subarray(linear, linear + size);
}

/** W1: a page with the structures. */
export async function createStructBed(arch: ArchName): Promise<StructBed> {
  const machine = await Machine.create({ arch, memory: RAM_BYTES });
  const task = machine.createTask();
  task.map({ at: STRUCT_ADDRESS, length: PAGE_SIZE, populate: true });
  const structs = halves(STRUCT_ADDRESS);
  const structBytes = liveBytes(task, task.linearOf(STRUCT_ADDRESS), STRUCTS << STRUCT_SHIFT);
  // its translation is at hand before anything is timed
  const perField = machine.constant("STRATEGY_PER_FIELD");
  machine.exports.measureSyncPtrWrite(task.cpu, structs.lo, structs.hi, perField, 1);
  return { machine, cpu: task.cpu, structs, structBytes };
}

/** W2: a kernel buffer, and as much user memory with all its pages present, in frames one after the other. */
export async function createCopyBed(): Promise<CopyBed> {
  const machine = await Machine.create({ memory: RAM_BYTES });
  const task = machine.createTask();
  const kernel = machine.allocKernel(LARGEST_COPY + PAGE_SIZE);
  task.map({ at: COPY_ADDRESS, length: LARGEST_COPY, populate: true });
  const copyFrom = kernel.linear + PAGE_SIZE / 2;
  return {
    machine,
    cpu: task.cpu,
    copyTo: halves(COPY_ADDRESS),
    copyFrom,
    source: (size) => machine.bytes.subarray(copyFrom, copyFrom + size),
    copied: (size) => liveBytes(task, task.linearOf(COPY_ADDRESS), size),
  };
}

/** The pool as a file: page `page` of it shows the frame that pool.ts says. */
function createPoolFile(machine: Machine): ReturnType<Machine["createFile"]> {
  const file = machine.createFile(POOL_BYTES);
  const pool = new Uint8Array(POOL_BYTES);
  fillPool(new Uint32Array(pool.buffer));
  const pageOf = new Map(Array.from({ length: POOL_FRAMES }, (_, page) => [poolFrame(page), page]));
  for (let frame = 0; frame < POOL_FRAMES; frame++) {
    file.page(pageOf.get(frame)!).set(pool.subarray(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE));
  }
  return file;
}

/** W5: 1,048,576 pages that alias the pool, all present. */
export async function createPagesBed(tlbEntries: number): Promise<PagesBed> {
  const machine = await Machine.create({ memory: RAM_BYTES, tlbEntries });
  const task = machine.createTask();
  const file = createPoolFile(machine);
  const { exports } = machine;
  const read = machine.constant("ACCESS_READ");
  for (let page = 0; page < MOST_PAGES; page += POOL_FRAMES) {
    const at = PAGES_ADDRESS + page * PAGE_SIZE;
    task.map({ at, length: POOL_BYTES, protection: "r", shared: true, file });
    for (let address = at; address < at + POOL_BYTES; address += PAGE_SIZE) {
      const { lo, hi } = halves(address);
      const fault = exports.touchPage(task.cpu, task.handle, lo, hi, read);
      if (fault !== 0) {
        throw new FaultlineError("bench", `a page of W5 gave ${fault}: too little RAM?`);
      }
    }
  }
  return { machine, cpu: task.cpu, pages: halves(PAGES_ADDRESS) };
}

/** W6: a fresh machine with one area, and a put that has to bring in its first page. */
export async function createAndAccess(): Promise<void> {
  const machine = await Machine.create({ memory: RAM_BYTES });
  const task = machine.createTask();
  task.map({ at: STRUCT_ADDRESS, length: PAGE_SIZE });
  const result = task.uaccess.putUser(STRUCT_ADDRESS, 4, 1);
  if (result !== 0) throw new FaultlineError("bench", `the first put of a machine gave ${result}`);
}
