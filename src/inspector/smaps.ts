import type { CoreMemory } from "../machine/coreMemory.ts";
import type { VmaView } from "../machine/inspect.ts";
import { madeTask, type Task } from "../machine/task.ts";
import { folioOf, isOrdinary, PageMapcounts } from "./folios.ts";
import { mapsEntry, type MapsEntry } from "./maps.ts";
import { vmFlagsOf } from "./vmFlags.ts";
import { mmOf, TableWalk, type RawEntry } from "./walk.ts";

/** Memory that an area has resident, in bytes. */
export interface MemoryUse {
  readonly rss: number;
  /** Each page divided by how many page-table entries name it. */
  readonly pss: number;
  readonly pssDirty: number;
  readonly sharedClean: number;
  readonly sharedDirty: number;
  readonly privateClean: number;
  readonly privateDirty: number;
  readonly referenced: number;
  readonly anonymous: number;
  /** In leaves of 2 MiB, by what they hold. */
  readonly anonHugePages: number;
  readonly shmemPmdMapped: number;
  readonly filePmdMapped: number;
  /** Huge pages of hugetlb, which count as nothing else. */
  readonly sharedHugetlb: number;
  readonly privateHugetlb: number;
  /** The proportional share of an area that is locked. */
  readonly locked: number;
}

/**
 * An entry of /proc/PID/smaps (show_smap, fs/proc/task_mmu.c, 6.18). What the model has not is left out: KSM, swap,
 * MADV_FREE's lazy pages; and the lines that every area would have alike. Leaves of 1 GiB count as the pages they are; the kernel would split them to ask.
 */
export interface SmapsEntry extends MapsEntry, MemoryUse {
  /** Bytes of address space. */
  readonly size: number;
  /** Two letters a flag: "rd", "wr", "mr" … */
  readonly vmFlags: readonly string[];
}

/** Bits of fraction that the kernel keeps of a page's proportional share (PSS_SHIFT). */
const PSS_SCALE = 2 ** 12;
/** A PMD's level. */
const HUGE_LEVEL = 2;

type Tally = { -readonly [Name in keyof MemoryUse]: number };

/** The areas of a task's address space, each with what is resident of it; none for a zombie. Asking changes nothing. */
export function smapsOf(task: Task): SmapsEntry[] {
  madeTask("task", task);
  const mapcounts = new PageMapcounts(task.machine);
  return task.vmas().map((vma) => ({
    ...mapsEntry(task, vma),
    size: Number(vma.end - vma.start),
    ...useOf(task, vma, mapcounts),
    vmFlags: vmFlagsOf(task.machine, vma),
  }));
}

function useOf(task: Task, vma: VmaView, mapcounts: PageMapcounts): MemoryUse {
  const { machine } = task;
  const tally = newTally();
  const walk = new TableWalk(machine, mmOf(machine, task.handle));
  for (const leaf of walk.leaves(vma.start, vma.end)) {
    if (isOrdinary(machine, leaf)) addLeaf(machine, tally, vma, leaf, mapcounts);
  }
  if ((vma.flags & machine.constant("VM_LOCKED")) !== 0) tally.locked = tally.pss;
  const unscaled = (share: number): number => Math.floor(share / PSS_SCALE);
  return {
    ...tally,
    pss: unscaled(tally.pss),
    pssDirty: unscaled(tally.pssDirty),
    locked: unscaled(tally.locked),
  };
}

function newTally(): Tally {
  return {
    rss: 0,
    pss: 0,
    pssDirty: 0,
    sharedClean: 0,
    sharedDirty: 0,
    privateClean: 0,
    privateDirty: 0,
    referenced: 0,
    anonymous: 0,
    anonHugePages: 0,
    shmemPmdMapped: 0,
    filePmdMapped: 0,
    sharedHugetlb: 0,
    privateHugetlb: 0,
    locked: 0,
  };
}

/** smaps_account. */
function addLeaf(
  machine: CoreMemory,
  tally: Tally,
  vma: VmaView,
  leaf: RawEntry,
  mapcounts: PageMapcounts,
): void {
  const folio = folioOf(machine, leaf.frame);
  if ((vma.flags & machine.constant("VM_HUGETLB")) !== 0) {
    const isShared = mapcounts.of(folio, leaf.frame) > 1;
    tally[isShared ? "sharedHugetlb" : "privateHugetlb"] += Number(leaf.end - leaf.start);
    return;
  }
  const page = machine.constant("PAGE_SIZE");
  const bytes = Number(leaf.end - leaf.start);
  const has = (bit: number): boolean => (leaf.entry & BigInt(bit)) !== 0n;
  tally.rss += bytes;
  if (folio.isAnonymous) tally.anonymous += bytes;
  if (has(machine.constant("ENTRY_ACCESSED"))) tally.referenced += bytes;
  if (leaf.level === HUGE_LEVEL) addHuge(tally, vma, folio.isAnonymous, bytes);
  const dirty = folio.isDirty || has(machine.constant("ENTRY_DIRTY"));
  for (let at = 0; at < bytes / page; at++) {
    addPage(tally, page, dirty, mapcounts.of(folio, leaf.frame + at));
  }
}

/** smaps_pmd_entry: a device's memory is in none of the three. */
function addHuge(tally: Tally, { backing }: VmaView, isAnonymous: boolean, bytes: number): void {
  if (isAnonymous) tally.anonHugePages += bytes;
  else if (backing === "memfd" || backing === "shared anonymous") tally.shmemPmdMapped += bytes;
  else if (backing !== "device") tally.filePmdMapped += bytes;
}

/** smaps_page_accumulate. */
function addPage(tally: Tally, page: number, dirty: boolean, mapcount: number): void {
  const share = Math.floor((page * PSS_SCALE) / Math.max(mapcount, 1));
  tally.pss += share;
  if (dirty) tally.pssDirty += share;
  tally[placeOf(dirty, mapcount)] += page;
}

function placeOf(
  dirty: boolean,
  mapcount: number,
): "privateDirty" | "privateClean" | "sharedDirty" | "sharedClean" {
  if (mapcount < 2) return dirty ? "privateDirty" : "privateClean";
  return dirty ? "sharedDirty" : "sharedClean";
}
