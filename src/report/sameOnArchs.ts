import type { TableCell } from "./table.ts";

/** A row of one architecture's, and what it is about: the part of it that is asked for rather than found. */
export interface ArchRow {
  readonly arch: string;
  readonly about: string;
  readonly cells: readonly TableCell[];
}

/**
 * Architectures on which the same comes of it share a row, which names them in a last cell. Rows about one thing stand
 * together, in the order of the first architecture's.
 */
export function sameOnArchs(rows: readonly ArchRow[]): TableCell[][] {
  const groups = new Map<string, { first: ArchRow; archs: string[] }>();
  for (const row of rows) {
    const key = row.cells.join();
    const group = groups.get(key) ?? { first: row, archs: [] };
    group.archs.push(row.arch);
    groups.set(key, group);
  }
  const place = ({ first }: { first: ArchRow }): number =>
    rows.findIndex(({ about }) => about === first.about);
  const compared = [...new Set(rows.map(({ arch }) => arch))];
  return [...groups.values()]
    .sort((a, b) => place(a) - place(b))
    .map(({ first, archs }) => [...first.cells, placesText(compared, archs)]);
}

/** The shorter of which architectures, and all but which. */
function placesText(compared: readonly string[], archs: readonly string[]): string {
  const others = compared.filter((arch) => !archs.includes(arch));
  if (others.length >= archs.length || compared.length === 1) return archs.join(", ");
  return others.length === 0 ? `all ${compared.length}` : `all but ${others.join(", ")}`;
}
