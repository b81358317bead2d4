import { wrong } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import { shown } from "../base/shown.ts";
import type { Area, AreaDescription, AreaFile } from "./area.ts";
import { bad, checkArea, rangeText } from "./check.ts";
import { parseLine } from "./parse.ts";
import { areaText } from "./text.ts";

/** What a layout can be given as: its text form, or a description of each area. */
export type LayoutSource = string | readonly AreaDescription[];

/**
 * An address space to be: areas that do not overlap, each with what its pages are. Both forms come to this one.
 */
export class MemoryLayout {
  readonly areas: readonly Area[];

  /** @throws UsageError where areas overlap, or describe one file differently */
  constructor(areas: readonly Area[]) {
    checkOverlap(areas);
    checkFiles(areas);
    this.areas = Object.freeze(areas.map((area) => Object.freeze(area)));
  }

  /** The text form: parsed again it is the same layout. */
  get text(): string {
    return this.areas.map(areaText).join("\n");
  }
}

/**
 * Reads the text form of a layout, or a list of descriptions (docs/address-spaces.md).
 * @throws UsageError for areas that overlap, wrap, are not whole pages or contradict themselves, and for unknown
 *   words; it begins with the line, its number and its text, or with the place in the list
 */
export function parseLayout(source: LayoutSource): MemoryLayout {
  const areas = typeof source === "string" ? parseText(source) : parseList(source);
  if (areas.length > 0) return new MemoryLayout(areas);
  throw new UsageError({ argument: "layout", problem: "has no area", valid: "one at least" });
}

/** Lines end at line ends; a semicolon ends an area too, so that a shell's argument may hold several. */
function parseText(text: string): Area[] {
  return text.split("\n").flatMap((line, index) => {
    const words = line.replace(/#.*/, "").split(";");
    return words
      .map((part) => part.trim())
      .filter((part) => part !== "")
      .map((part) => {
        const name = `layout line ${index + 1} ${shown(part)}`;
        return checkArea(name, parseLine(name, part));
      });
  });
}

function parseList(list: readonly AreaDescription[]): Area[] {
  if (!Array.isArray(list)) throw wrong("layout", list, "a text, or a list of areas");
  return Array.from(list, (description: AreaDescription, index) =>
    checkArea(`layout[${index}]`, description),
  );
}

function checkOverlap(areas: readonly Area[]): void {
  const inOrder = areas.toSorted((a, b) => (a.start < b.start ? -1 : 1));
  inOrder.slice(1).forEach((area, index) => {
    const before = inOrder[index]!;
    if (area.start >= before.end) return;
    const isLater = areas.indexOf(area) > areas.indexOf(before);
    const [first, second] = isLater ? [before, area] : [area, before];
    const problem = `overlaps ${first.name}, which is ${rangeText(first)}`;
    throw bad(second.name, problem, "areas that do not overlap");
  });
}

/** Areas that name one file mean one file. */
function checkFiles(areas: readonly Area[]): void {
  const known = new Map<string, { file: AreaFile; leaf: string }>();
  for (const { name, file, leaf } of areas) {
    if (file === null || file.name === null) continue;
    const first = known.get(file.name);
    if (first === undefined) known.set(file.name, { file, leaf });
    else if (!sameFile(first.file, file) || first.leaf !== leaf) {
      throw bad(
        name,
        `describes file ${file.name} otherwise than an area before it`,
        `size=${first.file.size}, ${first.file.backing}, leaf ${first.leaf}`,
      );
    }
  }
}

function sameFile(a: AreaFile, b: AreaFile): boolean {
  return a.size === b.size && a.backing === b.backing;
}
