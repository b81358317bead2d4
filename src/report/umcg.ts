import type { UmcgComparison, UmcgRow } from "../scenarios/compareUmcg.ts";
import type { UmcgRun } from "../scenarios/runUmcg.ts";
import { umcgStepTable } from "../scenarios/umcgBed.ts";
import type { UmcgInlining } from "../scenarios/umcgInlining.ts";
import { umcgHelpers } from "../systems/umcg/helpers.ts";
import { findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";
import { wrap } from "./text.ts";

/** One compare-and-exchange as text: what it came to, and the way it went. */
export function umcgText(run: UmcgRun): string {
  const { arch, kernel, helper, form, bits, step, result, old, word, trace } = run;
  const went = trace.length === 0 ? "nothing" : trace.join(" → ");
  return [
    `${titleOf(bits, form)} by "${helper}" on ${arch}, kernel ${kernel}; the word: ${step} (${meaningOf(umcgStepTable, step)})`,
    [
      `result  ${errnoName(result)}`,
      `old     ${hex(old)}, what the caller has afterwards`,
      `memory  ${word === null ? "no page there" : hex(word)}`,
    ].join("\n"),
    wrap(`the CPU: ${went}`),
    `${run.accesses} accesses tried, ${run.faults} faults, guard opened ${run.guardOpens} and closed ${run.guardCloses} times`,
    findingsText(run.findings),
  ].join("\n\n");
}

function titleOf(bits: number, form: string): string {
  return `cmpxchg_user_${bits}${form === "nosleep" ? "_nosleep" : ""}`;
}

const columns: readonly TableColumn[] = [
  { title: "word" },
  { title: "helper" },
  { title: "arch" },
  { title: "form" },
  { title: "bits", align: "right" },
  { title: "result", align: "right" },
  { title: "old", align: "right" },
  { title: "memory", align: "right" },
  { title: "opens", align: "right", group: "guard" },
  { title: "closes", align: "right", group: "guard" },
  { title: "checks", align: "right" },
  { title: "accesses", align: "right" },
  { title: "faults", align: "right" },
  { title: "instr.", align: "right", group: "modelled" },
  { title: "cycles", align: "right", group: "modelled" },
  { title: "a call", align: "right", group: "real" },
];

/** Compare-and-exchanges side by side, then what inlining one takes. */
export function umcgComparisonText(comparison: UmcgComparison): string {
  const { kernel, rows, inlining } = comparison;
  return [
    renderTable(columns, rows.map(cells)),
    [
      `A compare-and-exchange of 0 with 7, kernel ${kernel}, each row on memory of its own.`,
      ...legend,
      ...meanings("word", umcgStepTable, (name) => rows.some(({ step }) => step === name)),
      ...meanings("helper", umcgHelpers, (name) => rows.some(({ helper }) => helper === name)),
    ].join("\n"),
    inliningText(inlining),
  ].join("\n\n");
}

function cells(row: UmcgRow): TableCell[] {
  return [
    row.step,
    row.helper,
    row.arch,
    row.form,
    row.bits,
    errnoName(row.result),
    hex(row.old),
    row.word === null ? null : hex(row.word),
    row.guardOpens,
    row.guardCloses,
    row.rangeChecks,
    row.accesses,
    row.faults,
    rounded(row.instructions),
    rounded(row.modelledCycles),
    row.nsPerCall === null ? null : `${row.nsPerCall.toFixed(0)} ns`,
  ];
}

const legend: readonly string[] = [
  "old, memory   what the caller learned, and what stands there afterwards (–: no page)",
  "guard, checks openings and closings, range checks; accesses: tries, also those that end in a fixup",
  "modelled      by published figures, the atomic itself counted as one store (–: after a fault, or none published)",
  "real          time of a call here where nothing is in the way: the emulator's, not the hardware's",
];

interface Named {
  readonly name: string;
  readonly meaning: string;
}

function meanings(
  title: string,
  table: readonly Named[],
  isShown: (name: string) => boolean,
): string[] {
  const shown = table.filter(({ name }) => isShown(name));
  const width = Math.max(...shown.map(({ name }) => name.length));
  return shown.map(({ name, meaning }, index) => {
    const head = (index === 0 ? title : "").padEnd(HEAD);
    return `${head}${name.padEnd(width)}  ${meaning}`;
  });
}

/** Columns before a name in the legend. */
const HEAD = 14;

function meaningOf(table: readonly Named[], name: string): string {
  return table.find((row) => row.name === name)!.meaning;
}

const inliningColumns: readonly TableColumn[] = [
  { title: "arch" },
  { title: "body", align: "right", group: "instructions" },
  { title: "call site", align: "right", group: "instructions" },
  { title: "sites", align: "right", group: "break-even" },
  ...[0, 5, 10].map((price): TableColumn => ({
    title: `price ${price}`,
    align: "right",
    group: "out of line / inline",
  })),
  { title: "inline", align: "right", group: "real" },
  { title: "called", align: "right", group: "real" },
];

function inliningText(inlining: readonly UmcgInlining[]): string {
  const table = renderTable(inliningColumns, inlining.map(inliningCells));
  return `${table}\n\n${wrap(inliningLegend)}`;
}

const inliningLegend =
  "Inline or out of line: from so many call sites on, one body and calls of it are less code than a body at each site. " +
  "Out of line each operation takes the price of a call more, here for prices of 0, 5 and 10 instructions (--json has " +
  "all from 0 to 10). Real: the emulated futex's compare-and-exchange in a loop, the hit written out and called.";

function inliningCells(one: UmcgInlining): TableCell[] {
  const ratios = [0, 5, 10].map((wanted) => {
    const { inline, outOfLine } = one.prices.find(({ price }) => price === wanted)!;
    return inline === null || outOfLine === null ? null : (outOfLine / inline).toFixed(2);
  });
  return [
    one.arch,
    rounded(one.bodyInstructions),
    rounded(one.siteInstructions),
    one.breakEvenSites,
    ...ratios,
    `${one.nsInline.toFixed(0)} ns`,
    `${one.nsOutOfLine.toFixed(0)} ns`,
  ];
}

function rounded(value: number | null): TableCell {
  return value === null ? null : Math.round(value);
}

function hex(value: bigint): string {
  return value < 10n ? String(value) : `0x${value.toString(16)}`;
}
