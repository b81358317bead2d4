import { whole } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";
import { storeByProgram } from "../machine/programAccess.ts";
import type { Task } from "../machine/task.ts";

/** Pages for the scenarios of futex words: what can be wrong with the page that a word lies on. */

export const wordPages = {
  present: "mapped to read and write, and there",
  absent: "mapped to read and write, never touched: its words are 0",
  "read-only": "there, but mapped to be read only",
  "no-access": "there, but mapped without any right",
  unmapped: "no mapping",
} as const;

export type WordPage = keyof typeof wordPages;

export const wordPageNames = Object.keys(wordPages) as WordPage[];

/** Where the words lie: each on a page of its own. */
export const FIRST_WORD = 0x1000_0000;
export const SECOND_WORD = 0x1000_2000;

const PAGE_BYTES = 4096;

/** A 32-bit word as the command and the library take it. */
export const unsignedWord = whole(0, 2 ** 32 - 1);

/** Maps the page of a word and stores it, as far as the page has a content at all. */
export function placeWord(task: Task, at: number, page: WordPage, value: number): void {
  if (page === "unmapped") return;
  const mapping = task.map({ at, length: PAGE_BYTES });
  if (page === "absent") return;
  storeWord(task, at, value);
  if (page === "read-only") mapping.protect("r");
  if (page === "no-access") mapping.protect("none");
}

/** The program stores a word. @throws FaultlineError "no-memory" when RAM is full */
export function storeWord(task: Task, at: number, value: number): void {
  const bytes = new Uint8Array(Uint32Array.of(value).buffer);
  if (storeByProgram(task, BigInt(at), bytes) === null) return;
  throw new FaultlineError("no-memory", "RAM is full: no page for a futex word");
}

/** A word as it stands in memory; null where no page is present. Asking changes nothing. */
export function wordAt(task: Task, at: number): number | null {
  const linear = task.linearOf(at);
  return linear === null ? null : task.machine.words[linear >>> 2]!;
}
