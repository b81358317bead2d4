import { hex } from "./hex.ts";
import type { MapsEntry } from "./maps.ts";
import type { MemoryUse, SmapsEntry } from "./smaps.ts";

/** Areas laid out as the kernel prints them (show_vma_header_prefix and show_smap, fs/proc/task_mmu.c, 6.18). */

/** Columns before a name: 25 and six a byte of the kernel's long (seq_pad in show_map_vma). */
const nameColumn = (wordBytes: number): number => 25 + 6 * wordBytes;

export function areasText(areas: readonly MapsEntry[], wordBytes: number): string {
  return areas.map((area) => areaLine(area, wordBytes)).join("\n");
}

function areaLine(area: MapsEntry, wordBytes: number): string {
  const { start, end, permissions, offset, inode, name } = area;
  const line = `${hex(start)}-${hex(end)} ${permissions} ${hex(offset)} 00:00 ${inode} `;
  return `${line.padEnd(nameColumn(wordBytes))}${name}`.trimEnd();
}

const fields: readonly (readonly [string, keyof MemoryUse])[] = [
  ["Rss", "rss"],
  ["Pss", "pss"],
  ["Pss_Dirty", "pssDirty"],
  ["Shared_Clean", "sharedClean"],
  ["Shared_Dirty", "sharedDirty"],
  ["Private_Clean", "privateClean"],
  ["Private_Dirty", "privateDirty"],
  ["Referenced", "referenced"],
  ["Anonymous", "anonymous"],
  ["AnonHugePages", "anonHugePages"],
  ["ShmemPmdMapped", "shmemPmdMapped"],
  ["FilePmdMapped", "filePmdMapped"],
  ["Shared_Hugetlb", "sharedHugetlb"],
  ["Private_Hugetlb", "privateHugetlb"],
  ["Locked", "locked"],
];

export function smapsText(areas: readonly SmapsEntry[], wordBytes: number): string {
  return areas
    .map((area) =>
      [
        areaLine(area, wordBytes),
        sizeLine("Size", area.size),
        ...fields.map(([title, name]) => sizeLine(title, area[name])),
        `VmFlags: ${area.vmFlags.join(" ")}`,
      ].join("\n"),
    )
    .join("\n");
}

/** "Rss:                  16 kB": title and colon in 16 columns, the number in 8. */
function sizeLine(title: string, bytes: number): string {
  return `${`${title}:`.padEnd(16)}${String(Math.floor(bytes / 1024)).padStart(8)} kB`;
}
