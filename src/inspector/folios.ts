import type { ConstantName } from "../core/exports.ts";
import type { CoreMemory } from "../machine/coreMemory.ts";
import { mmOf, TableWalk, type RawEntry } from "./walk.ts";

/** The folio that a frame is part of. */
export interface Folio {
  /** Its first frame. */
  readonly head: number;
  /** It has 2^order pages. */
  readonly order: number;
  readonly isAnonymous: boolean;
  /** Written to, by whatever way; a page-table entry may say so besides. */
  readonly isDirty: boolean;
  /** Page-table entries that name it. */
  readonly mapcount: number;
}

export function folioOf(machine: CoreMemory, frame: number): Folio {
  const isTail = kindOf(machine, frame) === machine.constant("FRAME_TAIL");
  const head = isTail ? wordOf(machine, frame, "FRAME_HEAD") : frame;
  const at = recordOf(machine, head);
  return {
    head,
    order: machine.bytes[at + machine.constant("FRAME_ORDER")]!,
    isAnonymous: kindOf(machine, head) === machine.constant("FRAME_ANON"),
    isDirty:
      (machine.bytes[at + machine.constant("FRAME_FLAGS")]! & machine.constant("FOLIO_DIRTY")) !==
      0,
    mapcount: wordOf(machine, head, "FRAME_MAPCOUNT"),
  };
}

function recordOf(machine: CoreMemory, frame: number): number {
  return machine.header("HEADER_FRAMES") + frame * machine.constant("FRAME_BYTES");
}

function kindOf(machine: CoreMemory, frame: number): number {
  return machine.bytes[recordOf(machine, frame) + machine.constant("FRAME_KIND")]!;
}

function wordOf(machine: CoreMemory, frame: number, name: ConstantName): number {
  return machine.words[(recordOf(machine, frame) + machine.constant(name)) >>> 2]!;
}

/** A leaf with an ordinary page: neither the zero page nor memory without a page (vm_normal_page). */
export function isOrdinary(machine: CoreMemory, { kind, entry }: RawEntry): boolean {
  return kind === "leaf" && (entry & BigInt(machine.constant("ENTRY_SPECIAL"))) === 0n;
}

/**
 * How many page-table entries name each single page. A large folio keeps only the sum over its pages, so for those the
 * tables of all address spaces are gone through, once, when the first is asked about.
 */
export class PageMapcounts {
  readonly #machine: CoreMemory;
  #large: ReadonlyMap<number, Uint32Array> | null = null;

  constructor(machine: CoreMemory) {
    this.#machine = machine;
  }

  of(folio: Folio, frame: number): number {
    if (folio.order === 0) return folio.mapcount;
    this.#large ??= countLarge(this.#machine);
    return this.#large.get(folio.head)![frame - folio.head]!;
  }
}

function countLarge(machine: CoreMemory): Map<number, Uint32Array> {
  const counts = new Map<number, Uint32Array>();
  for (const mm of addressSpaces(machine)) {
    const walk = new TableWalk(machine, mm);
    for (const leaf of walk.leaves(0n, walk.end)) {
      if (isOrdinary(machine, leaf)) countLeaf(machine, counts, leaf);
    }
  }
  return counts;
}

function countLeaf(machine: CoreMemory, counts: Map<number, Uint32Array>, leaf: RawEntry): void {
  const { head, order } = folioOf(machine, leaf.frame);
  if (order === 0) return;
  const pages = counts.get(head) ?? new Uint32Array(2 ** order);
  counts.set(head, pages);
  const first = leaf.frame - head;
  const last = first + Number(leaf.end - leaf.start) / machine.constant("PAGE_SIZE");
  for (let page = first; page < last; page++) pages[page]! += 1;
}

/** Each once, however many tasks share it. */
function addressSpaces(machine: CoreMemory): ReadonlySet<number> {
  const found = new Set<number>();
  let task = machine.header("HEADER_TASKS");
  while (task !== 0) {
    found.add(mmOf(machine, task));
    task = machine.words[(task + machine.constant("TASK_NEXT")) >>> 2]!;
  }
  found.delete(0);
  return found;
}
