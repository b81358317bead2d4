import type { StructFaults, StructOutcome } from "../scenarios/structFaults.ts";
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
  { title: "fields" },
  { title: "other bytes changed" },
  { title: "architectures" },
];

const legend = `The field in the third column is the first byte of a page that can be read and not written. Fields: the written ones in
their order, one character each; x: the kernel's value; p: in part; ·: unchanged. Other bytes: by offset,
where they changed; a copy that also reads writes back bytes as they came, which does not show.
A read that faults leaves user memory as it was: every read comes before the first write.`;

/** What a fault leaves in user memory: a row for each ABI, strategy and faulting field. */
export function structFaultsText(faults: StructFaults): string {
  if (faults.outcomes.length === 0) {
    return `${faults.struct}: no field is written, so that no fault leaves anything in user memory.`;
  }
  return `${renderTable(columns, rowsByArch(faults.outcomes, cells))}\n\n${legend}`;
}

function cells(outcome: StructOutcome): string[] {
  const place = outcome.written.findIndex(({ field }) => field === outcome.faultAt);
  return [
    outcome.abi,
    outcome.strategy,
    `${place + 1} ${outcome.faultAt}`,
    errnoName(outcome.result),
    outcome.written.map(({ state }) => marks[state]).join(""),
    ranges(outcome.otherBytesChanged),
  ];
}
