import type {
  FutexPiComparison,
  PiAnswersRow,
  PiCost,
  PiLocksRow,
  PiPlacesRow,
} from "../scenarios/compareFutexPi.ts";
import type { PiStepRun } from "../scenarios/futexPi.ts";
import { piPrograms } from "../scenarios/piPrograms.ts";
import { wordPlaceNames, wordPlaces } from "../scenarios/wordPlaces.ts";
import { errnoName } from "./errno.ts";
import { answerText, wordText } from "./futexPi.ts";
import { sameOnArchs, type ArchRow } from "./sameOnArchs.ts";
import { renderTable, type TableCell } from "./table.ts";
import { rounded, wrap } from "./text.ts";

/** PI locks beside a plain mutex, programs by their answers, calls by their addresses, and what a lock takes. */
export function futexPiComparisonText(comparison: FutexPiComparison): string {
  const { kernel, locks, programs, places, costs } = comparison;
  return [
    ...locks.flatMap((row) => [`${titleOf(row.name)}, kernel ${kernel}:`, locksTable(row)]),
    wrap(
      "runs: who has the CPU, if there is one; a task in brackets sleeps meanwhile although its priority is higher. plain: a mutex of WAIT and WAKE (0 free, 1 locked, 2 with sleepers).",
    ),
    programsTable(programs),
    wrap(
      "What each step's call answers; in brackets, the sleeps that it ends. W: the task sleeps in it.",
    ),
    placesTable(places),
    placesLegend(),
    costsTable(costs),
    wrap(
      "Of a free lock taken, and given back while nobody waits, with private keys and the page there. Composed from range checks, guard, loads, and the atomic priced as put_user: neither it nor the queues have a published figure. Real: two calls from outside here, the emulator's time and not the hardware's.",
    ),
  ].join("\n\n");
}

function titleOf(name: string): string {
  return `${name}: ${piPrograms.find((one) => one.name === name)!.meaning}`;
}

function locksTable({ pi, plain }: PiLocksRow): string {
  const columns = (group: string) =>
    [
      { title: "answer", align: "right", group },
      { title: "word", group },
      { title: "runs", group },
    ] as const;
  return renderTable(
    [{ title: "step" }, ...columns("PI"), ...columns("plain")],
    pi.map((step, index) => [
      step.text,
      ...stepCells(step, wordText(step.words[0]!)),
      ...stepCells(plain[index]!, String(plain[index]!.words[0]!.value)),
    ]),
  );
}

function stepCells(step: PiStepRun, word: string): TableCell[] {
  const { runs, kept, tasks } = step;
  const runner = tasks.find(({ name }) => name === runs);
  const lent =
    runner === undefined || runner.effective === runner.own ? "" : ` as ${runner.effective}`;
  const waiting = kept.length === 0 ? "" : ` (${kept.join(", ")})`;
  return [answerText(step), word, `${runs ?? "nobody"}${lent}${waiting}`];
}

function programsTable(rows: readonly PiAnswersRow[]): string {
  return renderTable(
    [{ title: "program" }, { title: "answers" }, { title: "asleep at the end" }, { title: "on" }],
    sameOnArchs(rows.map(programRow)),
  );
}

function programRow({ arch, name, steps, asleep }: PiAnswersRow): ArchRow {
  const answers = steps.map(shortAnswer).join(" ");
  return { arch, about: name, cells: [name, answers, asleep.join(", ") || "nobody"] };
}

function shortAnswer({ result, sleeps, returns }: PiAnswersRow["steps"][number]): string {
  const answer = sleeps ? "W" : result === null ? "·" : errnoName(result);
  if (returns.length === 0) return answer;
  return `${answer}(${returns.map((one) => `${one.task}:${errnoName(one.result)}`).join(" ")})`;
}

function placesTable(rows: readonly PiPlacesRow[]): string {
  const places = wordPlaceNames.filter((place) => rows.some((row) => row.place === place));
  const lines = new Map<string, { arch: string; about: string; cells: TableCell[] }>();
  for (const row of rows) {
    const keys = row.private ? "private" : "shared";
    const about = `${keys} ${row.call}`;
    const line = lines.get(`${row.arch} ${about}`) ?? {
      arch: row.arch,
      about,
      cells: [keys, row.call],
    };
    line.cells.push(errnoName(row.result));
    lines.set(`${row.arch} ${about}`, line);
  }
  return renderTable(
    [
      { title: "keys" },
      { title: "call" },
      ...places.map((title) => ({ title, align: "right" }) as const),
      { title: "on" },
    ],
    sameOnArchs([...lines.values()]),
  );
}

function placesLegend(): string {
  const width = Math.max(...wordPlaceNames.map((name) => name.length));
  return [
    "What each call answers, by what its word's address is. \"own\": the word holds the caller's number, else 0.",
    "-ETIMEDOUT: the call came to its sleep, whose end is past.",
    ...wordPlaceNames.map((name) => `${name.padEnd(width)}  ${wordPlaces[name]}`),
  ].join("\n");
}

function costsTable(costs: readonly PiCost[]): string {
  const figures = (group: string) =>
    [
      { title: "range checks", align: "right", group },
      { title: "guard opens", align: "right", group },
      { title: "instructions", align: "right", group },
      { title: "cycles", align: "right", group },
    ] as const;
  return renderTable(
    [
      { title: "arch" },
      ...figures("LOCK_PI, modelled"),
      ...figures("UNLOCK_PI, modelled"),
      { title: "both", align: "right", group: "real" },
    ],
    costs.map(({ arch, lock, unlock, nsBoth }) => [
      arch,
      ...figureCells(lock),
      ...figureCells(unlock),
      `${nsBoth.toFixed(0)} ns`,
    ]),
  );
}

function figureCells({
  rangeChecks,
  guardOpens,
  instructions,
  modelledCycles,
}: PiCost["lock"]): TableCell[] {
  return [rangeChecks, guardOpens, rounded(instructions), rounded(modelledCycles)];
}
