/** Builds HW_PARAMS requests. */

import { wholeNumber } from "../../../base/checks.ts";
import {
  imageBytes,
  intervalBytes,
  maskBytes,
  maskCount,
  offsetOf,
  param,
  firstInterval,
  lastMaskBit,
  paramCount,
  unlimited,
  type PcmAbi,
} from "./layout.ts";
import { integer } from "./interval.ts";

/** Single values for the parameters a program usually fixes; sizes in frames, rate in Hz. */
export interface FixedParams {
  readonly access: number;
  readonly format: number;
  readonly channels: number;
  readonly rate: number;
  readonly periodSize: number;
  readonly bufferSize: number;
  readonly flags: number;
}

/**
 * The bytes of a request that fixes these values and leaves every other parameter open.
 * Throws a UsageError for an access or format that no mask can hold.
 */
export function openRequest(fixed: FixedParams, abi: PcmAbi): Uint8Array {
  const image = new Uint8Array(imageBytes(abi));
  const view = new DataView(image.buffer);
  image.fill(0xff, offsetOf.masks, offsetOf.masks + maskCount * maskBytes);
  for (let k = firstInterval; k < paramCount; k++) {
    view.setUint32(intervalOffset(k) + 4, unlimited, true);
  }
  view.setUint32(offsetOf.flags, fixed.flags, true);
  view.setUint32(offsetOf.rmask, unlimited, true);
  view.setUint32(offsetOf.info, unlimited, true);
  fixMask(image, "access", fixed.access);
  fixMask(image, "format", fixed.format);
  fixInterval(view, param.channels, fixed.channels);
  fixInterval(view, param.rate, fixed.rate);
  fixInterval(view, param.periodSize, fixed.periodSize);
  fixInterval(view, param.bufferSize, fixed.bufferSize);
  return image;
}

function intervalOffset(k: number): number {
  return offsetOf.intervals + (k - firstInterval) * intervalBytes;
}

function fixMask(image: Uint8Array, name: "access" | "format", value: number): void {
  wholeNumber(name, value, 0, lastMaskBit);
  const start = offsetOf.masks + param[name] * maskBytes;
  image.fill(0, start, start + maskBytes);
  image[start + (value >>> 3)] = 1 << (value & 7);
}

function fixInterval(view: DataView, k: number, value: number): void {
  const at = intervalOffset(k);
  view.setUint32(at, value, true);
  view.setUint32(at + 4, value, true);
  view.setUint32(at + 8, integer, true);
}
