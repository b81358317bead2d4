import type { RemoteComparison, RemoteRow } from "../scenarios/compareRemote.ts";
import { letterMeanings, pictureText, type MemoryPicture } from "../inspector/index.ts";
import { remoteClaims, remotePaths } from "../machine/remotePath.ts";
import type { RemoteDifference } from "../scenarios/remoteDifference.ts";
import { pathsOf, remoteCalls, type RemoteScenarioName } from "../scenarios/remoteBed.ts";
import type { RemoteRun } from "../scenarios/runRemote.ts";
import type { RemoteCounts } from "../systems/remote/counts.ts";
import { countersText, findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";
import { wrap } from "./text.ts";

/** One access of another process's memory as text. */
export function remoteText(run: RemoteRun): string {
  const { scenario, path, kernel, at, length, result, counters, findings } = run;
  const way = pathsOf(scenario).length > 1 ? `, path ${path}` : "";
  return [
    `${remoteCalls[scenario]}${way}, kernel ${kernel}: ${length} bytes from 0x${at.toString(16)}: ${errnoName(result)}`,
    ...partText(scenario),
    layoutText(run),
    pagesText(run),
    ...shownText(run),
    countsText(run.counts),
    countersText(counters),
    costText(run),
    findingsText(findings),
  ].join("\n\n");
}

/** What the bytes are that are asked for, where the call's own name does not say it. */
function partText(scenario: RemoteScenarioName): string[] {
  if (scenario !== "cmdline") return [];
  return [
    wrap(
      "The part asked for is where the target says that its arguments are (arg_start to arg_end); its environment is empty.",
    ),
  ];
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
  const moved = pages.moved ?? "not told, because more happened than is recorded";
  return [
    `pages before  ${pages.before}`,
    `pages after   ${pages.after}`,
    `pages moved   ${moved}`,
    wrap(letterMeanings),
    movedMeanings,
  ].join("\n");
}

const movedMeanings =
  "moved: f fast, under its area's own lock; s slowly, had under the mmap lock; b both; · not";

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
  ["walks of the target to a PTE", ({ targetWalks }) => targetWalks.pte],
  ["walks of the target to a PMD leaf", ({ targetWalks }) => targetWalks.pmd],
  ["walks of the target to a PUD leaf", ({ targetWalks }) => targetWalks.pud],
  ["walks of the target that found no page to use", ({ targetWalks }) => targetWalks.missed],
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
  return [
    `cost of the caller's own user access: ${rounded(instructions)} instructions, ${rounded(modelledCycles)} cycles`,
    "not in it, because no figure was published: the target's side (locks, walks, faults, copies)",
  ].join("\n");
}

const pathColumn: TableColumn = { title: "path" };

const columns: readonly TableColumn[] = [
  { title: "layout" },
  { title: "length", align: "right" },
  pathColumn,
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

/**
 * Accesses side by side.
 * @param titles what to call layouts that have no names, by their text; others are called by its beginning
 */
export function remoteComparisonText(
  comparison: RemoteComparison,
  titles: ReadonlyMap<string, string> = new Map(),
): string {
  const { scenario, kernel } = comparison;
  const named = comparison.rows.map((row) => ({ ...row, layout: titleOf(row.layout, titles) }));
  return [
    tableText(scenario, named),
    [
      `${remoteCalls[scenario]}, kernel ${kernel}, each row on an address space of its own.`,
      ...partText(scenario),
      legend,
      ...pathLegend(scenario, named),
    ].join("\n"),
    ...differencesText(named),
  ].join("\n\n");
}

const legend = `length  bytes asked for; result: bytes moved, or the error
bytes   moved under the lock of their area alone (fast), or from pages had under the mmap lock (slow)
locks   how often each was taken: the mmap lock to read and to write, an area's own, the page tables'
walks   of the target's page tables by the level of the leaf that they found; missed: there was no page to use`;

function tableText(scenario: RemoteScenarioName, rows: readonly RemoteRow[]): string {
  const hasPaths = pathsOf(scenario).length > 1;
  const shown = columns.map((column) => hasPaths || column !== pathColumn);
  return renderTable(
    columns.filter((_, index) => shown[index]),
    rows.map((row) => cells(row).filter((_, index) => shown[index])),
  );
}

/** What each path in the table is; of the scenario that has but one, that. */
function pathLegend(scenario: RemoteScenarioName, rows: readonly RemoteRow[]): string[] {
  if (pathsOf(scenario).length === 1) {
    return ["paths   this call pins its pages under the mmap lock, whatever path reads go"];
  }
  const inTable = remotePaths.filter(({ name }) => rows.some(({ path }) => path === name));
  const width = Math.max(...inTable.map(({ name }) => name.length));
  const lines = inTable.map(({ name, meaning }, index) => {
    const head = index === 0 ? "paths   " : "        ";
    return `${head}${name.padEnd(width)}  ${meaning}`;
  });
  return inTable.some(({ name }) => name === "fast-v1") ? [...lines, ...claimLegend] : lines;
}

const claimLegend = Object.entries(remoteClaims).map(
  ([claim, meaning]) => `${claim}      ${meaning}`,
);

/** What came out otherwise than on the slow path, where that is in the table too. */
function differencesText(rows: readonly RemoteRow[]): string[] {
  const differences = rows.flatMap((row) =>
    row.differs === null ? [] : [differenceText(row, row.differs)],
  );
  return differences.length === 0
    ? []
    : [["what differs from the slow path:", ...differences].join("\n")];
}

function differenceText(row: RemoteRow, { what, slow, claim }: RemoteDifference): string {
  const call = `  ${row.layout}, ${row.length} bytes, ${row.path}`;
  const result = errnoName(row.result);
  const got =
    what === "result" ? `${result}, and slow ${errnoName(slow)}` : `${result}, other bytes`;
  return `${call}: ${got}${claim === null ? "" : ` (${claim})`}`;
}

const MOST_TITLE = 40;

function titleOf(layout: string, titles: ReadonlyMap<string, string>): string {
  const title = (titles.get(layout) ?? layout).replaceAll("\n", "; ");
  return title.length > MOST_TITLE ? `${title.slice(0, MOST_TITLE)}…` : title;
}

function cells({ layout, path, length, result, ...counts }: RemoteRow): TableCell[] {
  return [
    layout,
    String(length),
    path,
    errnoName(result),
    ...rows.map(([, count]) => count(counts)),
  ];
}
