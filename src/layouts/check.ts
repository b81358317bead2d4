import { checkOptions } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import { sizeText } from "../base/sizes.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import {
  areaShape,
  flagNames,
  listNames,
  usualLeaf,
  type Area,
  type AreaDescription,
  type AreaFile,
  type AreaKind,
  type ListName,
} from "./area.ts";
import { folioOrder, type PageSize } from "../machine/pageSize.ts";
import { commonPage, pageRanges, type PageRange } from "./pages.ts";

export const PAGE = BigInt(coreConstants.PAGE_SIZE);
/** One more than the last address that 64 bits can hold. */
const ADDRESSES = 1n << 64n;
const GIB = 1n << 30n;
/** The largest file there is (machine.createFile). */
const MOST_FILE_BYTES = 1n << 32n;

type Place = Pick<Area, "start" | "end">;

export function leafBytes(leaf: PageSize): bigint {
  return PAGE << BigInt(folioOrder(leaf));
}

/** What may be said of an area only where its kind is one of these. */
const kindsWith: Readonly<Partial<Record<keyof AreaDescription, readonly AreaKind[]>>> = {
  shared: ["file", "hugetlb"],
  file: ["file"],
  size: ["file"],
  offset: ["file"],
  backing: ["file"],
  leaf: ["anon", "stack", "file", "hugetlb"],
  thp: ["anon", "stack"],
  zero: ["anon", "stack"],
  cow: ["anon", "stack", "file", "hugetlb"],
  guard: ["anon", "shared", "stack", "file"],
  locked: ["anon", "shared", "stack", "file", "secret"],
  uffd: ["anon", "shared", "stack", "file"],
  mixed: ["device"],
  access: ["device"],
};

export function bad(name: string, problem: string, valid: string): UsageError {
  return new UsageError({ argument: name, problem, valid });
}

/** 0x10000000-0x10004000 */
export function rangeText({ start, end }: Place): string {
  return `0x${start.toString(16)}-0x${end.toString(16)}`;
}

/**
 * A description looked at by itself.
 * @throws UsageError that begins with `name` and says what in the description contradicts what
 */
export function checkArea(name: string, description: AreaDescription): Area {
  named(name, () => checkOptions("area", description, areaShape));
  const { kind = "anon" } = description;
  checkKind(name, description, kind);
  const leaf = description.leaf ?? usualLeaf(kind);
  const place = checkPlace(name, description, kind === "hugetlb" ? leaf : "4K");
  const area: Area = {
    name,
    ...place,
    protection: protectionText(description.protection ?? "rw"),
    kind,
    flags: new Set(flagNames.filter((flag) => description[flag] === true)),
    file: kind === "file" ? checkFile(name, description, place) : null,
    leaf,
    access: description.access ?? 0,
    lists: checkLists(name, description, place, kind === "hugetlb" ? leaf : "4K"),
  };
  checkObject(area);
  checkHole(area, description);
  checkDevice(area);
  checkWays(area);
  checkDax(area);
  checkFilePages(area);
  return area;
}

/** Mistakes in a single option name their area too. */
export function named<Result>(name: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const { argument, problem, valid } = error;
    throw new UsageError({
      argument: argument === "area" ? name : `${name}: ${argument}`,
      problem,
      valid,
    });
  }
}

function checkKind(name: string, description: AreaDescription, kind: AreaKind): void {
  for (const [option, kinds] of Object.entries(kindsWith)) {
    const value = description[option as keyof AreaDescription];
    if (value === undefined || value === false || kinds.includes(kind)) continue;
    throw bad(name, `has ${option}, and is ${kind}`, `${option} on ${kinds.join(", ")}`);
  }
}

/** @param page of what size the area is made of */
function checkPlace(name: string, { at, length }: AreaDescription, page: PageSize): Place {
  const start = BigInt(at);
  const bytes = BigInt(length);
  const unit = leafBytes(page);
  const kind = page === "4K" ? "page" : `page of ${page}`;
  if (start % unit !== 0n) throw bad(name, `begins inside a ${kind}`, `a multiple of ${unit}`);
  if (bytes === 0n) throw bad(name, "has no pages", "one page at least");
  if (bytes % unit !== 0n) throw bad(name, `ends inside a ${kind}`, "a length of whole pages");
  if (start + bytes > ADDRESSES) {
    throw bad(name, "wraps around the end of all addresses", "an end up to 2^64");
  }
  return { start, end: start + bytes };
}

function protectionText(protection: string): string {
  return [..."rwx"].map((letter) => (protection.includes(letter) ? letter : "-")).join("");
}

