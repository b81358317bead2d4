import type { SyncPtrFaults } from "../scenarios/syncPtrFaults.ts";
import type { SyncPtrOutcome } from "../scenarios/syncPtr.ts";
import { syncPtrFields } from "../systems/pcm/abi.ts";
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
  { title: "other bytes written" },
  { title: "architectures" },
];

const legend = `The field in the third column is the first byte of a page that can be read and not written; the others keep their order.
x: the kernel's value; p: in part; ·: unchanged. Other bytes: holes of the structure, by offset. What the call does in
the kernel is done in every row and is not taken back.`;

/**
 * What a fault leaves in user memory: a row for each ABI, strategy and faulting field. Architectures on which the whole
 * of it is the same share their rows.
 */
export function faultMatrixText(faults: SyncPtrFaults): string {
  const archsOf = new Map<string, Set<string>>();
  for (const { abi, arch } of faults.outcomes) {
    archsOf.set(abi, (archsOf.get(abi) ?? new Set()).add(arch));
  }
  const groups = grouped(faults.outcomes);
  const rows = groups.flatMap(({ archs, outcomes }) => {
    const compared = archsOf.get(outcomes[0]!.abi)!.size;
    const where = archs.length === compared && compared > 1 ? `all ${compared}` : archs.join(", ");
    return outcomes.map((outcome) => [...cells(outcome), where]);
  });
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
    ranges(outcome.otherBytesWritten),
  ];
}

/** Outcomes that are the same but for the architecture. */
interface Group {
  readonly archs: string[];
  readonly outcomes: readonly SyncPtrOutcome[];
}

function grouped(outcomes: readonly SyncPtrOutcome[]): Group[] {
  const series = new Map<string, SyncPtrOutcome[]>();
  for (const outcome of outcomes) {
    const key = `${outcome.arch} ${outcome.abi} ${outcome.strategy}`;
    series.set(key, [...(series.get(key) ?? []), outcome]);
  }
  const groups = new Map<string, Group>();
  for (const one of series.values()) {
    const key = one.map((outcome) => cells(outcome).join()).join("|");
    const group = groups.get(key) ?? { archs: [], outcomes: one };
    group.archs.push(one[0]!.arch);
    groups.set(key, group);
  }
  return [...groups.values()];
}
