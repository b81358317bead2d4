/** Readable requests and answers for the negotiation tests. */

import {
  constraintsFor,
  type DriverConstraints,
  imageBytes,
  parseImage,
  slotOf,
  type HwConstraints,
  type WordBytes,
  type PcmDeviceLimits,
} from "../../../../src/systems/pcm/params/index.ts";
import {
  intervalBytes,
  offsetOf,
  param,
  unlimited,
} from "../../../../src/systems/pcm/params/layout.ts";

export type ParamName = keyof typeof param;

export interface RequestOptions {
  readonly word?: WordBytes;
  readonly rmask?: number;
  /** Values of a mask parameter; the masks not named are all ones. */
  readonly masks?: Partial<Record<ParamName, readonly number[]>>;
  /** [min, max, bits]; the intervals not named are [0, unlimited]. */
  readonly intervals?: Partial<Record<ParamName, readonly [number, number, number]>>;
}

/** A request that leaves everything open but what is named. */
export function request(options: RequestOptions = {}): Uint8Array {
  const image = new Uint8Array(imageBytes(options.word ?? 8));
  const view = new DataView(image.buffer);
  image.fill(0xff, offsetOf.masks, offsetOf.masks + 96);
  for (let slot = 0; slot < 12; slot++) {
    view.setUint32(offsetOf.intervals + slot * intervalBytes + 4, unlimited, true);
  }
  for (const [name, values] of Object.entries(options.masks ?? {})) {
    const start = offsetOf.masks + 32 * param[name as ParamName];
    image.fill(0, start, start + 32);
    for (const value of values) image[start + (value >>> 3)]! |= 1 << (value & 7);
  }
  for (const [name, words] of Object.entries(options.intervals ?? {})) {
    const start = offsetOf.intervals + intervalBytes * slotOf(param[name as ParamName]);
    words.forEach((word, i) => view.setUint32(start + 4 * i, word, true));
  }
  view.setUint32(offsetOf.rmask, options.rmask ?? unlimited, true);
  return image;
}

/** An interval as text: "[4, 2048]", "(5, 11610)", with "int" when it is an integer. */
export function intervalText(image: Uint8Array, name: ParamName): string {
  const { intervals } = parseImage(image);
  const slot = slotOf(param[name]);
  const bits = intervals.bits[slot]!;
  const open = (bits & 1) !== 0 ? "(" : "[";
  const close = (bits & 2) !== 0 ? ")" : "]";
  const whole = (bits & 4) !== 0 ? " int" : "";
  return `${open}${intervals.min[slot]}, ${intervals.max[slot]}${close}${whole}`;
}

/** Constraints of a device that can be opened. */
export function constraintsOf(limits: PcmDeviceLimits, driver?: DriverConstraints): HwConstraints {
  const result = constraintsFor(limits, driver);
  if (result.constraints === undefined) {
    throw new Error(`the device cannot be opened: ${result.errno}`);
  }
  return result.constraints;
}
