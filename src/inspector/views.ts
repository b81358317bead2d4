import { oneOf } from "../base/nearest.ts";
import { madeTask, type Task } from "../machine/task.ts";
import { mapsOf, type MapsEntry } from "./maps.ts";
import { pagemapRuns, type PagemapRun } from "./pagemapRuns.ts";
import { pageTablesOf, type PageTable } from "./pageTables.ts";
import { smapsOf, type SmapsEntry } from "./smaps.ts";
import { areasText, smapsText } from "./areasText.ts";
import { pagemapText } from "./pagemapText.ts";
import { tablesText } from "./tablesText.ts";

/** The ways to look at an address space. */
export const memoryViews = {
  maps: "its areas, as /proc/PID/maps",
  smaps: "its areas and what is resident of each, as /proc/PID/smaps",
  tables: "its page tables, level by level",
  pagemap: "the bits of /proc/PID/pagemap",
} as const;

export type MemoryView = keyof typeof memoryViews;

export const memoryViewNames = Object.keys(memoryViews) as MemoryView[];

/** What a view shows. */
export type MemoryPicture =
  | { readonly view: "maps"; readonly areas: readonly MapsEntry[] }
  | { readonly view: "smaps"; readonly areas: readonly SmapsEntry[] }
  | { readonly view: "tables"; readonly root: PageTable | null }
  | { readonly view: "pagemap"; readonly runs: readonly PagemapRun[] };

export function pictureOf(task: Task, view: MemoryView): MemoryPicture {
  switch (view) {
    case "maps":
      return { view, areas: mapsOf(task) };
    case "smaps":
      return { view, areas: smapsOf(task) };
    case "tables":
      return { view, root: pageTablesOf(task) };
    case "pagemap":
      return { view, runs: pagemapRuns(task) };
  }
}

/** A picture for a reader. @param wordBytes of the kernel's long, by which /proc/PID/maps aligns its names */
export function pictureText(picture: MemoryPicture, wordBytes: number): string {
  switch (picture.view) {
    case "maps":
      return areasText(picture.areas, wordBytes);
    case "smaps":
      return smapsText(picture.areas, wordBytes);
    case "tables":
      return tablesText(picture.root);
    case "pagemap":
      return pagemapText(picture.runs);
  }
}

/** An address space as text; "" where a zombie has none. Asking changes nothing. */
export function memoryText(task: Task, view: MemoryView): string {
  madeTask("task", task);
  const name = oneOf("view", view, memoryViewNames);
  return pictureText(pictureOf(task, name), task.machine.wordBytes);
}
