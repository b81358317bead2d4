/**
 * What two claims say about version 1 of the fast path, as a rule over the slow path: which pages can be copied at once
 * is asked of the page tables, and all the rest is left to the slow path. The fast path itself has no part in it.
 *
 *   D1  bytes copied before a hole are lost with it: the slow path, which goes on there, finds nothing mapped
 *   D2  a file's pages are copied where private anonymous memory is asked for
 */

import type { KernelBuffer } from "../../machine/kernelBuffer.ts";
import type { VmaView } from "../../machine/inspect.ts";
import type { RemoteClaim } from "../../machine/remotePath.ts";
import type { Task } from "../../machine/task.ts";
import { PAGE_BYTES } from "../base/content.ts";

export type Claim = RemoteClaim;

/** With which rights a target's memory is read: as the mem file does, or cmdline and environ. */
export type ReadRights = "force" | "anonymous";
const rightsConstants = { force: "FOLL_FORCE", anonymous: "FOLL_ANON" } as const;

/** Reads of at most a page for the kernel, as the slow path makes them. */
export class SlowReads {
  readonly #caller: Task;
  readonly #target: Task;
  readonly #rights: ReadRights;
  readonly #buffer: KernelBuffer;

  constructor(caller: Task, target: Task, rights: ReadRights) {
    this.#caller = caller;
    this.#target = target;
    this.#rights = rights;
    this.#buffer = caller.machine.allocKernel(PAGE_BYTES);
  }

  get target(): Task {
    return this.#target;
  }

  get buffer(): KernelBuffer {
    return this.#buffer;
  }

  get mayForce(): boolean {
    return this.#rights === "force";
  }

  /** The bytes that could be had, at most a page of them. */
  read(at: bigint, length: number): Uint8Array {
    return this.#access(at, length, this.#caller.machine.constant(rightsConstants[this.#rights]));
  }

  /** The same of whatever kind of memory may be read. */
  readAnyKind(at: bigint, length: number): Uint8Array {
    return this.#access(at, length, 0);
  }

  #access(at: bigint, length: number, foll: number): Uint8Array {
    const { machine, cpu } = this.#caller;
    this.#caller.runOn(cpu);
    const address = BigInt.asUintN(64, at);
    const moved = machine.exports.accessProcessVm(
      cpu,
      this.#target.handleOn(machine),
      Number(address & 0xffffffffn),
      Number(address >> 32n),
      this.#buffer.linear,
      length,
      foll,
    );
    return this.#buffer.bytes.slice(0, Math.max(moved, 0));
  }
}

/** The same reads as the claims predict them of version 1. */
export class ClaimedReads {
  readonly #slow: SlowReads;
  /** The claims that made a difference so far. */
  readonly claims = new Set<Claim>();

  constructor(slow: SlowReads) {
    this.#slow = slow;
  }

  read(at: bigint, length: number): Uint8Array {
    const resident = this.#residentBytes(at, length);
    const slow = this.#slow.read(at, length);
    if (slow.length >= resident) return this.#beforeHole(at, length, resident, slow);
    const copied = this.#slow.readAnyKind(at, resident);
    const rest = this.#slow.read(at + BigInt(resident), length - resident);
    if (resident < length && rest.length === 0 && this.#isHole(at + BigInt(resident))) {
      if (slow.length > 0) this.claims.add("D1");
      return new Uint8Array(0);
    }
    this.claims.add("D2");
    return Uint8Array.of(...copied, ...rest);
  }

  /** All was copied at once up to a hole that no stack grew into: it is lost. */
  #beforeHole(at: bigint, length: number, resident: number, slow: Uint8Array): Uint8Array {
    const stopsThere = resident > 0 && resident < length && slow.length === resident;
    if (!stopsThere || !this.#isHole(at + BigInt(resident))) return slow;
    this.claims.add("D1");
    return new Uint8Array(0);
  }

  #isHole(at: bigint): boolean {
    return areaAt(this.#slow.target.vmas(), at) === undefined;
  }

  #residentBytes(at: bigint, length: number): number {
    const areas = this.#slow.target.vmas();
    return residentBytes(this.#slow.target, areas, at, length, this.#slow.mayForce);
  }
}

export function areaAt(areas: readonly VmaView[], at: bigint): VmaView | undefined {
  return areas.find(({ start, end }) => start <= at && at < end);
}

/** Bytes from an address on whose pages are present as ordinary ones, in areas that version 1 reads. */
export function residentBytes(
  task: Task,
  areas: readonly VmaView[],
  at: bigint,
  length: number,
  mayForce: boolean,
): number {
  let done = 0;
  while (done < length) {
    const here = at + BigInt(done);
    const area = areaAt(areas, here);
    if (area === undefined || !isReadable(task, area, mayForce)) break;
    const { kind } = task.pageState(here);
    if (kind !== "private" && kind !== "file") break;
    done += PAGE_BYTES - Number(here % BigInt(PAGE_BYTES));
  }
  return Math.min(done, length);
}

/** Memory with ordinary pages that grants reading, or could be made to. */
function isReadable({ machine }: Task, { flags, backing }: VmaView, mayForce: boolean): boolean {
  if (backing === "secret" || backing === "vvar" || backing === "vvar_vclock") return false;
  const wanted = mayForce ? "VM_MAYREAD" : "VM_READ";
  return (flags & (machine.constant("VM_READ") | machine.constant(wanted))) !== 0;
}
