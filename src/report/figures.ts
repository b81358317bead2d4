import { costProfile } from "../measure/cost/index.ts";
import type { ArchName } from "../machine/arch.ts";
import type { CallFigures } from "../scenarios/callFigures.ts";
import type { TableCell, TableColumn } from "./table.ts";
import { wrap } from "./text.ts";

/** The part of a comparison's table that every scenario has: a call's counts, and its cost composed from them. */

export interface FigureRow extends CallFigures {
  readonly arch: ArchName;
  readonly abi: string;
  readonly strategy: string;
  /** What is estimated beyond interpolated copies. */
  readonly estimates?: readonly string[];
}

export const figureColumns: readonly TableColumn[] = [
  { title: "arch" },
  { title: "abi" },
  { title: "strategy" },
  { title: "guard opens", align: "right" },
  { title: "range checks", align: "right" },
  { title: "read", align: "right", group: "instructions" },
  { title: "write", align: "right", group: "instructions" },
  { title: "both", align: "right", group: "instructions" },
  { title: "cycles", align: "right", group: "modelled" },
];

export function figureCells(row: FigureRow): TableCell[] {
  const isEstimated = row.approximations.length > 0 || (row.estimates ?? []).length > 0;
  const marked = isEstimated ? "~" : "";
  const rounded = (value: number | null): TableCell =>
    value === null ? null : `${marked}${Math.round(value)}`;
  return [
    row.arch,
    row.abi,
    row.strategy,
    row.guardOpens,
    row.rangeChecks,
    rounded(row.read.instructions),
    rounded(row.write.instructions),
    rounded(row.instructions),
    rounded(row.modelledCycles),
  ];
}

export const figureLegend: readonly string[] = [
  "guard opens, range checks  counted",
  "instructions, cycles       composed: counted events × the architecture's published figures",
  "                           (–: none published; ~: a copy's length or alignment was interpolated)",
];

/** What the cycles of an architecture mean, once for each that has any. */
export function cycleNotes(rows: readonly FigureRow[]): string {
  const priced = rows.filter((row) => row.modelledCycles !== null).map((row) => row.arch);
  const notes = [...new Set(priced)].map(
    (arch) => `Cycles on ${arch}: ${costProfile(arch).cycles!.note}.`,
  );
  return notes.map(wrap).join("\n");
}
