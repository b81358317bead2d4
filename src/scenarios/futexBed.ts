import { whole } from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import { storeByProgram } from "../machine/programAccess.ts";
import type { Task } from "../machine/task.ts";

/** Pages for the scenarios of futex words: what can be wrong with the page that a word lies on. */

export const wordPages = {
  present: "mapped to read and write, and there",
  absent: "mapped to read and write, not there: its words are 0",
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

/** Maps a page to read and write, stores the word, and lets the page become what it shall be. */
export function placeWord(task: Task, at: number, page: WordPage, value: number): void {
  task.map({ at, length: PAGE_BYTES });
  storeWord(task, at, value);
  spoilPage(task, at, page);
}

/** Makes a page that is present another kind. */
export function spoilPage(task: Task, at: number, page: WordPage): void {
  if (page === "absent") task.advise(at, PAGE_BYTES, "dontneed");
  if (page === "read-only") task.protect(at, PAGE_BYTES, "r");
  if (page === "no-access") task.protect(at, PAGE_BYTES, "none");
  if (page === "unmapped") task.unmap(at, PAGE_BYTES);
}

/** Lets the page be there again, to read and write: with its content, unless nothing was mapped. */
export function restorePage(task: Task, at: number): void {
  if (task.protect(at, PAGE_BYTES, "rw") !== 0) task.map({ at, length: PAGE_BYTES });
  task.touch(at, "write");
}

/** The content of a word on such a page. @throws UsageError for one that is given where there is none */
export function contentOn(
  page: WordPage,
  argument: string,
  value: number | undefined,
  usual: number,
): number {
  if (page !== "absent" && page !== "unmapped") return value ?? usual;
  if (value === undefined) return 0;
  const problem = `is given for a page that is ${page}`;
  throw new UsageError({ argument, problem, valid: "a value on a page that is there" });
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
