/** A process of a case as an onlooker sees it: mappings, page letters, and what it reads itself. */

import { pageLetter } from "../../inspector/index.ts";
import type { VmaBacking } from "../../machine/inspect.ts";
import { loadByProgram } from "../../machine/programAccess.ts";
import type { Task } from "../../machine/task.ts";
import { crc32, PAGE_BYTES } from "../base/content.ts";
import type { MappingView } from "./machine.ts";
import type { World } from "./world.ts";

/** The process's mappings as /proc/PID/maps lists them. */
export function mappingsOf(world: World, task: Task): MappingView[] {
  return task.vmas().map((vma) => ({
    start: vma.start,
    end: vma.end,
    permissions: vma.permissions,
    backing: backingNames[vma.backing] ?? `file${world.numberOf(vma.file)}`,
    pageOffset: vma.backing === "anonymous" ? 0n : vma.filePage,
  }));
}

/** What the recordings call a backing that is not told apart by its file. */
const backingNames: Partial<Record<VmaBacking, string>> = {
  anonymous: "anon",
  "shared anonymous": "shared-anon",
  secret: "secret",
  vdso: "[vdso]",
  vvar: "[vvar]",
  vvar_vclock: "[vvar_vclock]",
};

/** A letter for each page, from the page tables alone. */
export function lettersOf(task: Task, address: bigint, pages: number): string {
  let letters = "";
  for (let page = 0; page < pages; page++) {
    letters += pageLetter(task.pageState(address + BigInt(page * PAGE_BYTES)));
  }
  return letters;
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
