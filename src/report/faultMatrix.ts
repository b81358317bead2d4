import type { SyncPtrFaults } from "../scenarios/syncPtrFaults.ts";
import { syncPtrFields } from "../systems/pcm/abi.ts";
import { errnoName } from "./errno.ts";
import { renderTable, type TableColumn } from "./table.ts";

const marks = { new: "new", partly: "part", old: "·" } as const;

const columns: readonly TableColumn[] = [
  { title: "arch" },
  { title: "abi" },
  { title: "strategy" },
  { title: "fault at" },
  { title: "result" },
  ...syncPtrFields.map((field): TableColumn => ({ title: field, group: "what user memory holds afterwards" })),
  { title: "other bytes", align: "right" },
];

/** One row a strategy and faulting field: which of the nine fields are new, and how many holes were overwritten. */
export function faultMatrixText(faults: SyncPtrFaults): string {
  const rows = faults.outcomes.map((outcome) => [
    outcome.arch,
    outcome.abi,
    outcome.strategy,
    outcome.faultAt,
    errnoName(outcome.result),
    ...outcome.written.map(({ state }) => marks[state]),
    outcome.otherBytesWritten.length,
  ]);
  return `${renderTable(columns, rows)}\n\nThe named field is the first byte of a page that can be read and not written. "new": the kernel's value; "·": the\nprogram's old bytes. The kernel side of the call is done in every row: appl_ptr, ack and avail_min are not undone.`;
}
