import { counterTable } from "../machine/counters.ts";
import { figureTable } from "../measure/figures.ts";
import type { SyncPtrRun } from "../scenarios/runSyncPtr.ts";
import { errnoName } from "./errno.ts";
import { renderTable } from "./table.ts";

const marks = { new: "the kernel's value", partly: "in part the kernel's", old: "the program's old bytes" } as const;

/** A run as text: result, user memory, counters that are not zero, cost, findings. */
export function runText(run: SyncPtrRun): string {
  const { outcome } = run;
  const head = `SYNC_PTR on ${outcome.arch}, ${outcome.abi}, ${outcome.strategy}, kernel ${run.kernel}: ${errnoName(outcome.result)}`;
  const memory = renderTable(
    [{ title: "field" }, { title: "user memory afterwards" }],
    outcome.written.map(({ field, state }) => [field, marks[state]]),
  );
  const others = `bytes outside the nine fields that were written: ${outcome.otherBytesWritten.length === 0 ? "none" : ranges(outcome.otherBytesWritten)}`;
  return [head, memory, others, counters(run), cost(run), findings(run)].filter((part) => part !== "").join("\n\n");
}

function counters(run: SyncPtrRun): string {
  const rows = counterTable.filter(({ name }) => run.counters[name] !== 0).map(({ name, unit, meaning }) => [name, run.counters[name], unit, meaning]);
  return renderTable([{ title: "counter" }, { title: "count", align: "right" }, { title: "unit" }, { title: "meaning" }], rows);
}

function cost(run: SyncPtrRun): string {
  if (run.cost === null) return "cost: not priced, because the work of a fault has no published figure";
  const { read, write, both } = run.cost;
  const sides = [read, write, both];
  return renderTable(
    [
      { title: "figure" },
      { title: "read side", align: "right" },
      { title: "write side", align: "right" },
      { title: "both", align: "right" },
      { title: "unit" },
      { title: "meaning" },
    ],
    figureTable.map(({ name, unit, meaning }) => [name, ...sides.map((side) => rounded(side[name])), unit, meaning]),
  );
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

function findings(run: SyncPtrRun): string {
  return run.findings.map((finding) => `finding: ${finding.kind}: ${finding.meaning} (CPU ${finding.cpu}, address 0x${finding.address.toString(16)})`).join("\n");
}

/** "8–11, 36–67" for sorted offsets. */
function ranges(offsets: readonly number[]): string {
  const parts: string[] = [];
  let start = offsets[0]!;
  offsets.forEach((offset, index) => {
    if (offsets[index + 1] === offset + 1) return;
    parts.push(start === offset ? `${start}` : `${start}–${offset}`);
    start = offsets[index + 1] ?? offset;
  });
  return parts.join(", ");
}
