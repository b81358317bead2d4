/** The patterns of bytes that programs write and devices capture (test/golden/virtio-snd/README.md). */

import type { Fill } from "./steps.ts";

const RAMP_STEP = 7;
const RAMP_PAGE_STEP = 13;

/** `length` bytes of a pattern; zeros where none is named. */
export function fillBytes(
  { fill, value = 0, fill_period: period = 1 }: Fill,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(length);
  if (fill === "const") return bytes.fill(value);
  for (let i = 0; i < length; i++) {
    if (fill === "ramp") bytes[i] = i * RAMP_STEP + (i >> 8) * RAMP_PAGE_STEP + value;
    else if (fill === "period") bytes[i] = value + Math.floor(i / period);
  }
  return bytes;
}
