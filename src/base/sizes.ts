/** The letters that a size may end with, and what each stands for. */
export const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  K: 1024,
  M: 1024 ** 2,
  G: 1024 ** 3,
};

/** A number of bytes as options take it, in the largest unit that it is a whole number of: 64M, 65532K, 4097. */
export function sizeText(bytes: number | bigint): string {
  const largest = Object.entries(unitBytes).toReversed();
  const [unit, size] = largest.find(([, size]) => Number(bytes) % size === 0)!;
  return `${Number(bytes) / size}${unit}`;
}
