import type { SyncPtrFaults } from "../scenarios/syncPtrFaults.ts";
import type { SyncPtrOutcome } from "../scenarios/syncPtr.ts";
import { syncPtrFields } from "../systems/pcm/abi.ts";
import { rowsByArch } from "./archRows.ts";
import { errnoName } from "./errno.ts";
import { renderTable, type TableColumn } from "./table.ts";
import { ranges } from "./text.ts";

const marks = { new: "x", partly: "p", old: "·" } as const;

const columns: readonly TableColumn[] = [
  { title: "abi" },
  { title: "strategy" },
  { title: "first bad field" },
  { title: "result" },
  ...syncPtrFields.map((_field, place) => ({ title: `${place + 1}`, group: "field" })),
  { title: "other bytes changed" },
  { title: "architectures" },
];

const legend = `The field in the third column is the first byte of a page that can be read and not written; the others keep their order.
x: the kernel's value; p: in part; ·: unchanged. Other bytes: holes of the structure, by offset, where they changed; a
copy also writes back bytes as they came, which does not show. What the call does in the kernel is done in every row
and is not taken back.`;

/**
 * What a fault leaves in user memory: a row for each ABI, strategy and faulting field. Architectures on which the whole
 * of it is the same share their rows.
 */
export function faultMatrixText(faults: SyncPtrFaults): string {
  const rows = rowsByArch(faults.outcomes, cells);
  return `${renderTable(columns, rows)}\n\n${legend}`;
}

function cells(outcome: SyncPtrOutcome): string[] {
  const place = syncPtrFields.findIndex((field) => field === outcome.faultAt);
  return [
    outcome.abi,
    outcome.strategy,
    `${place + 1} ${outcome.faultAt}`,
    errnoName(outcome.result),
    ...outcome.written.map(({ state }) => marks[state]),
    ranges(outcome.otherBytesChanged),
  ];
}
