/** A middle value and the quartiles around it. */
export interface Summary {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/** The value below which the share `q` (0 to 1) of the ascending `sorted` lies, interpolated. */
function quantile(sorted: readonly number[], q: number): number {
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return below + (above - below) * (place - Math.floor(place));
}

/** Median and quartiles of `values`, in any order. Throws a RangeError when there are none. */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError("values: nothing to summarize, need at least one");
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    lower: quantile(sorted, 0.25),
    upper: quantile(sorted, 0.75),
  };
}
