import type {
  FutexCmpxchgComparison,
  FutexCmpxchgCost,
  FutexCmpxchgRow,
} from "../scenarios/compareFutexCmpxchg.ts";
import { wordPages } from "../scenarios/futexBed.ts";
import type { FutexCmpxchgRun } from "../scenarios/futexCmpxchg.ts";
import { findingsText } from "./counters.ts";
import { errnoName } from "./errno.ts";
import { sameOnArchs, type ArchRow } from "./sameOnArchs.ts";
import { renderTable } from "./table.ts";
import { hex, hexOrNone, rounded, wrap } from "./text.ts";

/** An exchange and the dance around it as text. */
export function futexCmpxchgText(run: FutexCmpxchgRun): string {
  const { arch, kernel, page, value, expected, replacement, lost, findings } = run;
  return [
    `futex_atomic_cmpxchg_inatomic on ${arch}, kernel ${kernel}: the word is ${hex(value)}, expected ${hex(expected)}, to be ${hex(replacement)}`,
    `page    ${page}: ${wordPages[page]}\nlost    ${lost} store-exclusives${lost > 0 ? " fail" : ""}`,
    stepsText(run),
    outcomeText(run),
    costText(run),
    findingsText(findings),
  ].join("\n\n");
}

function stepsText({ steps }: FutexCmpxchgRun): string {
  return renderTable(
    [
      { title: "step", align: "right" },
      { title: "the kernel calls" },
      { title: "result", align: "right" },
      { title: "seen", align: "right" },
      { title: "word after", align: "right" },
      { title: "guard opens", align: "right" },
      { title: "faults", align: "right" },
    ],
    steps.map((step, index) => [
      index + 1,
      step.call,
      errnoName(step.result),
      hexOrNone(step.seen),
      hexOrNone(step.word),
      step.guardOpens,
      step.faults,
    ]),
  );
}

function outcomeText({ result, matched, word, steps }: FutexCmpxchgRun): string {
  if (result !== 0) {
    return `never executed: the page cannot be made writable, and the call above answers ${errnoName(result)}`;
  }
  const { seen } = steps.at(-1)!;
  return matched
    ? `executed and matched: ${hexOrNone(word)} is stored`
    : `executed, no match: ${hexOrNone(seen)} was seen, nothing is stored, and the answer is 0 all the same`;
}

function costText({ cost }: FutexCmpxchgRun): string {
  if (cost === null) return "cost: nothing was executed";
  const { instructions, modelledCycles } = cost;
  return [
    `cost of the exchange that was executed: ${rounded(instructions) ?? "–"} instructions, ${rounded(modelledCycles) ?? "–"} cycles`,
    wrap(priceNote),
  ].join("\n");
}

const priceNote =
  "Composed from range check, guard and the access priced as put_user: no figure was published for the atomic instructions themselves.";

/** Exchanges side by side: what comes of them, then what one costs. */
export function futexCmpxchgComparisonText(comparison: FutexCmpxchgComparison): string {
  return [
    outcomesTable(comparison.rows),
    outcomesLegend(comparison),
    costsTable(comparison.costs),
    wrap(
      `Of one exchange whose page is there. ${priceNote} ns/call is real time here: the emulator's, not the hardware's.`,
    ),
  ].join("\n\n");
}

function outcomesTable(rows: readonly FutexCmpxchgRow[]): string {
  return renderTable(
    [
      { title: "page" },
      { title: "lost", align: "right" },
      { title: "result", align: "right" },
      { title: "exchanges", align: "right" },
      { title: "repairs", align: "right" },
      { title: "guard opens", align: "right" },
      { title: "faults", align: "right" },
      { title: "on" },
    ],
    sameOnArchs(rows.map(archRow)),
  );
}

function archRow(row: FutexCmpxchgRow): ArchRow {
  const { arch, page, lost, exchanges, repairs, guardOpens, faults } = row;
  const cells = [page, lost, errnoName(row.result), exchanges, repairs, guardOpens, faults];
  return { arch, about: `${page} ${lost}`, cells };
}

function outcomesLegend({ kernel, rows }: FutexCmpxchgComparison): string {
  const pages = [...new Set(rows.map(({ page }) => page))];
  const width = Math.max(...pages.map((page) => page.length));
  return [
    `futex_atomic_cmpxchg_inatomic on a word that is as expected, kernel ${kernel}, with what the kernel does around it.`,
    ...pages.map(
      (page, index) =>
        `${index === 0 ? "page       " : "           "}${page.padEnd(width)}  ${wordPages[page]}`,
    ),
    "lost       store-exclusives that fail, as if another CPU had written to the line; x86 has none to lose",
    "exchanges  how often it was called: again after a repair, and after -EAGAIN (arm64: 128 losses)",
    "repairs    fault_in_user_writeable, with all locks dropped",
  ].join("\n");
}

function costsTable(costs: readonly FutexCmpxchgCost[]): string {
  return renderTable(
    [
      { title: "arch" },
      { title: "range checks", align: "right" },
      { title: "guard opens", align: "right" },
      { title: "instructions", align: "right", group: "modelled" },
      { title: "cycles", align: "right", group: "modelled" },
      { title: "ns/call", align: "right", group: "real, this machine" },
    ],
    costs.map(({ arch, rangeChecks, guardOpens, instructions, modelledCycles, nsPerCall }) => [
      arch,
      rangeChecks,
      guardOpens,
      rounded(instructions),
      rounded(modelledCycles),
      nsPerCall.toFixed(1),
    ]),
  );
}
