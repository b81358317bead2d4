import { counterTable, type Counters } from "../machine/counters.ts";
import type { Finding } from "../machine/findings.ts";
import { renderTable } from "./table.ts";

/** What a run counted and found, as every scenario's report has it. */

/** The counters that are not zero. */
export function countersText(counters: Counters): string {
  const rows = counterTable
    .filter(({ name }) => counters[name] !== 0)
    .map(({ name, unit, meaning }) => [name, counters[name], unit, meaning]);
  return renderTable(
    [
      { title: "counter" },
      { title: "count", align: "right" },
      { title: "unit" },
      { title: "meaning" },
    ],
    rows,
  );
}

export function findingsText(findings: readonly Finding[]): string {
  if (findings.length === 0) return "findings: none";
  return findings
    .map(({ kind, meaning, cpu, address }) => {
      return `finding: ${kind}: ${meaning} (CPU ${cpu}, address 0x${address.toString(16)})`;
    })
    .join("\n");
}
