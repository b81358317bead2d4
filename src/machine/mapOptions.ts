import { flag, nameOf, optional, whole, wrong, type Check, type Shape } from "../base/checks.ts";
import { errnoNameOf } from "../base/errno.ts";
import { FaultlineError } from "../base/errors.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { anyAddress, type Address } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";
import { madeFile, type UserFile } from "./file.ts";
import { pageSizes, type PageSize } from "./pageSize.ts";
import { unmapped } from "./unmapped.ts";

/** How a range is mapped. */
export interface MapOptions {
  /** Page-aligned start. */
  readonly at: Address;
  /** Bytes; rounded up to whole pages. */
  readonly length: Address;
  /** Letters of r, w, x; "" or "none" is PROT_NONE. Default "rw". */
  readonly protection?: string;
  /** MAP_SHARED instead of MAP_PRIVATE; without a file: an object of its own that children share. */
  readonly shared?: boolean;
  /** MAP_GROWSDOWN: a stack, which grows down to what is touched below it. */
  readonly growsDown?: boolean;
  readonly file?: UserFile;
  /** Page number in the file where the mapping begins. */
  readonly filePage?: number;
  /** Leaves to populate it with, where a whole aligned one fits. Default "4K". */
  readonly pageSize?: PageSize;
  /**
   * MAP_HUGETLB: pages from the machine's pool ({@link Machine.setHugePages}), of `pageSize` "2M", the default, or
   * "1G"; `length` is rounded up to whole ones.
   */
  readonly hugetlb?: boolean;
  /** Protection key of its pages (book3s/64). */
  readonly protectionKey?: number;
  /** MAP_POPULATE: make the pages present at once, except those of secret memory, which the call cannot have. */
  readonly populate?: boolean;
}

const MAX_PROTECTION_KEY = 15;
const MAX_FILE_PAGE = 2 ** 32 - 1;
const PAGE = coreConstants.PAGE_SIZE;

/** The modelled mmap is told its place, as with MAP_FIXED, and that begins a page. */
const pageStart: Check = (argument, value) => {
  anyAddress(argument, value);
  if (BigInt(value as Address) % BigInt(PAGE) === 0n) return;
  throw wrong(argument, value, `a page's first address, a multiple of ${PAGE}`);
};

const someBytes: Check = (argument, value) => {
  anyAddress(argument, value);
  if (BigInt(value as Address) === 0n) throw wrong(argument, value, "at least one byte");
};

export const protectionLetters: Check = (argument, value) => {
  if (typeof value === "string" && (value === "none" || /^[rwx]*$/.test(value))) return;
  throw wrong(argument, value, 'letters of r, w, x, or "none"');
};

export const mapOptions: Shape<MapOptions> = {
  at: pageStart,
  length: someBytes,
  protection: optional(protectionLetters),
  shared: optional(flag),
  growsDown: optional(flag),
  file: optional(madeFile),
  filePage: optional(whole(0, MAX_FILE_PAGE)),
  pageSize: optional(nameOf(pageSizes)),
  hugetlb: optional(flag),
  protectionKey: optional(whole(0, MAX_PROTECTION_KEY)),
  populate: optional(flag),
};

/** @throws UsageError for a MAP_HUGETLB that asks for what only other memory has */
export function checkHugetlb({ hugetlb, file, growsDown, pageSize }: MapOptions): void {
  if (hugetlb !== true) return;
  if (file !== undefined) throw wrong("file", file, "absent with hugetlb");
  if (growsDown === true) throw wrong("growsDown", growsDown, "absent with hugetlb");
  if (pageSize === "4K") throw wrong("pageSize", pageSize, "2M or 1G with hugetlb");
}

/** An mmap as the core takes it: what is 0 by default may be left out. */
interface MapRequest {
  readonly at: Address;
  readonly length: Address;
  /** VM_* */
  readonly flags: number;
  /** Record of the file behind it; 0 = none. */
  readonly file?: number;
  readonly filePage?: number | undefined;
  /** Of the leaves to populate it with; 1 = 4 KiB, the default. */
  readonly level?: number;
  readonly protectionKey?: number | undefined;
}

/** mmap, as a task asks for it. @throws FaultlineError "mmap-failed" with the errno */
export function mapRequest(
  { machine, cpu, handle }: { machine: CoreMemory; cpu: number; handle: number },
  request: MapRequest,
): void {
  const start = machine.word(request.at, "at");
  const length = machine.word(request.length, "length");
  const result = machine.exports.mapMemory(
    cpu,
    handle,
    start.lo,
    start.hi,
    length.lo,
    length.hi,
    request.flags,
    request.file ?? 0,
    request.filePage ?? 0,
    request.level ?? 1,
    request.protectionKey ?? 0,
  );
  unmapped(machine);
  if (result === 0) return;
  const place = `0x${request.length.toString(16)} bytes at 0x${request.at.toString(16)}`;
  const message = `mmap of ${place} gave -${errnoNameOf(-result)}`;
  throw new FaultlineError("mmap-failed", message, { errno: -result });
}
