import { checkThat, wholeNumber, wrong } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { halves, type Address, type Halves } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";
import { Handle } from "./handle.ts";
import { folioOrder, pageSizes, type PageSize } from "./pageSize.ts";

/**
 * What a file-like object is. "read-only disk" is a regular file that was opened read-only; "dax" is device DAX, which is
 * mapped shared and in whole leaves of its page size, and is all that has pages of 1 GiB.
 */
export type FileBacking = "memfd" | "disk" | "read-only disk" | "secret" | "dax";

const backingConstants = {
  memfd: "FILE_MEMFD",
  disk: "FILE_DISK",
  "read-only disk": "FILE_DISK_READ_ONLY",
  secret: "FILE_SECRET",
  dax: "FILE_DAX",
} as const satisfies Record<FileBacking, string>;

const fileBackings = Object.keys(backingConstants) as FileBacking[];

/** A file-like object: its pages appear on first use, zeroed. */
export class UserFile {
  readonly #handle: Handle;
  readonly #id: number;

  private constructor(machine: CoreMemory, handle: number) {
    this.#handle = new Handle(machine, "file", handle);
    this.#id = machine.words[(handle + machine.constant("FILE_ID")) >>> 2]!;
  }

  /** Made here: an object that inherits from a file, or a Proxy of one, lacks what is private. */
  static isOne(value: unknown): value is UserFile {
    return typeof value === "object" && value !== null && #handle in value;
  }

  /** Bytes. */
  get size(): bigint {
    const { machine, address } = this.#handle;
    return machine.wideAt(address + machine.constant("FILE_SIZE"));
  }

  /** Its memory is out of the kernel's own reach (memfd_secret). */
  get isSecret(): boolean {
    const { machine, address } = this.#handle;
    return (
      machine.bytes[address + machine.constant("FILE_KIND")] === machine.constant("FILE_SECRET")
    );
  }

  /** Moves the end of the file to `size`, with zeros in between; an end behind that stays. */
  extend(size: Address): void {
    const { machine, address } = this.#handle;
    const { lo, hi } = checkedSize("size", size);
    if (size <= this.size) return;
    const word = (address + machine.constant("FILE_SIZE")) >>> 2;
    machine.words[word] = lo;
    machine.words[word + 1] = hi;
  }

  /** Its record, for a mapping on a machine. @throws UsageError once it was closed, or on another machine */
  handleOn(machine: CoreMemory): number {
    return this.#handle.addressOn(machine);
  }

  /**
   * @throws UsageError for more than 4 GiB, a device with a part of a page, and pages of 1 GiB of anything else;
   *   FaultlineError "no-memory" when RAM is full
   */
  static create(
    machine: CoreMemory,
    size: Address,
    pageSize: PageSize,
    backing: FileBacking,
  ): UserFile {
    const { lo, hi } = checkedSize("size", size);
    const order = folioOrder(oneOf("pageSize", pageSize, pageSizes));
    const kind = machine.constant(backingConstants[oneOf("backing", backing, fileBackings)]);
    if (backing === "dax") checkDevice(machine, size, pageSize);
    else if (pageSize === "1G") throw wrong("backing", backing, "dax with pages of 1G");
    const handle = machine.exports.newFile(lo, hi, order, kind) >>> 0;
    if (handle === 0) throw new FaultlineError("no-memory", "RAM is full: no file record");
    return new UserFile(machine, handle);
  }

  /**
   * The content of one 4-KiB page, live.
   * @throws UsageError for a page past the end; FaultlineError "no-memory" when RAM is full
   */
  page(index: number): Uint8Array {
    const { machine, address } = this.#handle;
    const pageSize = machine.constant("PAGE_SIZE");
    wholeNumber("index", index, 0, Math.ceil(Number(this.size) / pageSize) - 1);
    const linear = machine.exports.fileData(address, index) >>> 0;
    if (linear === 0) {
      throw new FaultlineError("no-memory", `RAM is full: no page ${index} of the file`);
    }
    return machine.bytes.subarray(linear, linear + pageSize);
  }

  /**
   * Drops this handle; mappings keep the content as long as they need it.
   * @throws UsageError the second time
   */
  close(): void {
    this.#handle.machine.exports.closeFile(this.#handle.address, this.#id);
    this.#handle.release("was closed");
  }
}

function checkDevice(machine: CoreMemory, size: Address, pageSize: PageSize): void {
  const bytes = BigInt(machine.constant("PAGE_SIZE")) << BigInt(folioOrder(pageSize));
  if (BigInt(size) % bytes !== 0n) throw wrong("size", size, `whole pages of ${pageSize}`);
  if (pageSize === "4K" || machine.wordBytes === 8) return;
  throw wrong("pageSize", pageSize, "4K on a 32-bit kernel");
}

/** The largest file there is: 4 GiB. */
export function checkedSize(argument: string, size: Address): Halves {
  const { lo, hi } = halves(size, argument);
  if (hi > 1 || (hi === 1 && lo > 0)) throw wrong(argument, size, "up to 4 GiB, the largest file");
  return { lo, hi };
}

/** A mapping's file. */
export const madeFile = checkThat("a file from machine.createFile()", (value) =>
  UserFile.isOne(value),
);
