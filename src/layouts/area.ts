import {
  checkThat,
  flag,
  nameOf,
  optional,
  whole,
  wrong,
  type Check,
  type Shape,
} from "../base/checks.ts";
import { anyAddress, type Address } from "../machine/address.ts";
import type { PageSize } from "../machine/pageSize.ts";
import { protectionLetters } from "../machine/mapOptions.ts";
import { checkPages, type PageList, type PageRange } from "./pages.ts";

/** What stands behind an area; a hole is nothing, said so that nothing else can be put there. */
export const areaKinds = {
  anon: "private anonymous memory",
  shared: "shared anonymous memory",
  file: "a file, mapped privately unless it is said to be shared",
  secret: "memory that the kernel itself has not mapped (memfd_secret)",
  stack: "private anonymous memory that grows down",
  hugetlb: "pages of a pool (MAP_HUGETLB), mapped privately unless it is said to be shared",
  device: "memory of a device, mapped by its frames' numbers (VM_IO and VM_PFNMAP)",
  hole: "nothing",
} as const;

export type AreaKind = keyof typeof areaKinds;

export const areaKindNames = Object.keys(areaKinds) as AreaKind[];

/** Files that an area can be backed by; one of "read-only disk" was opened read-only. */
export const layoutBackings = ["memfd", "disk", "read-only disk"] as const;

export type LayoutBacking = (typeof layoutBackings)[number];

/** Leaves above the last level of the page tables. */
export const largeLeaves = ["2M", "1G"] as const satisfies readonly PageSize[];

/** One area of an address space, as a caller describes it. Everything but the place has a default. */
export interface AreaDescription {
  /** First address, of a page. */
  readonly at: Address;
  /** Bytes, whole pages. */
  readonly length: Address;
  /** Letters of r, w, x, or "none". Default "rw". */
  readonly protection?: string;
  /** Default "anon". */
  readonly kind?: AreaKind;
  /** file and hugetlb: MAP_SHARED. */
  readonly shared?: boolean;
  /** file: its name; areas that name the same file map one. Default: a file of the area's own. */
  readonly file?: string;
  /** file: its length in bytes; pages of the area may lie past it. Default: up to the end of the area. */
  readonly size?: Address;
  /** file: where in it the area begins, in bytes, whole pages. Default 0. */
  readonly offset?: Address;
  /** file: default "memfd". */
  readonly backing?: LayoutBacking;
  /**
   * anon, stack and file: leaves to populate it with where a whole aligned one fits. Default: small pages. hugetlb: the
   * pages of the pool, "2M" by default; the area is whole ones, and a page in a list stands for the one around it.
   */
  readonly leaf?: (typeof largeLeaves)[number];
  /** anon and stack: MADV_HUGEPAGE. */
  readonly thp?: boolean;
  /** mlock2 with MLOCK_ONFAULT. */
  readonly locked?: boolean;
  /** mseal. */
  readonly sealed?: boolean;
  /** Registered with a userfaultfd: an absent page is SIGBUS. */
  readonly uffd?: boolean;
  /** device: VM_MIXEDMAP instead, an area that may hold ordinary pages as well. */
  readonly mixed?: boolean;
  /** device: most bytes that one call of its driver's ->access moves. Default 0: the driver has none. */
  readonly access?: number;
  /** Resident in the usual way: of anonymous memory written to, of a file read. */
  readonly touched?: PageList;
  /** The program has stored to them. */
  readonly dirty?: PageList;
  /** anon and stack: the program has read them and never stored. */
  readonly zero?: PageList;
  /** Private memory: written to, and shared with a child since a fork. */
  readonly cow?: PageList;
  /** Guard markers (MADV_GUARD_INSTALL). */
  readonly guard?: PageList;
}

/** The lists of an area's pages, in the order in which the text form has them. */
export const listNames = ["touched", "dirty", "zero", "cow", "guard"] as const;

export type ListName = (typeof listNames)[number];

/** The words that are there or not. */
export const flagNames = ["shared", "thp", "locked", "sealed", "uffd", "mixed"] as const;

export type FlagName = (typeof flagNames)[number];

/** What an area's file is. */
export interface AreaFile {
  /** Null: no other area maps it. */
  readonly name: string | null;
  readonly size: bigint;
  readonly offset: bigint;
  readonly backing: LayoutBacking;
}

/** One area that was looked at: nothing in it contradicts anything else in it. */
export interface Area {
  /** What messages call it: its line and that line's text, or its place in a list. */
  readonly name: string;
  readonly start: bigint;
  readonly end: bigint;
  /** "rwx" with a "-" for what is missing. */
  readonly protection: string;
  readonly kind: AreaKind;
  readonly flags: ReadonlySet<FlagName>;
  /** Null unless `kind` is "file". */
  readonly file: AreaFile | null;
  readonly leaf: PageSize;
  /** 0 unless `kind` is "device" and its driver has an ->access. */
  readonly access: number;
  readonly lists: Readonly<Record<ListName, readonly PageRange[]>>;
}

const MOST_NAME = 32;
/** ->access is told a number of bytes as an int. */
const MOST_ACCESS = 2 ** 31 - 1;

export const fileName = checkThat(
  `a name of letters, digits, - and _, up to ${MOST_NAME}`,
  (value) => typeof value === "string" && /^[\w-]+$/.test(value) && value.length <= MOST_NAME,
);

const letters: Check = (argument, value) => {
  protectionLetters(argument, value);
  if (value === "none" || /^r?w?x?$/.test(value as string)) return;
  throw wrong(argument, value, "each of r, w, x at most once and in that order, or none");
};

/** What each option of a description has to be by itself. */
export const areaShape: Shape<AreaDescription> = {
  at: anyAddress,
  length: anyAddress,
  protection: optional(letters),
  kind: optional(nameOf(areaKindNames)),
  shared: optional(flag),
  file: optional(fileName),
  size: optional(anyAddress),
  offset: optional(anyAddress),
  backing: optional(nameOf(layoutBackings)),
  leaf: optional(nameOf(largeLeaves)),
  thp: optional(flag),
  locked: optional(flag),
  sealed: optional(flag),
  uffd: optional(flag),
  mixed: optional(flag),
  access: optional(whole(0, MOST_ACCESS)),
  touched: optional(checkPages),
  dirty: optional(checkPages),
  zero: optional(checkPages),
  cow: optional(checkPages),
  guard: optional(checkPages),
};

/** To touch such a page is to store to it; others are read. */
export function isOwnMemory({ kind }: Area): boolean {
  return kind === "anon" || kind === "shared" || kind === "stack" || kind === "hugetlb";
}

/** The leaves of an area of which no others are asked for. */
export function usualLeaf(kind: AreaKind): PageSize {
  return kind === "hugetlb" ? "2M" : "4K";
}
