import { halves, type Address } from "./address.ts";
import type { CoreMemory } from "./coreMemory.ts";
import type { ConstantName } from "../core/exports.ts";

const pageKinds = {
  absent: "PAGE_ABSENT",
  zero: "PAGE_ZERO",
  private: "PAGE_PRIVATE",
  file: "PAGE_FILE",
  guard: "PAGE_GUARD",
  raw: "PAGE_RAW",
} as const satisfies Record<string, ConstantName>;

/** What stands for a page: nothing, zeros, anonymous memory, a file's, a guard marker, or memory without a page. */
export type PageKind = keyof typeof pageKinds;

/** One page of an address space as the inspector sees it. */
export interface PageState {
  readonly kind: PageKind;
  /** The page-table entry, and the level it stands at; 1 is the last. */
  readonly entry: bigint;
  readonly level: number;
  /** Part of a folio of several pages, however it is mapped. */
  readonly large: boolean;
  /** Page-table entries of all address spaces that name the folio. */
  readonly mapcount: number;
  readonly refcount: number;
  /** Anonymous memory that no other process has. */
  readonly exclusive: boolean;
}

const vmaBackings = {
  memfd: "FILE_MEMFD",
  disk: "FILE_DISK",
  "read-only disk": "FILE_DISK_READ_ONLY",
  secret: "FILE_SECRET",
  "device DAX": "FILE_DAX",
  "shared anonymous": "FILE_SHMEM",
  device: "FILE_DEVICE",
  vdso: "FILE_VDSO",
  vvar: "FILE_VVAR",
  vvar_vclock: "FILE_VVAR_VCLOCK",
  "device memory": "FILE_IO",
  hugetlb: "FILE_HUGETLB",
} as const satisfies Record<string, ConstantName>;

/** What stands behind a mapping: private memory, a shared anonymous object, a file by its kind, or the kernel's own. */
export type VmaBacking = "anonymous" | keyof typeof vmaBackings;

/** One VMA as the inspector sees it. */
export interface VmaView {
  readonly start: bigint;
  readonly end: bigint;
  /** vm_flags, bits 0 to 31. */
  readonly flags: number;
  /** As /proc/PID/maps prints them: "rw-p". */
  readonly permissions: string;
  readonly backing: VmaBacking;
  /** Record of the file behind it, as {@link UserFile.handleOn} answers it; 0 for anonymous memory. */
  readonly file: number;
  /** Page of the file at `start`; 0 for anonymous memory. */
  readonly filePage: bigint;
  /** It has, or once had, private pages. */
  readonly hasPrivatePages: boolean;
  readonly sealed: boolean;
  /** vm_refcnt: 1 and the readers; a writer that waits for them adds 2^30. */
  readonly lockCount: number;
  /** Who holds the mmap lock for writing has locked it. */
  readonly writeLocked: boolean;
}

function keyOf<Name extends string>(
  machine: CoreMemory,
  table: Readonly<Record<Name, ConstantName>>,
  value: number,
): Name {
  const names = Object.keys(table) as Name[];
  return names.find((name) => machine.constant(table[name]) === value)!;
}

/** The state of the page of an address in a task's tables. Asking changes nothing. */
export function inspectPage(machine: CoreMemory, task: number, at: Address): PageState {
  const { lo, hi } = machine.word(at, "at");
  const record = machine.exports.pageState(task, lo, hi) >>> 0;
  const word = (name: ConstantName): number =>
    machine.words[(record + machine.constant(name)) >>> 2]!;
  return {
    kind: keyOf(machine, pageKinds, word("PAGE_STATE_KIND")),
    entry: machine.wideAt(record + machine.constant("PAGE_STATE_ENTRY")),
    level: word("PAGE_STATE_LEVEL"),
    large: word("PAGE_STATE_ORDER") > 0,
    mapcount: word("PAGE_STATE_MAPCOUNT"),
    refcount: word("PAGE_STATE_REFCOUNT"),
    exclusive: (word("PAGE_STATE_FLAGS") & machine.constant("FOLIO_EXCLUSIVE")) !== 0,
  };
}

/** A task's mappings, in order. */
export function inspectVmas(machine: CoreMemory, task: number): VmaView[] {
  const found: VmaView[] = [];
  let from = 0n;
  for (;;) {
    const { lo, hi } = halves(from);
    const record = machine.exports.vmaAt(task, lo, hi) >>> 0;
    if (record === 0) return found;
    const view = viewVma(machine, record);
    found.push(view);
    from = view.end;
  }
}

function viewVma(machine: CoreMemory, record: number): VmaView {
  const word = (name: ConstantName): number =>
    machine.words[(record + machine.constant(name)) >>> 2]!;
  const flags = word("VMA_FLAGS");
  const file = word("VMA_FILE");
  const at = record + machine.constant("VMA_HIGH_FLAGS");
  const highFlags = machine.bytes[at]! | (machine.bytes[at + 1]! << 8);
  return {
    start: machine.wideAt(record + machine.constant("VMA_START")),
    end: machine.wideAt(record + machine.constant("VMA_END")),
    flags,
    permissions: permissionsOf(machine, flags),
    backing: file === 0 ? "anonymous" : backingOf(machine, file),
    file,
    filePage: file === 0 ? 0n : machine.wideAt(record + machine.constant("VMA_PGOFF")),
    hasPrivatePages: word("VMA_ANON_VMA") !== 0,
    sealed: (highFlags & machine.constant("VM_HIGH_SEALED")) !== 0,
    lockCount: word("VMA_REFCOUNT"),
    writeLocked:
      word("VMA_LOCK_SEQ") ===
      machine.words[(word("VMA_MM") + machine.constant("MM_LOCK_SEQ")) >>> 2],
  };
}

function backingOf(machine: CoreMemory, file: number): VmaBacking {
  return keyOf(machine, vmaBackings, machine.bytes[file + machine.constant("FILE_KIND")]!);
}

function permissionsOf(machine: CoreMemory, flags: number): string {
  const letter = (name: ConstantName, set: string, clear: string): string =>
    (flags & machine.constant(name)) !== 0 ? set : clear;
  return (
    letter("VM_READ", "r", "-") +
    letter("VM_WRITE", "w", "-") +
    letter("VM_EXEC", "x", "-") +
    letter("VM_MAYSHARE", "s", "p")
  );
}
