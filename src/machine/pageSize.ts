/** Sizes a leaf of the page tables can have, as the level it stands at. */
const levels = { "4K": 1, "2M": 2, "1G": 3 } as const;

export type PageSize = keyof typeof levels;

export const pageSizes = Object.keys(levels) as PageSize[];

export function levelOf(pageSize: PageSize): number {
  return levels[pageSize];
}
