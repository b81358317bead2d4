import { type ArchName, type Machine, type Task, type ValueSize } from "../../src/index.ts";
import { EFAULT, PAGE } from "../machine/pool.ts";

/** A second opinion: the primitives over plain arrays, byte by byte. */
interface Page {
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
  /** What the page tables hold now; more comes with a repaired fault. */
  present: boolean;
  writable: boolean;
  readonly bytes: Uint8Array;
}

/** Kernel memory the copies work on, and what lies around it. */
export const KERNEL_BYTES = 3 * PAGE;
export const BASE = 0x40000n;

const NEED_READ = "mayRead";
const NEED_WRITE = "mayWrite";
type Need = typeof NEED_READ | typeof NEED_WRITE;

function wideAt(machine: Machine, field: "PROFILE_USER_LIMIT" | "PROFILE_TASK_LIMIT"): bigint {
  return machine.wideAt(machine.exports.profileAddress() + machine.constant(field));
}

export class Shadow {
  readonly pages = new Map<bigint, Page>();
  /** Pages of one mapping of a file. */
  readonly oneFile: bigint[] = [];
  readonly kernel = new Uint8Array(KERNEL_BYTES);
  readonly limit: bigint;
  readonly #arch: ArchName;

  constructor(machine: Machine) {
    this.#arch = machine.arch;
    this.limit = wideAt(machine, "PROFILE_USER_LIMIT");
  }

