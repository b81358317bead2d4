import {
  operatedWord,
  type FutexWakeOpComparison,
  type FutexWakeOpCost,
  type FutexWakeOpPlaceRow,
  type FutexWakeOpRow,
} from "../scenarios/compareFutexWakeOp.ts";
import { wordPlaceNames, wordPlaces } from "../scenarios/wordPlaces.ts";
import { errnoName } from "./errno.ts";
import { wakeOpPriceNote } from "./futexWakeOp.ts";
import { sameOnArchs, type ArchRow } from "./sameOnArchs.ts";
import { renderTable } from "./table.ts";
import { hex, hexOrNone, rounded, wrap } from "./text.ts";

/** WAKE_OPs side by side: what the operations do, who the comparisons wake, bad addresses, and what one costs. */
export function futexWakeOpComparisonText(comparison: FutexWakeOpComparison): string {
  const { kernel, operations, comparisons, places, costs, lost } = comparison;
  return [
    `FUTEX_WAKE_OP, kernel ${kernel}. What each operation makes of ${hex(operatedWord)}, by its oparg:`,
    operationsTable(operations),
    wrap(
      "oparg is signed, 12 bits; with the shift flag the operand is 1 << (oparg & 31). What the kernel does not know is -ENOSYS, and the word not accessed.",
    ),
    `Two sleep on each word, one is to be woken. Woken on word 1 + on word 2, by word 2's old value against ${comparisons[0]?.operation.cmparg ?? 0}:`,
    comparisonsTable(comparisons),
    "An unknown comparison is -ENOSYS too, but the word is changed by then, and nobody woken.",
    placesTable(places),
    placesLegend(),
    costsTable(costs, lost),
    wrap(
      `Of one call with private keys and both pages there. ${wakeOpPriceNote} Tries: of the operation, while ${lost} store-exclusives fail (arm64 gives up after 128 and begins again). ns/call is real time here, where nobody sleeps: the emulator's, not the hardware's.`,
    ),
  ].join("\n\n");
}

function operationsTable(rows: readonly FutexWakeOpRow[]): string {
  return matrix(
    rows,
    "op",
    ({ operation: { op, opName } }) => opName ?? String(op),
    ({ operation: { oparg, shift } }) => (shift ? `1 << ${oparg}` : String(oparg)),
    ({ result, after }) => (result < 0 ? errnoName(result) : (hexOrNone(after) ?? "–")),
  );
}

function comparisonsTable(rows: readonly FutexWakeOpRow[]): string {
  return matrix(
    rows,
    "cmp",
    ({ operation: { cmp, cmpName } }) => cmpName ?? String(cmp),
    ({ before }) => String((before ?? 0) | 0),
    ({ result, woken, woken2 }) => (result < 0 ? errnoName(result) : `${woken} + ${woken2}`),
  );
}

/** A row for what the calls have in common, a column for what they differ in. */
function matrix(
  rows: readonly FutexWakeOpRow[],
  title: string,
  rowName: (row: FutexWakeOpRow) => string,
  columnName: (row: FutexWakeOpRow) => string,
  cell: (row: FutexWakeOpRow) => string,
): string {
  const columns = [...new Set(rows.map(columnName))];
  const lines = new Map<string, { arch: string; about: string; cells: string[] }>();
  for (const row of rows) {
    const about = rowName(row);
    const key = `${row.arch} ${about}`;
    const line = lines.get(key) ?? { arch: row.arch, about, cells: [about] };
    line.cells.push(cell(row));
    lines.set(key, line);
  }
  return renderTable(
    [
      { title },
      ...columns.map((name) => ({ title: name, align: "right" as const })),
      { title: "on" },
    ],
    sameOnArchs([...lines.values()]),
  );
}

function placesTable(rows: readonly FutexWakeOpPlaceRow[]): string {
  return renderTable(
    [
      { title: "keys" },
      { title: "word", align: "right" },
      { title: "place" },
      { title: "result", align: "right" },
      { title: "tries", align: "right" },
      { title: "repairs", align: "right" },
      { title: "faults", align: "right" },
      { title: "word 2 after", align: "right" },
      { title: "on" },
    ],
    sameOnArchs(rows.map(placeRow)),
  );
}

function placeRow(row: FutexWakeOpPlaceRow): ArchRow {
  const { arch, word, place, result, tries, repairs, faults, after } = row;
  const keys = row.private ? "private" : "shared";
  const cells = [keys, word, place, errnoName(result), tries, repairs, faults, hexOrNone(after)];
  return { arch, about: `${keys} ${word} ${place}`, cells };
}

function placesLegend(): string {
  const width = Math.max(...wordPlaceNames.map((name) => name.length));
  return [
    "One address that is no good, or not at once; the other word is there. It is += 1, and word 2 was 0.",
    ...wordPlaceNames.map(
      (name, index) =>
        `${index === 0 ? "place  " : "       "}${name.padEnd(width)}  ${wordPlaces[name]}`,
    ),
    "tries  of the operation, under the buckets' locks; repairs: fault_in_user_writeable, with all locks dropped",
  ].join("\n");
}

function costsTable(costs: readonly FutexWakeOpCost[], lost: number): string {
  return renderTable(
    [
      { title: "arch" },
      { title: `tries, ${lost} lost`, align: "right" },
      { title: "range checks", align: "right" },
      { title: "guard opens", align: "right" },
      { title: "instructions", align: "right", group: "modelled" },
      { title: "cycles", align: "right", group: "modelled" },
      { title: "ns/call", align: "right", group: "real, this machine" },
    ],
    costs.map((cost) => [
      cost.arch,
      cost.triesContended,
      cost.rangeChecks,
      cost.guardOpens,
      rounded(cost.instructions),
      rounded(cost.modelledCycles),
      `${cost.nsPerCall.toFixed(0)} ns`,
    ]),
  );
}
