import type { Cell, Goal } from "./cells.ts";
import type { Result } from "./harness.ts";

/** Peers nearer to one another than this cannot be told apart on a shared machine. */
const SAME = 0.15;
/** Whose figures the goals are for. */
const OURS = "faultline";
/** On a figure that has a note. */
const MARK = "*";

/** A cell with what was measured in it. */
export interface MeasuredCell {
  readonly cell: Cell;
  readonly results: readonly Result[];
  /** Where a peer's work is not quite the cell's, by the peer's name. */
  readonly notes: ReadonlyMap<string, string>;
}

const UNITS: readonly (readonly [number, string])[] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e4, "µs"],
];

/** Nanoseconds with three digits that mean something and a unit. */
export function formatTime(ns: number): string {
  const [least, unit] = UNITS.find(([from]) => ns >= from) ?? [1, "ns"];
  const value = ns / (unit === "µs" ? 1e3 : least);
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${unit}`;
}

/** How `a` stands to `b`, both in nanoseconds: "same", "2.0x faster" or "1.5x slower". */
export function compareTimes(a: number, b: number): string {
  const slower = a >= b;
  const factor = slower ? a / b : b / a;
  if (factor < 1 + SAME) return "same";
  return `${factor.toFixed(1)}x ${slower ? "slower" : "faster"}`;
}

function formatGoal(goal: Goal | undefined): string {
  if (goal === undefined) return "";
  const one = (value: number) => (goal.kind === "ns" ? formatTime(value) : `${value}x`);
  const stretch = goal.stretch === undefined ? "" : ` [${one(goal.stretch)}]`;
  return `<= ${one(goal.target)}${stretch}`;
}

function formatResult({ nsPerOp, ratio }: Result): string {
  const time = formatTime(nsPerOp.median);
  return ratio === undefined ? time : `${time} (${ratio.median.toFixed(2)}x)`;
}

/** Whether our own figure reaches its goal; empty where there is nothing to judge. */
function verdict({ goal }: Cell, ours: Result | undefined): string {
  const reached = goal?.kind === "ns" ? ours?.nsPerOp.median : ours?.ratio?.median;
  if (goal === undefined || reached === undefined) return "";
  if (reached > goal.target) return "missed";
  return goal.stretch !== undefined && reached <= goal.stretch ? "met, stretch too" : "met";
}

function row({ cell, results, notes }: MeasuredCell, peers: readonly string[]): string[] {
  const byPeer = new Map(results.map((result) => [result.peer, result]));
  const ours = byPeer.get(OURS);
  const js = byPeer.get("js");
  const figures = peers.map((peer) => {
    const result = byPeer.get(peer);
    if (result === undefined) return "";
    return notes.has(peer) ? `${formatResult(result)} ${MARK}` : formatResult(result);
  });
  const against =
    ours === undefined || js === undefined
      ? ""
      : compareTimes(ours.nsPerOp.median, js.nsPerOp.median);
  const name = `${cell.work} ${cell.variant}`;
  return [name, cell.title, ...figures, formatGoal(cell.goal), verdict(cell, ours), against];
}

/** Text columns: the first two to the left, the rest to the right. */
export function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]!.length)),
  );
  const pad = (text: string, column: number) =>
    column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!);
  return rows.map((cells) => cells.map(pad).join("  ").trimEnd()).join("\n");
}

/** What the marks stand for: each note once, with the cells that it is about; a blank line at the end. */
export function formatNotes(cells: readonly MeasuredCell[]): string[] {
  const about = new Map<string, string[]>();
  for (const { cell, results, notes } of cells) {
    for (const { peer } of results) {
      const note = notes.get(peer);
      if (note === undefined) continue;
      const line = `${peer}: ${note}`;
      about.set(line, [...(about.get(line) ?? []), `${cell.work} ${cell.variant}`]);
    }
  }
  const lines = [...about].map(([note, ids]) => `${MARK} ${note} (${ids.join(", ")})`);
  return lines.length === 0 ? [] : [...lines, ""];
}

/** One line a cell: each peer's median (and its ratio to the limit), our goal, and how we stand to it. */
export function formatTable(cells: readonly MeasuredCell[]): string {
  const peers = [...new Set(cells.flatMap(({ results }) => results.map(({ peer }) => peer)))];
  const tail = [`${OURS}'s goal`, "reached", `${OURS} against js`];
  return align([["work", "", ...peers, ...tail], ...cells.map((cell) => row(cell, peers))]);
}