  get #is32(): boolean {
    return this.#arch === "powerpc-8xx" || this.#arch === "powerpc-book3s32";
  }

  add(va: bigint, protection: string, content: number, present: boolean, bytes = PAGE): void {
    this.pages.set(va, {
      mayRead: protection !== "none",
      mayWrite: protection.includes("w"),
      present,
      writable: present && protection.includes("w"),
      bytes: new Uint8Array(PAGE).fill(content, 0, bytes),
    });
  }

  /** The pointer as the range check sees it: 32-bit kernels have 32-bit pointers. */
  #pointer(va: bigint): bigint {
    return this.#is32 ? BigInt.asUintN(32, va) : va;
  }

  /** The address the hardware sees: arm64's accessors clear the upper bits. */
  #reached(va: bigint): bigint {
    return this.#arch.startsWith("arm64") ? BigInt.asUintN(55, va) : this.#pointer(va);
  }

  /** access_ok for a variable size. */
  inRange(va: bigint, length: number): boolean {
    return this.#pointer(va) + BigInt(length) <= this.limit;
  }

  #inRangeFixed(va: bigint, length: number): boolean {
    const startOnly = (this.#arch === "x86-64" || this.#arch === "none") && length <= PAGE;
    return this.inRange(va, startOnly ? 0 : length);
  }

  /** Bytes from `va` on that can be reached, up to `length`; pages on the way are brought in if that is allowed. */
  #prefix(va: bigint, length: number, need: Need, repair: boolean): number {
    const start = this.#reached(va);
    let done = 0;
    while (done < length) {
      const at = start + BigInt(done);
      const pageAddress = at - (at % BigInt(PAGE));
      if (need === NEED_READ && repair) this.#faultAround(pageAddress);
      const page = this.pages.get(pageAddress);
      if (page === undefined || !this.#bring(page, need, repair)) break;
      done += PAGE - Number(at % BigInt(PAGE));
    }
    return Math.min(done, length);
  }

  /**
   * A read fault on a file brings in what the file has there, even where the page itself is past its end. The file is a
   * memfd: nobody wants to know of the first write to a shared page, so that it may be written to from the start.
   */
  #faultAround(at: bigint): void {
    const isFault = this.pages.get(at)?.present !== true;
    if (!isFault || !this.oneFile.includes(at)) return;
    for (const neighbour of this.oneFile) {
      const page = this.pages.get(neighbour);
      if (page === undefined) continue;
      page.present = true;
      page.writable = page.mayWrite;
    }
  }

  #bring(page: Page, need: Need, repair: boolean): boolean {
    if (!page[need]) return false;
    if (need === NEED_WRITE ? page.writable : page.present) return true;
    if (!repair) return false;
    page.present = true;
    if (need === NEED_WRITE) page.writable = true;
    return true;
  }

  #load(va: bigint, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.#each(va, length, (page, offset, at) => (bytes[at] = page.bytes[offset]!));
    return bytes;
  }

  #store(va: bigint, bytes: Uint8Array): void {
    this.#each(va, bytes.length, (page, offset, at) => (page.bytes[offset] = bytes[at]!));
  }

  #each(va: bigint, length: number, use: (page: Page, offset: number, at: number) => void): void {
    const start = this.#reached(va);
    for (let at = 0; at < length; at++) {
      const byte = start + BigInt(at);
      const offset = Number(byte % BigInt(PAGE));
      use(this.pages.get(byte - BigInt(offset))!, offset, at);
    }
  }

  getUser(va: bigint, size: ValueSize, checked: boolean): { error: number; value: bigint } {
    const refused = (checked || this.#arch.startsWith("arm64")) && !this.#inRangeFixed(va, size);
    if (refused || this.#prefix(va, size, NEED_READ, true) < size) {
      return { error: -EFAULT, value: 0n };
    }
    const value = this.#load(va, size).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return { error: 0, value };
  }

  putUser(va: bigint, size: ValueSize, value: bigint, checked: boolean): number {
    const refused = (checked || this.#arch.startsWith("arm64")) && !this.#inRangeFixed(va, size);
    return refused ? -EFAULT : this.#put(va, size, value);
  }

  #put(va: bigint, size: number, value: bigint): number {
    if (size === 8 && this.#is32) {
      return this.#put(va, 4, value) || this.#put(this.#pointer(va) + 4n, 4, value >> 32n);
    }
    if (this.#prefix(va, size, NEED_WRITE, true) < size) return -EFAULT;
    this.#store(
      va,
      Uint8Array.from({ length: size }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn)),
    );
    return 0;
  }

  /** Bytes not copied. x86-64's copy_from_user masks the pointer, which looks at where the copy starts alone. */
  copyFrom(va: bigint, length: number, form: "checked" | "unchecked" | "nmi"): number {
    const masks = form === "checked" && this.#arch === "x86-64";
    const refused = form !== "unchecked" && !this.inRange(va, masks ? 0 : length);
    const done = refused ? 0 : this.#prefix(va, length, NEED_READ, form !== "nmi");
    this.kernel.set(this.#load(va, done));
    if (form === "checked") this.kernel.fill(0, done, length);
    return length - done;
  }

  copyTo(va: bigint, length: number, form: "checked" | "unchecked" | "nofault"): number {
    const refused = form !== "unchecked" && !this.inRange(va, length);
    const done = refused ? 0 : this.#prefix(va, length, NEED_WRITE, form !== "nofault");
    this.#store(va, this.kernel.slice(0, done));
    return length - done;
  }

  clear(va: bigint, length: number, checked: boolean): number {
    const refused = checked && !this.inRange(va, length);
    const done = refused ? 0 : this.#prefix(va, length, NEED_WRITE, true);
    this.#store(va, new Uint8Array(done));
    return length - done;
  }

  /** Bytes before the NUL, `count` if there is none, or null for a fault before either. */
  scan(va: bigint, count: number, repair: boolean): { length: number; bytes: Uint8Array } | null {
    const pointer = this.#pointer(va);
    const bytes: number[] = [];
    for (let at = 0; at < count; at++) {
      if (pointer + BigInt(at) >= this.limit) return null;
      if (this.#prefix(va + BigInt(at), 1, NEED_READ, repair) === 0) return null;
      bytes.push(this.#load(va + BigInt(at), 1)[0]!);
      if (bytes[at] === 0) return { length: at, bytes: Uint8Array.from(bytes) };
    }
    return { length: count, bytes: Uint8Array.from(bytes) };
  }

  checkZeroed(va: bigint, length: number): number {
    if (length === 0) return 1;
    const word = this.#is32 ? 4 : 8;
    const before = Number(va % BigInt(word));
    const aligned = va - BigInt(before);
    if (!this.inRange(aligned, length + before)) return -EFAULT;
    for (let at = 0; at < before + length; at += word) {
      if (this.#prefix(aligned + BigInt(at), word, NEED_READ, true) < word) return -EFAULT;
      const bytes = this.#load(aligned + BigInt(at), word);
      const asked = bytes.filter((_, byte) => at + byte >= before && at + byte < before + length);
      if (asked.some((byte) => byte !== 0)) return 0;
    }
    return 1;
  }

  /** A block with one unsafe_copy_to_user in it: null if the range is refused. */
  blockCopy(va: bigint, length: number): number | null {
    if (!this.#inRangeFixed(va, length)) return null;
    if (/riscv|none/.test(this.#arch)) {
      return this.copyTo(va, length, "unchecked") === 0 ? 0 : -EFAULT;
    }
    for (let at = 0; at < length;) {
      const piece = ([8, 4, 2, 1] as const).find((size) => length - at >= size)!;
      const value = this.kernel
        .slice(at, at + piece)
        .reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      if (this.#put(va + BigInt(at), piece, value) !== 0) return -EFAULT;
      at += piece;
    }
    return 0;
  }
}

/** Ten pages of every kind, and one right below the limit, in a task and in its shadow. */
export function layOut(task: Task): Shadow {
  const { machine } = task;
  const shadow = new Shadow(machine);
  const file = machine.createFile(PAGE + 100);
  const source = machine.createFile(PAGE);
  file.page(0).fill(4);
  file.page(1).fill(5, 0, 100);
  source.page(0).fill(8);
  const at = (page: number): bigint => BASE + BigInt(page * PAGE);
  const top = wideAt(machine, "PROFILE_TASK_LIMIT") - BigInt(PAGE);

  const anonymous = (va: bigint, protection: string, content: number): void => {
    const mapping = task.map({ at: va, length: PAGE, protection });
    if (content !== 0) mapping.write(0, new Uint8Array(PAGE).fill(content));
    shadow.add(va, protection, content, content !== 0);
  };
  anonymous(at(0), "rw", 0);
  anonymous(at(1), "rw", 1);
  anonymous(at(2), "r", 2);
  task.map({ at: at(4), length: 3 * PAGE, file, shared: true }); // its third page is past the end
  shadow.add(at(4), "rw", 4, false);
  shadow.add(at(5), "rw", 5, false, 100);
  shadow.oneFile.push(at(4), at(5), at(6));
  anonymous(at(7), "none", 7);
  task.map({ at: at(8), length: PAGE, file: source });
  shadow.add(at(8), "rw", 8, false);
  anonymous(at(9), "w", 9);
  anonymous(top, "rw", 0);
  return shadow;
}
