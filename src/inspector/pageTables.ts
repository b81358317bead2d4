import type { ConstantName } from "../core/exports.ts";
import type { CoreMemory } from "../machine/coreMemory.ts";
import { madeTask, type Task } from "../machine/task.ts";
import { mmOf, TableWalk, type RawEntry } from "./walk.ts";

const entryFlags = {
  PRESENT: "ENTRY_PRESENT",
  RW: "ENTRY_RW",
  USER: "ENTRY_USER",
  ACCESSED: "ENTRY_ACCESSED",
  DIRTY: "ENTRY_DIRTY",
  PSE: "ENTRY_PSE",
  PROTNONE: "ENTRY_PROTNONE",
  SPECIAL: "ENTRY_SPECIAL",
} as const satisfies Record<string, ConstantName>;

/** A bit of a page-table entry by the x86 name that the model's one format gives it (assembly/mm/pte.ts). */
export type EntryFlag = keyof typeof entryFlags;

const flagNames = Object.keys(entryFlags) as EntryFlag[];

/** The kernel's name of a table: PGD is the root, whatever its level. */
export type TableName = "PGD" | "PUD" | "PMD" | "PTE";

/** One page table, with the entries that are in use. */
export interface PageTable {
  readonly name: TableName;
  /** 1 is the last. */
  readonly level: number;
  /** The frame it stands in; a root of several frames begins there. */
  readonly frame: number;
  /** What it stands for. */
  readonly start: bigint;
  readonly end: bigint;
  readonly entries: readonly PageTableEntry[];
}

/** One entry: it leads to a table, maps memory (a huge leaf above the last level), or is a guard marker. */
export interface PageTableEntry {
  readonly kind: "table" | "leaf" | "guard";
  readonly index: number;
  readonly start: bigint;
  readonly end: bigint;
  /** Pages of 4 KiB between them. */
  readonly pages: number;
  /** As it stands in memory. */
  readonly entry: bigint;
  /** Of the table, or the first of the leaf; null for a marker. */
  readonly frame: number | null;
  readonly flags: readonly EntryFlag[];
  /** Of a leaf; 0 is the default key. */
  readonly protectionKey: number;
  /** Null unless `kind` is "table". */
  readonly table: PageTable | null;
}

/** A task's page tables from the root on; null for a zombie. Asking changes nothing. */
export function pageTablesOf(task: Task): PageTable | null {
  madeTask("task", task);
  const { machine } = task;
  const mm = mmOf(machine, task.handle);
  if (mm === 0) return null;
  const walk = new TableWalk(machine, mm);
  return {
    name: "PGD",
    level: walk.levels,
    frame: walk.rootFrame,
    start: 0n,
    end: walk.end,
    entries: Array.from(walk.root(), (raw) => entryView(machine, walk, raw)),
  };
}

const namesByLevel: readonly TableName[] = ["PTE", "PMD", "PUD"];

function entryView(machine: CoreMemory, walk: TableWalk, raw: RawEntry): PageTableEntry {
  const { kind, index, start, end, entry, frame } = raw;
  const isMarker = kind === "guard";
  return {
    kind,
    index,
    start,
    end,
    pages: Number((end - start) / BigInt(machine.constant("PAGE_SIZE"))),
    entry,
    frame: isMarker ? null : frame,
    flags: isMarker ? [] : flagsOf(machine, entry),
    protectionKey: kind === "leaf" ? keyOf(machine, entry) : 0,
    table: kind === "table" ? tableBelow(machine, walk, raw) : null,
  };
}

function tableBelow(machine: CoreMemory, walk: TableWalk, raw: RawEntry): PageTable {
  const { level, frame, start, end } = raw;
  return {
    name: namesByLevel[level - 2]!,
    level: level - 1,
    frame,
    start,
    end,
    entries: Array.from(walk.below(raw), (entry) => entryView(machine, walk, entry)),
  };
}

function flagsOf(machine: CoreMemory, entry: bigint): EntryFlag[] {
  return flagNames.filter((name) => (entry & BigInt(machine.constant(entryFlags[name]))) !== 0n);
}

/** Entries of 4 bytes end below the key. */
function keyOf(machine: CoreMemory, entry: bigint): number {
  return Number((entry >> BigInt(machine.constant("ENTRY_PKEY_SHIFT"))) & KEY_MASK);
}

/** A key has four bits; the bit above them is NX. */
const KEY_MASK = 0xfn;
