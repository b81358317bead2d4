import { hex } from "./hex.ts";
import type { PageTable, PageTableEntry } from "./pageTables.ts";

/** Neighbouring leaves or markers that differ in nothing but their places. */
interface Run {
  readonly first: PageTableEntry;
  readonly last: PageTableEntry;
}

/** Tables inside one another; "" for none. Leaves in a row that name frames in a row, or all the same one, are a line. */
export function tablesText(root: PageTable | null): string {
  return root === null ? "" : tableLines(root, "").join("\n");
}

function tableLines(table: PageTable, indent: string): string[] {
  return [
    `${indent}${table.name}, frame ${table.frame}, ${table.entries.length} in use`,
    ...runsOf(table.entries).flatMap((run) => runLines(run, `${indent}  `)),
  ];
}

function runsOf(entries: readonly PageTableEntry[]): Run[] {
  const runs: Run[] = [];
  for (const entry of entries) {
    const run = runs.at(-1);
    if (run !== undefined && continues(run, entry)) {
      runs[runs.length - 1] = { first: run.first, last: entry };
    } else runs.push({ first: entry, last: entry });
  }
  return runs;
}

function continues({ first, last }: Run, next: PageTableEntry): boolean {
  if (next.kind === "table" || next.kind !== last.kind || next.start !== last.end) return false;
  if (kindText(next) !== kindText(last)) return false;
  return next.frame === null || framesContinue(first, last, next);
}

function framesContinue(
  first: PageTableEntry,
  last: PageTableEntry,
  next: PageTableEntry,
): boolean {
  if (first !== last && first.frame === last.frame) return next.frame === last.frame;
  if (first === last && next.frame === last.frame) return true;
  return next.frame === last.frame! + last.pages;
}

function runLines({ first, last }: Run, indent: string): string[] {
  const places = first === last ? `${first.index}` : `${first.index}-${last.index}`;
  const frames = first.frame === null ? "" : framesText(first, last);
  const line = `${indent}[${places}] ${hex(first.start)}-${hex(last.end)} ${kindText(first)}${frames}`;
  return [line, ...(first.table === null ? [] : tableLines(first.table, `${indent}  `))];
}

/** What runs have in common. */
function kindText({ kind, flags, protectionKey, start, end }: PageTableEntry): string {
  if (kind === "guard") return "guard marker";
  const size = kind === "leaf" ? ` of ${sizeText(end - start)}` : "";
  const key = protectionKey === 0 ? "" : ` key ${protectionKey}`;
  return `${kind}${size}: ${flags.join(" ")}${key}`;
}

function framesText(first: PageTableEntry, last: PageTableEntry): string {
  if (first.kind === "table") return "";
  const lastFrame = last.frame! + last.pages - 1;
  const isOneFrame = first.frame === lastFrame || (first !== last && first.frame === last.frame);
  return isOneFrame ? `, frame ${first.frame}` : `, frames ${first.frame}-${lastFrame}`;
}

function sizeText(bytes: bigint): string {
  if (bytes >= 1n << 30n) return `${bytes >> 30n}G`;
  return bytes >= 1n << 20n ? `${bytes >> 20n}M` : `${bytes >> 10n}K`;
}
