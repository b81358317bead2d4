import { flagNames, listNames, usualLeaf, type Area, type AreaFile } from "./area.ts";
import { PAGE } from "./check.ts";
import { pagesText } from "./pages.ts";

/** An area as a line of the text form. */
export function areaText({
  start,
  end,
  protection,
  kind,
  flags,
  file,
  leaf,
  access,
  lists,
}: Area): string {
  const place = `0x${start.toString(16)} ${lengthText(end - start)}`;
  if (kind === "hole") return `${place} hole`;
  return [
    place,
    protection === "---" ? "none" : protection.replaceAll("-", ""),
    kind,
    ...(file === null ? [] : fileWords(file)),
    ...flagNames.filter((flag) => flags.has(flag)),
    ...(leaf === usualLeaf(kind) ? [] : [`leaf=${leaf}`]),
    ...(access === 0 ? [] : [`access=${access}`]),
    ...listNames
      .filter((list) => lists[list].length > 0)
      .map((list) => `${list}=${pagesText(lists[list])}`),
  ].join(" ");
}

function lengthText(bytes: bigint): string {
  return `${bytes / PAGE}p`;
}

function fileWords({ name, size, offset, backing }: AreaFile): string[] {
  return [
    ...(name === null ? [] : [`file=${name}`]),
    `size=${size}`,
    ...(offset === 0n ? [] : [`offset=${lengthText(offset)}`]),
    ...(backing === "memfd" ? [] : [backing === "disk" ? "disk" : "read-only"]),
  ];
}