function checkFile(name: string, description: AreaDescription, { start, end }: Place): AreaFile {
  const offset = BigInt(description.offset ?? 0);
  if (offset % PAGE !== 0n) throw bad(name, "has an offset inside a page", `a multiple of ${PAGE}`);
  const size = BigInt(description.size ?? offset + end - start);
  if (size > MOST_FILE_BYTES) throw bad(name, "has a file of more than 4 GiB", "size up to 4G");
  const { backing = "memfd", shared } = description;
  if (backing === "read-only disk" && shared && description.protection?.includes("w") !== false) {
    throw bad(name, "shares a file that was opened read-only, and may write", "no w");
  }
  return { name: description.file ?? null, size, offset, backing };
}

function checkLists(
  name: string,
  description: AreaDescription,
  { start, end }: Place,
  page: PageSize,
): Record<ListName, PageRange[]> {
  const pages = Number((end - start) / PAGE);
  const unit = Number(leafBytes(page) / PAGE);
  const lists = Object.fromEntries(
    listNames.map((list) => {
      const given = description[list] ?? [];
      return [list, named(name, () => pageRanges(list, given, pages, unit))];
    }),
  ) as Record<ListName, PageRange[]>;
  listNames.forEach((list, index) => {
    for (const other of listNames.slice(index + 1)) {
      const page = commonPage(lists[list], lists[other]);
      if (page === null) continue;
      throw bad(name, `has page ${page} in ${list} and in ${other}`, "each page in one list");
    }
  });
  return lists;
}

/** Such memory is a file that nobody else opens, as large as the area. */
function checkObject({ name, start, end, kind }: Area): void {
  const isObject = kind === "device" || kind === "shared" || kind === "secret";
  if (!isObject || end - start <= MOST_FILE_BYTES) return;
  const problem = `has ${kind} memory of ${sizeText(end - start)}`;
  throw bad(name, problem, `up to ${sizeText(MOST_FILE_BYTES)}, the largest file`);
}

/** Nothing has no properties. */
function checkHole({ name, kind, flags, lists }: Area, { protection }: AreaDescription): void {
  if (kind !== "hole") return;
  const said = [
    ...(protection === undefined || protection === "none" ? [] : [`rights "${protection}"`]),
    ...flags,
    ...listNames.filter((list) => lists[list].length > 0),
  ];
  if (said.length > 0) throw bad(name, `is a hole, and has ${said.join(", ")}`, "its place alone");
}

/** The driver maps its memory without VM_MAYEXEC. */
function checkDevice({ name, kind, protection }: Area): void {
  if (kind !== "device" || !protection.includes("x")) return;
  throw bad(name, "is a device's memory, and may be executed", "no x");
}

/** Whether the pages can come to be as the lists say. */
function checkWays({ name, kind, flags, file, leaf, lists }: Area): void {
  if (flags.has("thp") && leaf !== "4K") {
    throw bad(name, `has thp and leaf ${leaf}`, "one of the two");
  }
  if (leaf !== "4K" && lists.zero.length > 0) {
    throw bad(
      name,
      `has zero pages and leaf ${leaf}`,
      "small pages, or thp for the huge zero page",
    );
  }
  if (!flags.has("shared")) return;
  if (lists.cow.length > 0) {
    const what = kind === "file" ? "file" : "pages";
    throw bad(name, `shares its ${what}, and has cow pages`, "a private area");
  }
  if (file?.backing === "read-only disk" && lists.dirty.length > 0) {
    throw bad(name, "shares a file that was opened read-only, and has dirty pages", "no dirty");
  }
}

/** Nothing but device DAX has leaves of 1 GiB, and it is mapped shared and in whole ones. */
function checkDax({ name, start, end, flags, file, leaf }: Area): void {
  if (file === null || leaf !== "1G") return;
  if (!flags.has("shared")) throw bad(name, "has leaf 1G and is private", "shared");
  if (file.backing !== "memfd") {
    throw bad(
      name,
      `has leaf 1G and a ${file.backing} file`,
      "no backing: such leaves are a device's",
    );
  }
  if ([start, end, file.offset, file.size].every((at) => at % GIB === 0n)) return;
  throw bad(name, "has a part of a leaf of 1G", "place, offset and size in whole leaves");
}

/** An access past the end of a file is SIGBUS. */
function checkFilePages({ name, file, lists }: Area): void {
  if (file === null) return;
  const pages = Number((file.size + PAGE - 1n - file.offset) / PAGE);
  for (const list of ["touched", "dirty", "cow"] as const) {
    const beyond = lists[list].find(([, last]) => last >= Math.max(pages, 0));
    if (beyond === undefined) continue;
    const problem = `has ${list} page ${beyond[1]}, which lies past the end of its file`;
    throw bad(name, problem, pages > 0 ? `pages up to ${pages - 1}` : "no such page");
  }
}
