/** Sizes a leaf of the page tables can have, as the level it stands at. */
const levels = { "4K": 1, "2M": 2, "1G": 3 } as const;

export type PageSize = keyof typeof levels;

export const pageSizes = Object.keys(levels) as PageSize[];

/** A folio of that size has 2^order pages of 4 KiB. */
export function folioOrder(pageSize: PageSize): number {
  return (levelOf(pageSize) - 1) * 9;
}

export function levelOf(pageSize: PageSize): number {
  return levels[pageSize];
}
