import { UsageError } from "../base/errors.ts";

/** One column of a plain-text table. Neighbouring columns of the same `group` share a heading above their titles. */
export interface TableColumn {
  readonly title: string;
  readonly align?: "left" | "right";
  readonly group?: string;
}

/** `null` means that there is no figure. It prints as "–", so that nobody takes it for zero. */
export type TableCell = string | number | null;

const GAP = "  ";

/**
 * Lays out a plain-text table: group headings (if any column has one), titles, a rule, the rows. No colour, no blanks
 * at the ends of lines, no newline after the last row. Numbers are printed as they are: round them before.
 * @throws UsageError if a row has not one cell for each column
 */
export function renderTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly TableCell[])[],
): string {
  const body = rows.map((row, index) => cellTexts(row, index, columns.length));
  const widths = columns.map(({ title }, index) =>
    Math.max(...[title, ...body.map((row) => row[index]!)].map(width)),
  );
  const headings = groupHeadings(columns, widths);
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => pad(cell, widths[index]!, columns[index]!.align)).join(GAP);
  const rule = widths.map((count) => "─".repeat(count)).join(GAP);
  const titles = line(columns.map(({ title }) => title));
  return [...headings, titles, rule, ...body.map(line)].map((text) => text.trimEnd()).join("\n");
}

function cellTexts(row: readonly TableCell[], index: number, columnCount: number): string[] {
  if (row.length === columnCount) return row.map((cell) => String(cell ?? "–"));
  const problem = `has ${row.length} cells`;
  throw new UsageError({
    argument: `row ${index}`,
    problem,
    valid: `${columnCount}, one a column`,
  });
}

/** The line of group names, if there are any. A name longer than its columns widens the last of them. */
function groupHeadings(columns: readonly TableColumn[], widths: number[]): string[] {
  if (columns.every(({ group }) => group === undefined)) return [];
  const isStart = (index: number): boolean => columns[index]!.group !== columns[index - 1]?.group;
  const starts = [...columns.keys()].filter((index) => index === 0 || isStart(index));
  const headings = starts.map((start, position) => {
    const end = starts[position + 1] ?? columns.length;
    const name = columns[start]!.group ?? "";
    const missing = width(name) - spanWidth(widths.slice(start, end));
    widths[end - 1]! += Math.max(0, missing);
    return pad(name, spanWidth(widths.slice(start, end)), "left");
  });
  return [headings.join(GAP)];
}

function spanWidth(widths: readonly number[]): number {
  return widths.reduce((sum, count) => sum + GAP.length + count, -GAP.length);
}

/** Code points, not UTF-16 units. Double-width scripts do not occur in our tables. */
function width(text: string): number {
  return [...text].length;
}

function pad(text: string, count: number, align: TableColumn["align"]): string {
  const blanks = " ".repeat(count - width(text));
  return align === "right" ? blanks + text : text + blanks;
}
