import type { RemoteComparison, RemoteRow } from "../scenarios/compareRemote.ts";
import { letterMeanings, pictureText, type MemoryPicture } from "../inspector/index.ts";
import { remoteCalls } from "../scenarios/remoteBed.ts";
import type { RemoteRun } from "../scenarios/runRemote.ts";
import type { RemoteCounts } from "../systems/remote/counts.ts";
import { countersText, findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";
import { wrap } from "./text.ts";

/** One access of another process's memory as text. */
export function remoteText(run: RemoteRun): string {
  const { scenario, path, kernel, at, length, result, counters, findings } = run;
  return [
    `${remoteCalls[scenario]}, path ${path}, kernel ${kernel}: ${length} bytes from 0x${at.toString(16)}: ${errnoName(result)}`,
    layoutText(run),
    pagesText(run),
    ...shownText(run),
    countsText(run.counts),
    countersText(counters),
    costText(run),
    findingsText(findings),
  ].join("\n\n");
}

function layoutText({ layout }: RemoteRun): string {
  const lines = layout.split("\n");
  const more = lines.length - MOST_LINES;
  const shown = lines.slice(0, MOST_LINES).map((line) => `  ${line}`);
  return [
    "the target's address space:",
    ...shown,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n");
}

const MOST_LINES = 8;

function pagesText({ pages }: RemoteRun): string {
  return `pages before  ${pages.before}\npages after   ${pages.after}\n${wrap(letterMeanings)}`;
}

/** What was asked to be shown: once where the call has changed nothing of it. */
function shownText({ shown }: RemoteRun): string[] {
  if (shown === null) return [];
  const [before, after] = [shown.before, shown.after].map(shownPicture);
  const { view } = shown.before;
  if (before === after) return [`${view} before and after:\n${before}`];
  return [`${view} before:\n${before}`, `${view} after:\n${after}`];
}

/** The scenario's machine is an x86-64 one. */
const WORD_BYTES = 8;

function shownPicture(picture: MemoryPicture): string {
  return pictureText(picture, WORD_BYTES);
}

const rows: readonly (readonly [string, (counts: RemoteCounts) => number])[] = [
  ["bytes moved fast", ({ bytesFast }) => bytesFast],
  ["bytes moved slowly", ({ bytesSlow }) => bytesSlow],
  ["mmap lock taken for reading", ({ locks }) => locks.mmapRead],
  ["mmap lock taken for writing", ({ locks }) => locks.mmapWrite],
  ["VMA lock taken", ({ locks }) => locks.vma],
  ["page-table lock taken", ({ locks }) => locks.pageTable],
  ["walks to a PTE", ({ walks }) => walks.pte],
  ["walks to a PMD leaf", ({ walks }) => walks.pmd],
  ["walks to a PUD leaf", ({ walks }) => walks.pud],
  ["walks that found no page to use", ({ walks }) => walks.missed],
];

function countsText(counts: RemoteCounts): string {
  return renderTable(
    [{ title: "what it took" }, { title: "count", align: "right" }],
    rows.map(([title, count]) => [title, count(counts)]),
  );
}

function costText({ cost, counters }: RemoteRun): string {
  if (cost === null) {
    return counters.faults > 0
      ? "cost: not priced, because no figure was published for a fault"
      : "cost: not priced, because more happened than is recorded";
  }
  const { instructions, modelledCycles } = cost.both;
  const rounded = (value: number | null): string => (value === null ? "–" : `${Math.round(value)}`);
  return `cost of the caller's own user access: ${rounded(instructions)} instructions, ${rounded(modelledCycles)} cycles; for locks and walks no figure was published`;
}

const columns: readonly TableColumn[] = [
  { title: "layout" },
  { title: "path" },
  { title: "length", align: "right" },
  { title: "result", align: "right" },
  { title: "fast", align: "right", group: "bytes" },
  { title: "slow", align: "right", group: "bytes" },
  { title: "mmap r", align: "right", group: "locks" },
  { title: "mmap w", align: "right", group: "locks" },
  { title: "VMA", align: "right", group: "locks" },
  { title: "table", align: "right", group: "locks" },
  { title: "PTE", align: "right", group: "walks" },
  { title: "PMD", align: "right", group: "walks" },
  { title: "PUD", align: "right", group: "walks" },
  { title: "missed", align: "right", group: "walks" },
];

/** Accesses side by side. */
export function remoteComparisonText(comparison: RemoteComparison): string {
  const { scenario, kernel } = comparison;
  return [
    renderTable(columns, comparison.rows.map(cells)),
    `${remoteCalls[scenario]}, kernel ${kernel}, each on an address space of its own.
bytes  moved under the lock of their area alone (fast), or from pages had under the mmap lock (slow)
locks  how often each was taken
walks  by the level of the leaf that they found; missed: there was no page to use`,
  ].join("\n\n");
}

const MOST_TITLE = 40;

function cells({ layout, path, length, result, ...counts }: RemoteRow): TableCell[] {
  const title = layout.length > MOST_TITLE ? `${layout.slice(0, MOST_TITLE)}…` : layout;
  return [
    title.replaceAll("\n", "; "),
    path,
    String(length),
    errnoName(result),
    ...rows.map(([, count]) => count(counts)),
  ];
}
