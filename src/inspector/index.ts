/** Looking at an address space without touching it. */

export { letterMeanings, pageLetter } from "./letters.ts";
export { mapsOf, type MapsEntry } from "./maps.ts";
export { pagemapOf, type PagemapPage } from "./pagemap.ts";
export type { PagemapRun } from "./pagemapRuns.ts";
export {
  pageTablesOf,
  type EntryFlag,
  type PageTable,
  type PageTableEntry,
  type TableName,
} from "./pageTables.ts";
export { smapsOf, type MemoryUse, type SmapsEntry } from "./smaps.ts";
export {
  memoryText,
  memoryViewNames,
  memoryViews,
  pictureOf,
  pictureText,
  type MemoryPicture,
  type MemoryView,
} from "./views.ts";
