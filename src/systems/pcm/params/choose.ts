/**
 * HW_PARAMS: narrowing a request to one configuration (kernel functions
 * snd_pcm_hw_params and snd_pcm_hw_params_choose, Linux 6.12). The state tests, the ring's memory
 * and the driver's callback are the caller's.
 */

import type { HwConstraints } from "./constraints.ts";
import { physicalWidth } from "./formats.ts";
import { parseImage, slotOf, writeImage, type HwParams } from "./hwParamsImage.ts";
import { nothingLeft } from "./interval.ts";
import { einval, flagNoPeriodWakeup, infoBit, maskCount, param, unlimited } from "./layout.ts";
import { refinePass, setOutputs } from "./refine.ts";

/** The configuration that HW_PARAMS settles on. Sizes in frames unless the name says bytes. */
export interface ChosenParams {
  readonly access: number;
  readonly format: number;
  readonly subformat: number;
  readonly channels: number;
  /** Hz. */
  readonly rate: number;
  readonly periodSize: number;
  readonly periods: number;
  readonly bufferSize: number;
  readonly bufferBytes: number;
  readonly info: number;
  readonly rateNum: number;
  readonly rateDen: number;
  /** Bits of a sample in memory. */
  readonly physWidth: number;
  readonly frameBits: number;
  /** Frames that fill whole bytes, and how many bytes they fill. */
  readonly minAlign: number;
  readonly byteAlign: number;
  readonly noPeriodWakeup: boolean;
}

/** Bytes to write back and what was chosen, or the error number. */
export type HwParamsResult =
  | { readonly errno: number; readonly image?: undefined; readonly chosen?: undefined }
  | { readonly errno: 0; readonly image: Uint8Array; readonly chosen: ChosenParams };

/** The order of the choice: a smaller period_time is worth more than a larger buffer. */
const choiceOrder = [
  param.access,
  param.format,
  param.subformat,
  param.channels,
  param.rate,
  param.periodTime,
  param.bufferSize,
  param.tickTime,
];

/**
 * Answers HW_PARAMS. `image` is the request as the program's door lays it out (608 or 604 bytes)
 * and is left alone; its rmask is ignored. Errors: EINVAL when no value is left or a choice stays
 * open.
 */
export function hwParams(image: Uint8Array, constraints: HwConstraints): HwParamsResult {
  const params = parseImage(image);
  params.rmask = unlimited;
  if (refinePass(params, constraints) === nothingLeft) return { errno: einval };
  for (const k of choiceOrder) {
    const errno = choose(params, k, constraints);
    if (errno !== 0) return { errno };
  }
  if (setOutputs(params, constraints) === nothingLeft) return { errno: einval };
  return { errno: 0, image: writeImage(params, image), chosen: chosenFrom(params) };
}

/** Settles parameter k; 0 or an error number. */
function choose(params: HwParams, k: number, constraints: HwConstraints): number {
  return k < maskCount ? chooseMask(params, k, constraints) : chooseEnd(params, k, constraints);
}

function chooseMask(params: HwParams, k: number, constraints: HwConstraints): number {
  if (!params.maskIsSingle(k)) {
    params.keepInMask(k, params.maskFirst(k));
    if (settle(params, k, constraints) === nothingLeft) return einval;
  }
  return params.maskIsSingle(k) ? 0 : einval;
}

function chooseEnd(params: HwParams, k: number, constraints: HwConstraints): number {
  const slot = slotOf(k);
  const { intervals } = params;
  if (!intervals.isSingle(slot)) {
    if (k === param.bufferSize) intervals.keepLargest(slot);
    else intervals.keepSmallest(slot);
    if (settle(params, k, constraints) === nothingLeft) return einval;
  }
  if (!intervals.isSingle(slot)) return einval;
  // The kernel hands the value on as a signed int, so a large one reads as an error number.
  const signed = intervals.value(slot) | 0;
  return signed < 0 ? -signed : 0;
}

function settle(params: HwParams, k: number, constraints: HwConstraints): number {
  params.markChanged(k);
  params.rmask = (1 << k) >>> 0;
  return refinePass(params, constraints);
}

function chosenFrom(params: HwParams): ChosenParams {
  const low = (k: number): number => params.intervals.min[slotOf(k)]!;
  const format = params.maskFirst(param.format);
  const physWidth = physicalWidth(format);
  const frameBits = physWidth * low(param.channels);
  const minAlign = wholeByteFrames(frameBits);
  return {
    access: params.maskFirst(param.access),
    format,
    subformat: params.maskFirst(param.subformat),
    channels: low(param.channels),
    rate: low(param.rate),
    periodSize: low(param.periodSize),
    periods: low(param.periods),
    bufferSize: low(param.bufferSize),
    bufferBytes: low(param.bufferBytes),
    info: params.info,
    rateNum: params.rateNum,
    rateDen: params.rateDen,
    physWidth,
    frameBits,
    minAlign,
    byteAlign: (frameBits * minAlign) / 8,
    noPeriodWakeup:
      (params.info & infoBit.noPeriodWakeup) !== 0 && (params.flags & flagNoPeriodWakeup) !== 0,
  };
}

/** The smallest power of two of frames that ends on a byte. */
function wholeByteFrames(frameBits: number): number {
  let frames = 1;
  while ((frameBits * frames) % 8 !== 0) frames *= 2;
  return frames;
}
