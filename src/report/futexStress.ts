import type { FutexStressRow, FutexStressRun } from "../scenarios/futexStress.ts";
import { findingsText } from "./counters.ts";
import { renderTable } from "./table.ts";

/** A stress run as text. */
export function futexStressText(run: FutexStressRun): string {
  const { workers, rows, operations, lost, wakesLost, findings } = run;
  return [
    `${workers} threads, each an emulated CPU of the threads build`,
    renderTable(
      [
        { title: "layout" },
        { title: "work" },
        { title: "operations", align: "right" },
        { title: "lost", align: "right" },
        { title: "wakes lost", align: "right" },
        { title: "threads killed", align: "right" },
      ],
      rows.map((row) => [row.layout, row.work, row.operations, row.lost, row.wakesLost, row.killed]), // prettier-ignore
    ),
    ...rows.flatMap(abandonedText),
    `operations done ${operations}, lost (${lost}), wakes lost (${wakesLost})`,
    findingsText(findings),
  ].join("\n\n");
}

/** What somebody left who was ended at work, and what that means for those who wait. */
function abandonedText({ layout, work, abandoned }: FutexStressRow): string[] {
  if (abandoned === null) return [];
  const { cpu, address, value } = abandoned;
  const left = `${work} on ${layout}: the thread that was CPU ${cpu} left the word at ${hex(address)} as ${hex(value)}`;
  // a robust lock that its owner died with is free: its word says so
  const isFree = work === "robust" || (work === "mutex" && value === 0);
  const why = isFree
    ? "it is free, but the wake of those who sleep died with it"
    : "nobody can take that from the dead";
  return [`${left}, and ${why}; the others were stopped`];
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
