/** Sample formats and their widths (kernel file sound/core/pcm_misc.c). */

import { einval } from "./layout.ts";

interface FormatRow {
  readonly formats: readonly number[];
  /** Bits in memory. */
  readonly physical: number;
  /** Significant bits. */
  readonly width: number;
  readonly linear: boolean;
}

const linear = (formats: readonly number[], physical: number, width = physical): FormatRow => ({
  formats,
  physical,
  width,
  linear: true,
});

const other = (formats: readonly number[], physical: number, width = physical): FormatRow => ({
  formats,
  physical,
  width,
  linear: false,
});

/** Formats without a width (MPEG, GSM, special) and numbers that do not exist have no row. */
const formatRows: readonly FormatRow[] = [
  linear([0, 1], 8),
  linear([2, 3, 4, 5], 16),
  linear([6, 7, 8, 9], 32, 24),
  linear([10, 11, 12, 13], 32),
  other([14, 15], 32), // float
  other([16, 17], 64), // double
  other([18, 19], 32), // IEC958
  other([20, 21], 8), // mu-law, A-law
  other([22], 4), // IMA ADPCM
  linear([25, 26, 27, 28], 32, 20),
  linear([32, 33, 34, 35], 24),
  linear([36, 37, 38, 39], 24, 20),
  linear([40, 41, 42, 43], 24, 18),
  other([44], 3), // G.723, 24 kbit/s
  other([45], 8, 3),
  other([46], 5), // G.723, 40 kbit/s
  other([47], 8, 5),
  linear([48], 8), // DSD
  linear([49, 51], 16),
  linear([50, 52], 32),
];

/** Formats that fit the 64 bits of a mask that take part in negotiation. */
const formatCount = 64;

const physicalWidths = new Uint8Array(formatCount);
const widths = new Uint8Array(formatCount);

/** A set of formats, as the two words of a mask. */
export interface FormatSet {
  readonly low: number;
  readonly high: number;
}

function formatSet(formats: readonly number[]): FormatSet {
  let low = 0;
  let high = 0;
  for (const format of formats) {
    if (format < 32) low |= 1 << format;
    else high |= 1 << (format - 32);
  }
  return { low: low >>> 0, high: high >>> 0 };
}

for (const row of formatRows) {
  for (const format of row.formats) {
    physicalWidths[format] = row.physical;
    widths[format] = row.width;
  }
}

/** Every linear format. */
export const linearFormats: FormatSet = formatSet(
  formatRows.filter((row) => row.linear).flatMap((row) => row.formats),
);

/** Formats by physical width, narrowest first. */
export const formatsByWidth: readonly (FormatSet & { readonly physical: number })[] = [
  ...new Set(formatRows.map((row) => row.physical)),
]
  .sort((a, b) => a - b)
  .map((physical) => ({
    physical,
    ...formatSet(formatRows.filter((row) => row.physical === physical).flatMap((r) => r.formats)),
  }));

/** Bits of one sample in memory; 0 for a format without a width. */
export function physicalWidth(format: number): number {
  return physicalWidths[format] ?? 0;
}

/** Significant bits of one sample; minus EINVAL for a format without a width. */
export function significantWidth(format: number): number {
  return widths[format] || -einval;
}

export function isLinear(format: number): boolean {
  const word = format < 32 ? linearFormats.low : linearFormats.high;
  return format < formatCount && ((word >>> (format & 31)) & 1) !== 0;
}
