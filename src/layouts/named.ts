import { oneOf } from "../base/nearest.ts";
import { parseLayout, type MemoryLayout } from "./layout.ts";

/** Address spaces that come with names, each about one way that a page can be. */
export const namedLayouts = [
  {
    name: "resident",
    summary: "anonymous memory, every page written to",
    text: "0x10000000 256p rw anon touched=all",
  },
  {
    name: "absent",
    summary: "anonymous memory that nobody has touched",
    text: "0x10000000 256p rw anon",
  },
  {
    name: "zero",
    summary: "anonymous memory that was only read: the zero page",
    text: "0x10000000 256p rw anon zero=all",
  },
  {
    name: "alternating",
    summary: "every other page absent",
    text: `0x10000000 64p rw anon touched=${Array.from({ length: 32 }, (_, page) => 2 * page).join()}`,
  },
  {
    name: "huge",
    summary: "anonymous memory in leaves of 2 MiB",
    text: "0x10000000 2M rw anon thp touched=0",
  },
  {
    name: "many-areas",
    summary: "an area for each page, with and without the right to write",
    text: Array.from({ length: 64 }, (_, page) => {
      const at = 0x10000000 + page * 0x1000;
      return `0x${at.toString(16)} 1p ${page % 2 === 0 ? "rw" : "r"} anon touched=all`;
    }).join("\n"),
  },
  {
    name: "cow",
    summary: "pages shared with a child since a fork",
    text: "0x10000000 256p rw anon cow=all",
  },
  {
    name: "file",
    summary: "a private file: read, stored to, and past its end",
    text: "0x10000000 16p rw file size=50000 touched=0-3 dirty=4-7",
  },
  {
    name: "shared",
    summary: "shared anonymous memory behind a shared file",
    text: "0x10000000 16p rw file shared touched=all\n0x10010000 16p rw shared touched=all",
  },
  {
    name: "rights",
    summary: "read-only, write-only, execute-only and no right at all",
    text: `0x10000000 4p r anon touched=all
0x10004000 4p w anon touched=all
0x10008000 4p x anon touched=all
0x1000c000 4p none anon touched=all`,
  },
  {
    name: "holes",
    summary: "resident pages, then a hole, then more",
    text: "0x10000000 4p rw anon touched=all\n0x10004000 4p hole\n0x10008000 4p rw anon touched=all",
  },
  {
    name: "guards",
    summary: "guard markers among resident pages",
    text: "0x10000000 16p rw anon touched=0-7 guard=8-11",
  },
  {
    name: "secret",
    summary: "memory that the kernel has not mapped, behind ordinary memory",
    text: "0x10000000 4p rw anon touched=all\n0x10004000 4p rw secret touched=all",
  },
  {
    name: "hugetlb",
    summary: "pages of 2 MiB from a pool",
    text: "0x10000000 4M rw hugetlb touched=0",
  },
  {
    name: "device",
    summary: "memory of a device whose driver has an ->access, then of one that has none",
    text: "0x10000000 4p rw device access=4096 dirty=all\n0x10004000 4p rw device",
  },
  {
    name: "stack",
    summary: "a stack that can grow down, above a hole",
    text: "0x10000000 16p hole\n0x10010000 16p rw stack touched=all",
  },
] as const satisfies readonly { name: string; summary: string; text: string }[];

export type LayoutName = (typeof namedLayouts)[number]["name"];

export const layoutNames: readonly LayoutName[] = namedLayouts.map(({ name }) => name);

/** A layout that comes with a name. @throws UsageError for another name */
export function namedLayout(name: LayoutName): MemoryLayout {
  const known = oneOf("name", name, layoutNames);
  return parseLayout(namedLayouts.find((layout) => layout.name === known)!.text);
}
