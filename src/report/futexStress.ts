import type { FutexStressRun } from "../scenarios/futexStress.ts";
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
    `operations done ${operations}, lost (${lost}), wakes lost (${wakesLost})`,
    findingsText(findings),
  ].join("\n\n");
}
