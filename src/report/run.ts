import { figureTable } from "../measure/figures.ts";
import type { SyncPtrRun } from "../scenarios/runSyncPtr.ts";
import { countersText, findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { renderTable } from "./table.ts";
import { ranges, rounded } from "./text.ts";

const marks = {
  new: "the kernel's value",
  partly: "in part the kernel's",
  old: "unchanged",
} as const;

/** A run as text: result, user memory, counters that are not zero, cost, findings. */
export function runText(run: SyncPtrRun): string {
  const parts = [head(run), memory(run), countersText(run.counters), cost(run)];
  return [...parts, findingsText(run.findings)].join("\n\n");
}

function head({ outcome, kernel }: SyncPtrRun): string {
  const place = outcome.faultAt === null ? "" : `, read-only from ${outcome.faultAt} on`;
  return (
    `SYNC_PTR on ${outcome.arch}, ABI ${outcome.abi}, strategy ${outcome.strategy}, ` +
    `kernel ${kernel}${place}: ${errnoName(outcome.result)}`
  );
}

function memory({ outcome }: SyncPtrRun): string {
  const table = renderTable(
    [{ title: "field" }, { title: "in user memory afterwards" }],
    outcome.written.map(({ field, state }) => [field, marks[state]]),
  );
  return `${table}\nother bytes changed, by offset: ${ranges(outcome.otherBytesChanged)}`;
}

function cost(run: SyncPtrRun): string {
  if (run.cost === null) {
    return run.counters.faults > 0
      ? "cost: not priced, because no figure was published for a fault"
      : "cost: not priced, because the call was refused";
  }
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
    figureTable.map(({ name, unit, meaning }) => [
      name,
      ...sides.map((side) => rounded(side[name])),
      unit,
      meaning,
    ]),
  );
}
