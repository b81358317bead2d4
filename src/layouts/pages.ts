import { wholeNumber, wrong, type Check } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";

/** Pages of an area by their numbers, counted from its first: single ones and [first, last] pairs, or all of them. */
export type PageList = "all" | readonly (number | readonly [number, number])[];

/** Pages `first` to `last`, both among them. */
export type PageRange = readonly [first: number, last: number];

/** More pages than an address space of 64 bits has. */
const MOST_PAGES = 2 ** 52;

/** A list by itself, whatever area it belongs to. */
export const checkPages: Check = (argument, value) => {
  if (value === "all") return;
  if (!Array.isArray(value)) throw wrong(argument, value, 'a list of page numbers, or "all"');
  for (const [index, entry] of value.entries()) checkEntry(`${argument}[${index}]`, entry);
};

function checkEntry(argument: string, entry: unknown): void {
  if (!Array.isArray(entry)) return void wholeNumber(argument, entry, 0, MOST_PAGES);
  if (entry.length !== 2) throw wrong(argument, entry, "a page number, or a first and a last one");
  wholeNumber(`${argument}[0]`, entry[0], 0, MOST_PAGES);
  wholeNumber(`${argument}[1]`, entry[1], entry[0] as number, MOST_PAGES);
}

/**
 * The pages in order, neighbours joined; each within the area's `pages`.
 * @param unit pages that come together: where one is in the list, all of its unit are
 */
export function pageRanges(
  argument: string,
  list: PageList,
  pages: number,
  unit: number,
): PageRange[] {
  if (list === "all") return [[0, pages - 1]];
  const ranges = list.map((entry): PageRange =>
    typeof entry === "number" ? [entry, entry] : entry,
  );
  const sorted = ranges.toSorted(([a], [b]) => a - b);
  const joined: PageRange[] = [];
  for (const [from, to] of sorted) {
    if (to >= pages) throw wrong(argument, to, `page numbers up to ${pages - 1}`);
    const first = from - (from % unit);
    const last = to - (to % unit) + unit - 1;
    const before = joined.at(-1);
    if (before === undefined || first > before[1] + 1) joined.push([first, last]);
    else joined.splice(-1, 1, [before[0], Math.max(before[1], last)]);
  }
  return joined;
}

/** "0-3,7" as a list. */
export function parsePages(argument: string, text: string): PageList {
  if (text === "all") return "all";
  return text.split(",").map((part) => {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part) ?? [];
    if (first === undefined) throw badList(argument, text);
    const pair = [Number(first), Number(last)] as const;
    if (pair[1] < pair[0]) throw badList(argument, text);
    return pair;
  });
}

function badList(argument: string, text: string): UsageError {
  return wrong(argument, text, "pages as in 0-3,7, or all");
}

export function pagesText(ranges: readonly PageRange[]): string {
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join();
}

/** How many pages. */
export function countPages(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}

/** The first page that stands in both lists, as pageRanges gives them; null if there is none. */
export function commonPage(a: readonly PageRange[], b: readonly PageRange[]): number | null {
  let next = 0;
  for (const [first, last] of a) {
    while (next < b.length && b[next]![1] < first) next++;
    const range = b[next];
    if (range !== undefined && range[0] <= last) return Math.max(first, range[0]);
  }
  return null;
}
