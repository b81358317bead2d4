/** A process of a case as an onlooker sees it: mappings, page letters, and what it reads itself. */

import type { Machine } from "../machine/machine.ts";
import type { VmaView } from "../machine/inspect.ts";
import { loadByProgram } from "../machine/programAccess.ts";
import type { Task } from "../machine/task.ts";
import { crc32, PAGE_BYTES } from "./content.ts";
import type { MappingView } from "./remoteVmMachine.ts";
import type { World } from "./remoteVmWorld.ts";

/** The process's mappings as /proc/PID/maps lists them. */
export function mappingsOf(world: World, task: Task): MappingView[] {
  return task.vmas().map((vma) => ({
    start: vma.start,
    end: vma.end,
    permissions: permissionsOf(task.machine, vma.flags),
    backing: backingOf(world, vma),
    pageOffset: vma.file === 0 ? 0n : vma.filePage,
  }));
}

function permissionsOf(machine: Machine, flags: number): string {
  const letter = (name: "VM_READ" | "VM_WRITE" | "VM_EXEC", set: string): string =>
    (flags & machine.constant(name)) === 0 ? "-" : set;
  const kind = (flags & machine.constant("VM_MAYSHARE")) === 0 ? "p" : "s";
  return letter("VM_READ", "r") + letter("VM_WRITE", "w") + letter("VM_EXEC", "x") + kind;
}

function backingOf(world: World, { file }: VmaView): string {
  if (file === 0) return "anon";
  const number = world.files.findIndex((candidate) => candidate.handleOn(world.machine) === file);
  return number < 0 ? "shared-anon" : `file${number}`;
}

/** A letter for each page, from the page tables alone. */
export function lettersOf(task: Task, address: bigint, pages: number): string {
  let letters = "";
  for (let page = 0; page < pages; page++) {
    letters += letterOf(task, address + BigInt(page * PAGE_BYTES));
  }
  return letters;
}

const PAGE_SHIFT = 12n;
const FRAME_MASK = (1n << 40n) - 1n;
const PRESENT = 1n;
const PROTNONE = 1n << 8n;
const SPECIAL = 1n << 9n;

function letterOf(task: Task, at: bigint): string {
  const { machine } = task;
  const { entry, level } = task.entryOf(at);
  if (entry === 0n) return ".";
  if ((entry & (PRESENT | PROTNONE)) === 0n) return "G";
  if ((entry & SPECIAL) !== 0n) return level > 1 ? "z" : "Z";
  const pfn = Number((entry >> PAGE_SHIFT) & FRAME_MASK);
  const frame = machine.header("HEADER_FRAMES") + pfn * machine.constant("FRAME_BYTES");
  const kind = machine.bytes[frame + machine.constant("FRAME_KIND")]!;
  if (kind === machine.constant("FRAME_FILE")) return "F";
  return machine.words[(frame + machine.constant("FRAME_MAPCOUNT")) >>> 2] === 1 ? "A" : "a";
}

/** A word for each page, as the process itself reads it page by page. */
export function checksumsOf(task: Task, address: bigint, pages: number): string {
  const mapped = task.vmas();
  const words: string[] = [];
  for (let page = 0; page < pages; page++) {
    const at = address + BigInt(page * PAGE_BYTES);
    const isMapped = mapped.some(({ start, end }) => start <= at && at < end);
    words.push(isMapped ? checksumOf(task, at) : "-");
  }
  return words.join(" ");
}

function checksumOf(task: Task, at: bigint): string {
  const first = readPage(task, at);
  if (first !== "SIGSEGV") return first === "SIGBUS" ? "BUS" : first;
  if (task.protect(at, PAGE_BYTES, "r") !== 0) return "!-";
  const second = readPage(task, at);
  if (second === "SIGSEGV") return "!SEGV";
  return second === "SIGBUS" ? "!BUS" : `!${second}`;
}

const pageBytes = new Uint8Array(PAGE_BYTES);

/** The checksum of a page as a program reads it, or the signal that it gets. */
function readPage(task: Task, at: bigint): string {
  return loadByProgram(task, at, pageBytes) ?? crc32(pageBytes);
}
