import type {
  PerfComparison,
  PerfDesignRow,
  PerfEntryRow,
  PerfRow,
} from "../scenarios/comparePerf.ts";
import { perfHits, perfRequests } from "../scenarios/perfCase.ts";
import type { PerfPebsRow } from "../scenarios/perfPebs.ts";
import { pebsWays } from "../systems/perf/pebs.ts";
import { perfDesigns, type PerfDesignName } from "../scenarios/perfDesigns.ts";
import type { SampledRegisters } from "../scenarios/perfRecord.ts";
import type { EntryOutcome, PerfSweep } from "../scenarios/perfSweep.ts";
import type { PerfTouched } from "../scenarios/perfTouched.ts";
import type { PerfRun } from "../scenarios/runPerf.ts";
import { findingsText } from "./counters.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";
import { ranges, wrap } from "./text.ts";

/** One sample as text: what it touched, and what a reader of the ring gets. */
export function perfText(run: PerfRun): string {
  const { design, hit, request, interrupt, points, user } = run;
  const between =
    interrupt === null
      ? `with nothing in between; it can be interrupted at ${points === 1 ? "one point, 0" : `points 0 to ${points - 1}`}`
      : `interrupted by a sample in ${interrupt.context} at point ${interrupt.at} of 0 to ${points - 1}`;
  return [
    `a sample by "${design}" (${meaningOf(perfDesigns, design)}), hit: ${hit} (${meaningOf(perfHits, hit)}), ` +
      `asking for ${request} (${meaningOf(perfRequests, request)}), ${between}`,
    renderTable([{ title: "lines of" }, { title: "written" }, { title: "read" }], touchedRows(run)),
    `${run.loads} loads, ${run.stores} stores, ${run.lines} lines; ${run.bytesCopied} bytes of registers copied`,
    user.length === 0 ? "no user registers asked for" : registersText(run),
    findingsText(run.findings),
  ].join("\n\n");
}

function touchedRows({ sample, perCpu, frame }: PerfTouched): TableCell[][] {
  return (
    [
      ["the sample's structure", sample],
      ["the CPU's copies", perCpu],
      ["the saved registers", frame],
    ] as const
  ).map(([name, { written, read }]) => [name, ranges(written), ranges(read)]);
}

/** A column for each record; registers that were not there have no row. */
function registersText({ user, interrupt }: PerfRun): string {
  const titles =
    interrupt === null ? ["the record"] : [`that of the ${interrupt.context}`, "its own"];
  const named = user.find(({ values }) => values.length > 0)?.values ?? [];
  const columns: TableColumn[] = [
    { title: "user register" },
    ...titles.map((title): TableColumn => ({ title, align: "right", group: "in the records" })),
  ];
  const rows = [
    ["abi", ...user.map(({ abi }) => String(abi))],
    ...named.map(({ name }, index) => [name, ...user.map((one) => registerCell(one, index))]),
  ];
  return renderTable(columns, rows);
}

function registerCell({ values }: SampledRegisters, index: number): TableCell {
  const register = values[index];
  if (register === undefined) return null;
  const { value, state } = register;
  return state === "right" ? `0x${value.toString(16)}` : `${state}: 0x${value.toString(16)}`;
}

const designColumns: readonly TableColumn[] = [
  { title: "design" },
  { title: "structure" },
  { title: "bytes", align: "right", group: "on the stack" },
  { title: "nested", align: "right", group: "on the stack" },
  { title: "per CPU", align: "right" },
  { title: "where the copy lives" },
];

const rowColumns: readonly TableColumn[] = [
  { title: "hit" },
  { title: "asks for" },
  { title: "design" },
  { title: "written", group: "structure's lines" },
  { title: "read", group: "structure's lines" },
  { title: "written", group: "CPU's lines" },
  { title: "copied", align: "right", group: "bytes" },
  { title: "loads", align: "right" },
  { title: "stores", align: "right" },
  { title: "lines", align: "right" },
  { title: "a sample", align: "right", group: "real" },
];

/** Designs side by side: their sizes, what samples touch, and what interruptions do to them. */
export function perfComparisonText(comparison: PerfComparison): string {
  const { designs, rows, sweeps, entries, pebs } = comparison;
  return [
    renderTable(designColumns, designs.map(designCells)),
    renderTable(rowColumns, rows.map(rowCells)),
    legend.join("\n"),
    ...(sweeps.length === 0 ? [] : [sweepsText(designs, sweeps)]),
    entriesText(entries),
    pebsText(pebs),
  ].join("\n\n");
}

function designCells(row: PerfDesignRow): TableCell[] {
  const { design, era, sampleBytes, nestedBytes, perCpuBytes } = row;
  return [design, era, sampleBytes, nestedBytes, perCpuBytes, meaningOf(perfDesigns, design)];
}

