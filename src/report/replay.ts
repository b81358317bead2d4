import type { ReplayReport } from "../conformance/report.ts";
import { renderTable, type TableColumn } from "./table.ts";

const MOST_FAILURES = 20;

const countColumns = (title: string): TableColumn[] => [
  { title },
  { title: "cases", align: "right" },
  { title: "steps", align: "right" },
  { title: "passed", align: "right" },
  { title: "failed", align: "right" },
];

/** The report as text: a row a kind, a row for each operation that failed somewhere, the first failures. */
export function replayText(report: ReplayReport): string {
  const kinds = Object.entries(report.kinds).map(([kind, count]) => [kind, count.cases, count.steps, count.passed, count.failed]);
  const total = ["all", report.cases, report.steps, report.passed, report.failed];
  const parts = [renderTable(countColumns("kind"), [...kinds, total])];
  const broken = Object.entries(report.operations).filter(([, count]) => count.failed > 0);
  if (broken.length > 0) parts.push(renderTable(operationColumns, broken.map(([op, count]) => [op, count.passed, count.failed])));
  if (report.failures.length > 0) parts.push(failures(report));
  if (report.positionTries.steps > 0) {
    parts.push(`positions of devices that move by themselves: ${report.positionTries.steps} steps, ${report.positionTries.tries} tries`);
  }
  return parts.join("\n\n");
}

const operationColumns: TableColumn[] = [
  { title: "operation" },
  { title: "steps passed", align: "right" },
  { title: "failed", align: "right" },
];

function failures(report: ReplayReport): string {
  const lines = report.failures.slice(0, MOST_FAILURES).map((failure) => {
    const place = failure.step === null ? "" : `, step ${failure.step}${failure.op === null ? "" : ` ${failure.op}`}`;
    return `${failure.file}:${failure.line}: ${failure.id ?? "?"}${place}: ${failure.field}: expected ${failure.expected}, got ${failure.actual}`;
  });
  const rest = report.failures.length - lines.length;
  if (rest > 0) lines.push(`… and ${rest} more (--json has them all)`);
  return lines.join("\n");
}
