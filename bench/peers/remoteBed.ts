import { FaultlineError, Machine } from "../../src/index.ts";
import type { PageSize, RemotePath, Task } from "../../src/index.ts";
import { counted } from "../../src/systems/remote/counts.ts";
import type { RemoteCounts } from "../../src/systems/remote/counts.ts";
import { REMOTE_SIZES } from "../cells.ts";

// Two processes of our own machine for W3: one whose memory is read, and one for which the kernel reads it.

const PAGE_SIZE = 4096;
const MOST_BYTES = Math.max(...Object.values(REMOTE_SIZES));
const ADDRESS = 0x4000_0000;
const SOURCE_BYTE = 7;

/** What a leaf maps, and the RAM that a machine needs for it: a page of 1 GiB lies at a multiple of 1 GiB. */
const LEAVES = {
  "4K": { length: MOST_BYTES, memory: "8M" },
  "2M": { length: 2 << 20, memory: "16M" },
  "1G": { length: 1 << 30, memory: "2500M" },
} as const satisfies Record<PageSize, object>;

/** Areas of one page with a page between them, so that none joins another. The record of one takes 64 bytes. */
const AREA_STRIDE = 2 * PAGE_SIZE;
const AREA_BYTES = 64;
const OTHER_BYTES = 8 << 20;

/** A step of a fast read. */
export type RemoteStep = "STEP_ADDRESS_SPACE" | "STEP_VMA_LOCK" | "STEP_WALK" | "STEP_REFERENCE";

/** Memory of another process that is there, and the kernel's buffer that it is read into. */
export class RemoteBed {
  readonly #machine: Machine;
  readonly #target: Task;
  readonly #caller: Task;
  readonly #at: { readonly lo: number; readonly hi: number };
  readonly #linear: number;
  readonly #buffer: number;

  private constructor(target: Task, address: number) {
    const { machine } = target;
    const linear = target.linearOf(address);
    if (linear === null) throw new FaultlineError("bench", "memory of W3 is not present");
    this.#machine = machine;
    this.#target = target;
    this.#caller = machine.createTask();
    this.#at = { lo: address | 0, hi: Math.floor(address / 2 ** 32) };
    this.#linear = linear;
    // half a page off, or the loads and stores of a copy would share their low 12 bits
    this.#buffer = machine.allocKernel(MOST_BYTES + PAGE_SIZE).linear + PAGE_SIZE / 2;
  }

  /** MOST_BYTES through leaves of one size; those above 4 KiB as a file's on device memory. */
  static async ofLeaves(pageSize: PageSize): Promise<RemoteBed> {
    const { length, memory } = LEAVES[pageSize];
    const machine = await Machine.create({ memory });
    const target = machine.createTask();
    const area = { at: ADDRESS, length, populate: true };
    if (pageSize === "4K") {
      target.map(area);
    } else {
      const file = machine.createFile(length, pageSize);
      target.map({ ...area, pageSize, shared: true, file });
    }
    const bed = new RemoteBed(target, ADDRESS);
    // a source that was never written to would be one page of the host's, over and over
    bed.source(MOST_BYTES).fill(SOURCE_BYTE);
    return bed;
  }

  /** A page in the middle of so many areas. */
  static async amongAreas(count: number): Promise<RemoteBed> {
    const machine = await Machine.create({
      memory: OTHER_BYTES + Math.ceil((count * AREA_BYTES) / PAGE_SIZE) * PAGE_SIZE,
    });
    const target = machine.createTask();
    const middle = count >> 1;
    for (let area = 0; area < count; area++) {
      const at = ADDRESS + area * AREA_STRIDE;
      target.map({ at, length: PAGE_SIZE, populate: area === middle });
    }
    return new RemoteBed(target, ADDRESS + middle * AREA_STRIDE);
  }

  /** n reads of `size` bytes by a path: bytes moved, modulo 2^32. */
  read(path: RemotePath, size: number, n: number): number {
    const machine = this.#machine;
    machine.remotePath = path;
    const { cpu } = this.#caller;
    const { handle } = this.#target;
    const { lo, hi } = this.#at;
    return machine.exports.measureRemoteRead(cpu, handle, lo, hi, this.#buffer, size, n);
  }

  /** n times one step; how often it was done. */
  step(step: RemoteStep, n: number): number {
    const machine = this.#machine;
    const { cpu } = this.#caller;
    const { handle } = this.#target;
    const { lo, hi } = this.#at;
    const number = machine.constant(step);
    return machine.exports.measureRemoteStep(cpu, handle, lo, hi, number, n);
  }

  /** What n such reads count. */
  counts(path: RemotePath, size: number, n: number): RemoteCounts {
    return counted(this.#caller, () => this.read(path, size, n)).counts;
  }

  /** The first `size` bytes of what is read, live. */
  source(size: number): Uint8Array {
    return this.#machine.bytes.subarray(this.#linear, this.#linear + size);
  }

  /** The first `size` bytes of the kernel's buffer, live. */
  copied(size: number): Uint8Array {
    return this.#machine.bytes.subarray(this.#buffer, this.#buffer + size);
  }
}