function rowCells(row: PerfRow): TableCell[] {
  return [
    row.hit,
    row.request,
    row.design,
    ranges(row.sample.written),
    ranges(row.sample.read),
    row.perCpu.written.length === 0 ? null : ranges(row.perCpu.written),
    row.bytesCopied,
    row.loads,
    row.stores,
    row.lines,
    `${row.nsPerSample.toFixed(0)} ns`,
  ];
}

const legend: readonly string[] = [
  "nested        of a task's sample, in which an interrupt's comes, in which an NMI's comes",
  "lines         of 64 bytes, counted from where the structure, or the first copy, begins; accessed by the sample, not typed",
  "loads, stores of words of the structure, of the copies and of saved registers; lines: different ones of all of these",
  "real          time of a sample with its record in the ring: the emulator's, not the hardware's",
];

/** Rows are designs, columns pairs of contexts; a cell has wrong points of all points. */
function sweepsText(designs: readonly PerfDesignRow[], sweeps: readonly PerfSweep[]): string {
  const pairs = [...new Set(sweeps.map(pairOf))];
  const columns: TableColumn[] = [
    { title: "design" },
    ...pairs.map((title): TableColumn => ({ title, align: "right", group: "wrong of all points" })),
    { title: "stale", align: "right", group: "at most" },
    { title: "shared", align: "right", group: "at most" },
    { title: "unknown", align: "right", group: "at most" },
  ];
  const rows = designs.map(({ design }) => sweepCells(design, pairs, sweeps));
  return `${renderTable(columns, rows)}\n\n${wrap(sweepLegend)}`;
}

const sweepLegend =
  "Interrupted at every point of the copy: before its first store, after each, and with the sample not yet written. Wrong: " +
  "one of the two samples holds words that are not the task's, mixed with right ones (torn) or all of an entry before " +
  "(stale). Shared: points at which both use the same copy. Unknown: registers that read -1 in the two samples together.";

function pairOf({ outer, inner }: PerfSweep): string {
  return `${inner} in ${outer}`;
}

function sweepCells(
  design: PerfDesignName,
  pairs: readonly string[],
  sweeps: readonly PerfSweep[],
): TableCell[] {
  const own = sweeps.filter((sweep) => sweep.design === design);
  const most = (figure: (sweep: PerfSweep) => number): number => Math.max(...own.map(figure));
  const cells = pairs.map((pair) => {
    const { torn, stale, outcomes } = own.find((sweep) => pairOf(sweep) === pair)!;
    return `${torn + stale} of ${outcomes.length}`;
  });
  return [
    design,
    ...cells,
    most(({ stale }) => stale),
    most(({ collisions }) => collisions),
    most(({ unknown }) => unknown),
  ];
}

const entryColumns: readonly TableColumn[] = [
  { title: "design" },
  { title: "the NMI comes" },
  { title: "none", align: "right", group: "registers pushed before, by what the sample holds" },
  { title: "torn", align: "right", group: "registers pushed before, by what the sample holds" },
  { title: "stale", align: "right", group: "registers pushed before, by what the sample holds" },
  { title: "right", align: "right", group: "registers pushed before, by what the sample holds" },
];

const entryLegend =
  "An NMI while the entry code pushes the registers, one by one. The kernel sees that by the interrupted stack pointer, up " +
  "to r11; bx and bp are pushed behind it, and bp is copied (not up to 4.6, where it reads -1): the published test leaves a " +
  "window of two pushes. Inside of " +
  "an interrupt that came meanwhile it sees nothing. Designs that always copy do not look.";

function entriesText(entries: readonly PerfEntryRow[]): string {
  const rows = entries.map(({ design, nmi, outcomes }) => {
    const pushed = (wanted: EntryOutcome): string =>
      ranges(outcomes.flatMap((outcome, count) => (outcome === wanted ? [count] : [])));
    return [design, nmi, pushed("none"), pushed("torn"), pushed("stale"), pushed("right")];
  });
  return `${renderTable(entryColumns, rows)}\n\n${wrap(entryLegend)}`;
}

const pebsColumns: readonly TableColumn[] = [
  { title: "PEBS" },
  { title: "asks for the interrupt's" },
  { title: "bytes copied", align: "right" },
  { title: "loads", align: "right" },
  { title: "stores", align: "right" },
  { title: "leaked words", align: "right" },
  { title: "how" },
];

function pebsText(rows: readonly PerfPebsRow[]): string {
  return renderTable(
    pebsColumns,
    rows.map(({ way, asksIntr, bytesCopied, loads, stores, leaked }) => [
      way,
      asksIntr ? "yes" : "no",
      bytesCopied,
      loads,
      stores,
      leaked,
      meaningOf(pebsWays, way),
    ]),
  );
}

function meaningOf(
  table: readonly { readonly name: string; readonly meaning: string }[],
  name: string,
): string {
  return table.find((row) => row.name === name)!.meaning;
}
