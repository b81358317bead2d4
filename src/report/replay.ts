import { isMalformed, type Failure, type ReplayReport } from "../conformance/base/report.ts";
import { renderTable, type TableColumn } from "./table.ts";

/** Failures that the text shows, and how much of each value; the JSON has all. */
const MOST_FAILURES = 20;
const MOST_CHARACTERS = 120;

const kindColumns: readonly TableColumn[] = [
  { title: "kind" },
  { title: "cases", align: "right" },
  { title: "steps", align: "right" },
  { title: "passed", align: "right" },
  { title: "failed", align: "right" },
];

const operationColumns: readonly TableColumn[] = [
  { title: "operation" },
  { title: "steps passed", align: "right" },
  { title: "failed", align: "right" },
];

/** The report as text: a row a kind, a row for each operation that failed somewhere, the first failures. */
export function replayText(report: ReplayReport): string {
  const parts = [
    kindTable(report),
    operationTable(report),
    failureLines(report),
    remoteText(report),
    tries(report),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function kindTable(report: ReplayReport): string {
  const rows = Object.entries({ ...report.kinds, all: report });
  return renderTable(
    kindColumns,
    rows.map(([kind, { cases, steps, passed, failed }]) => [kind, cases, steps, passed, failed]),
  );
}

function operationTable({ operations }: ReplayReport): string {
  const broken = Object.entries(operations).filter(([, count]) => count.failed > 0);
  if (broken.length === 0) return "";
  return renderTable(
    operationColumns,
    broken.map(([op, { passed, failed }]) => [op, passed, failed]),
  );
}

function failureLines({ failures }: ReplayReport): string {
  const lines = failures.slice(0, MOST_FAILURES).map(failureLine);
  const rest = failures.length - lines.length;
  if (rest > 0) lines.push(`… and ${rest} more (--json has them all)`);
  return lines.join("\n");
}

/** `file:line: case, step 3 SYNC_PTR: ret: expected 0, got -14`; a line that is no case has only its problem. */
function failureLine(failure: Failure): string {
  const { file, line, id, step, op, field, expected, actual } = failure;
  if (isMalformed(failure)) {
    return `${[`${file}:${line}`, id].filter(Boolean).join(": ")}: ${actual}`;
  }
  const place = step === null ? "" : `, step ${step} ${op}`;
  return `${file}:${line}: ${id}${place}: ${field}: expected ${short(expected)}, got ${short(actual)}`;
}

function short(value: string): string {
  if (value === "") return "nothing";
  return value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value;
}

/** Where bytes of other processes' memory went, and how many steps had to differ from the recording. */
function remoteText({ diverged, remoteBytes: { fast, slow } }: ReplayReport): string {
  if (fast + slow === 0) return "";
  const bytes = `${fast} bytes of other processes' memory moved without the mmap lock, ${slow} under it`;
  if (diverged.length === 0) return bytes;
  const claims = new Map<string, number>();
  for (const { claim } of diverged) claims.set(claim, (claims.get(claim) ?? 0) + 1);
  const counts = [...claims].map(([claim, steps]) => `${claim} in ${steps} steps`).join(", ");
  return `${bytes}\ndiverged from the recording exactly as claims predict: ${counts}`;
}

function tries({ positionTries: { steps, tries: tried } }: ReplayReport): string {
  if (steps === 0) return "";
  return `${steps} steps on devices that move by themselves; positions tried to explain them: ${tried}`;
}
