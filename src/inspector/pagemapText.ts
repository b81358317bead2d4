import { hex } from "./hex.ts";
import type { PagemapRun } from "./pagemapRuns.ts";

/** A line a run: its range and the names of its bits. */
export function pagemapText(runs: readonly PagemapRun[]): string {
  return runs.map((run) => `${hex(run.start)}-${hex(run.end)} ${bitsText(run)}`).join("\n");
}

/** A clear file bit has no name: it is anonymous memory, the zero page, or a device's. */
function bitsText({ present, file, exclusive, guard }: PagemapRun): string {
  if (guard) return "swap guard";
  if (!present) return "absent";
  return `present${file ? " file" : ""}${exclusive ? " exclusive" : ""}`;
}
