import type { CompareRow, SyncPtrComparison } from "../scenarios/compareSyncPtr.ts";
import { ioctlShares, restAssumption, threadFigures } from "../measure/cost/index.ts";
import { cycleNotes, figureCells, figureColumns, figureLegend } from "./figures.ts";
import { renderTable, type TableCell, type TableColumn } from "./table.ts";
import { wrap } from "./text.ts";

const columns: readonly TableColumn[] = [
  ...figureColumns,
  { title: "ns/call", align: "right", group: "real, this machine" },
  { title: "user data", align: "right", group: "real, this machine" },
];

/** The table of a comparison, then the thread's own figures beside ours. */
export function comparisonText(comparison: SyncPtrComparison): string {
  const table = renderTable(columns, comparison.rows.map(cells));
  const parts = [
    table,
    legend(comparison),
    cycleNotes(comparison.rows),
    threadText(comparison.rows),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function cells(row: CompareRow): TableCell[] {
  return [...figureCells(row), row.nsPerCall.toFixed(0), `${(row.userShare * 100).toFixed(0)} %`];
}

function legend({ kernel }: SyncPtrComparison): string {
  return [
    `SYNC_PTR on its success path, kernel ${kernel}; both sides of the call unless one is named.`,
    ...figureLegend,
    "ns/call, user data         real time here, and the part of it that moves the twelve values between kernel and user:",
    "                           the emulator's time, not the hardware's",
  ].join("\n");
}

/** The rows the thread is about: 8xx, 32-bit time, one for each way of moving the data. */
function threadRows(
  rows: readonly CompareRow[],
): Readonly<Record<"perField" | "copy" | "block", CompareRow>> | null {
  const find = (strategy: CompareRow["strategy"]): CompareRow | undefined =>
    rows.find(
      (row) => row.arch === "powerpc-8xx" && row.abi === "compat" && row.strategy === strategy,
    );
  const [perField, copy, block] = [find("per-field"), find("copy"), find("unsafe-block")];
  return perField === undefined || copy === undefined || block === undefined
    ? null
    : { perField, copy, block };
}

const threadColumns: readonly TableColumn[] = [
  { title: "powerpc-8xx, compat" },
  { title: "per field", align: "right", group: "the thread of 2025" },
  { title: "copy", align: "right", group: "the thread of 2025" },
  { title: "block", align: "right", group: "the thread of 2025" },
  { title: "per field", align: "right", group: "here" },
  { title: "copy", align: "right", group: "here" },
  { title: "block", align: "right", group: "here" },
];

function threadText(rows: readonly CompareRow[]): string {
  const ours = threadRows(rows);
  if (ours === null) return "";
  const shares = (["perField", "copy", "block"] as const).map((form) => {
    const row = ours[form];
    const access = { read: row.read.instructions ?? 0, write: row.write.instructions ?? 0 };
    const readSides = {
      perField: ours.perField.read.instructions ?? 0,
      block: ours.block.read.instructions ?? 0,
    };
    return ioctlShares(access, readSides);
  });
  const range = (pick: (share: (typeof shares)[number]["perField"]) => number): string[] =>
    shares.map((share) => {
      const [low, high] = [pick(share.perField), pick(share.block)].sort((a, b) => a - b);
      return `${low!.toFixed(1)}–${high!.toFixed(1)}`;
    });
  const { writeInstructions, writeSharePercent, samplesPercent } = threadFigures;
  const table = renderTable(threadColumns, [
    [
      "write side, instructions",
      `about ${writeInstructions.perField}`,
      null,
      writeInstructions.block,
      ours.perField.write.instructions,
      ours.copy.write.instructions,
      ours.block.write.instructions,
    ],
    [
      "write side, % of the ioctl",
      writeSharePercent.perField,
      null,
      writeSharePercent.block,
      ...range((share) => share.writePercent),
    ],
    [
      "the ioctl, % of all samples",
      samplesPercent.perField,
      samplesPercent.copy,
      samplesPercent.block,
      ...range((share) => share.samplesPercent),
    ],
  ]);
  return `${table}\n\nThe thread: ${threadFigures.source}.\n${wrap(restAssumption)}`;
}
