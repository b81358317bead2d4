import { wrong } from "../base/checks.ts";
import type { Address } from "../machine/address.ts";
import type { CoreMemory } from "../machine/coreMemory.ts";
import { madeTask, type Task } from "../machine/task.ts";
import { folioOf, isOrdinary, PageMapcounts } from "./folios.ts";
import { mmOf, TableWalk, type RawEntry } from "./walk.ts";

/**
 * /proc/PID/pagemap: a word a page (Documentation/admin-guide/mm/pagemap.rst; pagemap_read, fs/proc/task_mmu.c, 6.18).
 *
 *   63      62   61    60 59  58    57  56               55          54       0
 *  ┌───────┬────┬─────┬─────┬─────┬────┬────────────────┬───────────┬──────────┐
 *  │present│swap│file │  0  │guard│ 0  │mapped only here│soft-dirty │ frame    │
 *  └───────┴────┴─────┴─────┴─────┴────┴────────────────┴───────────┴──────────┘
 *
 * Soft-dirty is not modelled and always 0; so is userfaultfd write-protection (57). Bit 62 is set with a guard marker,
 * which the kernel keeps where it keeps swapped pages; there are no others, and the swap type in the frame's place is 0.
 */
const PRESENT = 1n << 63n;
const SWAP = 1n << 62n;
const FILE = 1n << 61n;
const GUARD = 1n << 58n;
const EXCLUSIVE = 1n << 56n;

/** What pagemap says about one page. */
export interface PagemapPage {
  readonly address: bigint;
  /** As the kernel would give it to a privileged reader. */
  readonly word: bigint;
  readonly present: boolean;
  /** Of a file or of shared memory; present pages that are not are anonymous, the zero page, or no ordinary page. */
  readonly file: boolean;
  /** Mapped exactly once, here. */
  readonly exclusive: boolean;
  readonly guard: boolean;
  /** Null where nothing is present. */
  readonly frame: number | null;
}

const MOST_PAGES = 1 << 20;

/**
 * The pages that [at, at + length) touches, in order. Asking changes nothing.
 * @throws UsageError for more than 4 GiB, or a range that wraps
 */
export function pagemapOf(task: Task, at: Address, length: Address): PagemapPage[] {
  madeTask("task", task);
  const { machine } = task;
  machine.word(at, "at");
  machine.word(length, "length");
  const page = BigInt(machine.constant("PAGE_SIZE"));
  const from = BigInt(at) - (BigInt(at) % page);
  const to = BigInt(at) + BigInt(length);
  const top = 1n << BigInt(8 * machine.wordBytes);
  if (to > top || to - from > BigInt(MOST_PAGES) * page) {
    throw wrong("length", length, "up to 4 GiB, not beyond the last address");
  }
  const pages: PagemapPage[] = [];
  if (BigInt(length) === 0n) return pages;
  const fillTo = (end: bigint): void => {
    for (let next = from + BigInt(pages.length) * page; next < end; next += page) {
      pages.push(pageOf(next, 0n));
    }
  };
  for (const found of pagesIn(task, from, to)) {
    fillTo(found.address);
    pages.push(found);
  }
  fillTo(to);
  return pages;
}

/** The pages of [from, to), whole pages, whose word is not 0. */
export function* pagesIn(task: Task, from: bigint, to: bigint): Generator<PagemapPage> {
  const { machine } = task;
  const mm = mmOf(machine, task.handle);
  if (mm === 0) return;
  const mapcounts = new PageMapcounts(machine);
  const page = BigInt(machine.constant("PAGE_SIZE"));
  for (const leaf of new TableWalk(machine, mm).leaves(from, to)) {
    const wordAt = wordsOf(machine, leaf, mapcounts);
    const end = leaf.end < to ? leaf.end : to;
    for (let at = leaf.start > from ? leaf.start : from; at < end; at += page) {
      yield pageOf(at, wordAt(Number((at - leaf.start) / page)));
    }
  }
}

/** The word of each page of a leaf, by the page's place in it. */
function wordsOf(
  machine: CoreMemory,
  leaf: RawEntry,
  mapcounts: PageMapcounts,
): (place: number) => bigint {
  if (leaf.kind === "guard") return () => SWAP | GUARD;
  if (!isOrdinary(machine, leaf)) return (place) => PRESENT | BigInt(leaf.frame + place);
  const folio = folioOf(machine, leaf.frame);
  const bits = folio.isAnonymous ? PRESENT : PRESENT | FILE;
  return (place) => {
    const frame = leaf.frame + place;
    const exclusive = mapcounts.of(folio, frame) === 1 ? EXCLUSIVE : 0n;
    return bits | exclusive | BigInt(frame);
  };
}

function pageOf(address: bigint, word: bigint): PagemapPage {
  const present = (word & PRESENT) !== 0n;
  return {
    address,
    word,
    present,
    file: (word & FILE) !== 0n,
    exclusive: (word & EXCLUSIVE) !== 0n,
    guard: (word & GUARD) !== 0n,
    frame: present ? Number(BigInt.asUintN(FRAME_BITS, word)) : null,
  };
}

/** Of a frame's number in a word. */
const FRAME_BITS = 55;
