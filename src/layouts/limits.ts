import { sizeText } from "../base/sizes.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import type { Machine } from "../machine/machine.ts";
import type { Area, AreaFile } from "./area.ts";
import { bad, PAGE, rangeText } from "./check.ts";
import type { MemoryLayout } from "./layout.ts";
import { countPages } from "./pages.ts";

/** What a machine can have at all, looked at before anything is built. */

const pageBytes = Number(PAGE);

/** Where a program of the machine can have mappings at all, and with which leaves. */
export function checkLimits(machine: Machine, layout: MemoryLayout): void {
  const profile = machine.exports.profileAddress();
  const limit = machine.wideAt(profile + machine.constant("PROFILE_TASK_LIMIT"));
  const levels = machine.words[(profile + machine.constant("PROFILE_LEVELS")) >>> 2]!;
  for (const area of layout.areas) {
    if (area.end > limit) {
      const valid = `addresses up to 0x${limit.toString(16)} on ${machine.arch}`;
      throw bad(area.name, `lies beyond what a program can have: ${rangeText(area)}`, valid);
    }
    const isLarge = area.leaf !== "4K" || area.flags.has("thp");
    if (levels <= 2 && isLarge) {
      throw bad(area.name, `has large leaves on ${machine.arch}`, "small pages");
    }
  }
}

/** What the pages take at least: tables and records come on top. */
export function checkRam(machine: Machine, layout: MemoryLayout): void {
  const free = machine.shape.ramBytes - machine.framesInUse * pageBytes;
  const files = new Set<string>();
  let needed = 0;
  for (const area of layout.areas) {
    needed += bytesOf(area, files);
    if (needed <= free) continue;
    const problem = `exceeds RAM: the layout up to here has ${sizeText(needed)} of pages`;
    throw bad(area.name, problem, roomText(free, machine.shape.ramBytes, needed));
  }
}

/** What would do: fewer pages, and more RAM only where a machine can have so much. */
function roomText(free: number, ramBytes: number, needed: number): string {
  const room = `up to ${sizeText(free)}, which the machine's ${sizeText(ramBytes)} have free`;
  if (needed >= coreConstants.MAX_RAM) return room;
  return `${room}, or more memory (the machine's option, --memory in the command)`;
}

/** Pages of its own, and those of a file that no area before it has named; a pool tells by itself what it lacks. */
function bytesOf({ kind, file, leaf, lists }: Area, files: Set<string>): number {
  if (kind === "hugetlb") return 0;
  const { touched, dirty, cow } = lists;
  const ranges = kind === "file" ? [cow] : [touched, dirty, cow];
  const pages = ranges.reduce((sum, list) => sum + countPages(list), 0);
  return pages * pageBytes + (leaf === "4K" ? fileBytes(file, files) : 0);
}

function fileBytes(file: AreaFile | null, files: Set<string>): number {
  if (file === null || (file.name !== null && files.has(file.name))) return 0;
  if (file.name !== null) files.add(file.name);
  return Math.ceil(Number(file.size) / pageBytes) * pageBytes;
}
