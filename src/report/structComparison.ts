import type { ComparedLayout, StructComparison, StructRow } from "../scenarios/compareStruct.ts";
import type { Leak } from "../scenarios/structLeaks.ts";
import { archsText } from "./archRows.ts";
import { cycleNotes, figureCells, figureColumns, figureLegend } from "./figures.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";
import { ranges, wrap } from "./text.ts";

const layoutColumns: readonly TableColumn[] = [
  { title: "offset", align: "right" },
  { title: "bytes", align: "right" },
  { title: "field" },
  { title: "type" },
  { title: "call" },
];

const costColumns: readonly TableColumn[] = [
  ...figureColumns,
  { title: "per call", align: "right", group: "real, this machine" },
];

/** Rows of a layout that the text shows; the JSON has all. */
const MOST_ROWS = 80;

/** The layouts, what an unzeroed copy would disclose, and the strategies side by side. */
export function structComparisonText(comparison: StructComparison): string {
  const parts = [
    ...layoutTexts(comparison),
    renderTable(costColumns, comparison.rows.map(costCells)),
    legend(comparison),
    cycleNotes(comparison.rows),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** ABIs and architectures whose layout is the same share its table. */
function layoutTexts(comparison: StructComparison): string[] {
  const groups = new Map<string, ComparedLayout[]>();
  for (const layout of comparison.layouts) {
    const { bytes, align, fields, holes, leaks } = layout;
    const key = JSON.stringify([bytes, align, fields, holes, leaks]);
    groups.set(key, [...(groups.get(key) ?? []), layout]);
  }
  return [...groups.values()].map((group) => layoutText(comparison, group));
}

function layoutText(comparison: StructComparison, group: readonly ComparedLayout[]): string {
  const [{ bytes, align }] = group as readonly [ComparedLayout];
  const title = `${comparison.struct} in ${where(comparison, group)}: ${bytes} bytes, aligned to ${align}`;
  return `${wrap(title)}\n\n${layoutTable(comparison, group[0]!)}${leaksText(comparison, group[0]!)}`;
}

/** "compat on x86-64, none; native64 on all 7". */
function where({ layouts }: StructComparison, group: readonly ComparedLayout[]): string {
  const abis = [...new Set(group.map(({ abi }) => abi))];
  return abis
    .map((abi) => {
      const archs = group.filter((layout) => layout.abi === abi).map(({ arch }) => arch);
      return `${abi} on ${archsText(layouts, abi, archs)}`;
    })
    .join("; ");
}

function layoutTable({ read, written }: StructComparison, layout: ComparedLayout): string {
  const fields = layout.fields.map(({ offset, bytes, path, type }) => {
    const words = [isAmong(read, path) ? "reads" : "", isAmong(written, path) ? "writes" : ""];
    return { offset, cells: [offset, bytes, path, type, words.filter(Boolean).join(", ")] };
  });
  const holes = layout.holes.map(({ offset, bytes }) => {
    return { offset, cells: [offset, bytes, "(hole)", "", ""] };
  });
  const rows = [...fields, ...holes].sort((a, b) => a.offset - b.offset);
  const table = renderTable(
    layoutColumns,
    rows.slice(0, MOST_ROWS).map(({ cells }) => cells),
  );
  const rest = rows.length - MOST_ROWS;
  return rest > 0 ? `${table}\n… and ${rest} more (--json has them all)` : table;
}

/** A whole array may be moved, or elements of it. */
function isAmong(paths: readonly string[], field: string): boolean {
  return paths.some((path) => path === field || path.startsWith(`${field}[`));
}

function leaksText({ read, written }: StructComparison, { leaks }: ComparedLayout): string {
  if (written.length === 0) return "";
  if (leaks.length === 0) {
    const ownBytes = read.length === 0 ? "" : "; what else it writes back, it has read";
    return `\n\nA copy that is not zeroed first discloses nothing of the kernel's stack${ownBytes}.`;
  }
  const total = leaks.reduce((sum, { bytes }) => sum + bytes, 0);
  const text = `A copy that is not zeroed first discloses ${total} bytes of the kernel's stack: ${leaks.map(leakText).join(", ")}.`;
  return `\n\n${wrap(text)}`;
}

function leakText({ offset, bytes, cause, field }: Leak): string {
  const places = ranges(Array.from({ length: bytes }, (_, index) => offset + index));
  return cause === "hole" ? `${places} (hole after ${field})` : `${places} (${field}, not written)`;
}

function costCells(row: StructRow): TableCell[] {
  return [...figureCells(row), `${row.nsPerCall.toFixed(0)} ns`];
}

function legend({ struct, kernel, rows }: StructComparison): string {
  const estimates = [...new Set(rows.flatMap((row) => row.estimates))];
  return [
    `Moving ${struct} on its success path, kernel ${kernel}; both sides of the call unless one is named.`,
    ...figureLegend,
    ...estimates.map((estimate) => `                           ~ also: ${estimate}`),
    "                           entering the function is priced as SYNC_PTR's",
    "per call                   real time here, of going through a table of the fields: the emulator's, not the hardware's",
  ].join("\n");
}
