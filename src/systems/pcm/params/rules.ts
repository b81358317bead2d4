/**
 * The rules that tie the parameters together (kernel file
 * sound/core/pcm_native.c, Linux 6.12). Their order decides intermediate roundings.
 */

import { formatsByWidth, linearFormats } from "./formats.ts";
import { slotOf, workSlot, type HwParams } from "./hwParamsImage.ts";
import { integer, nothingLeft, type RefineResult } from "./interval.ts";
import { param, subformat } from "./layout.ts";

/** One rule: it runs when a parameter it depends on moved since it last ran. */
export interface Rule {
  /** Parameter that the rule narrows, or null: then a change moves no stamp. */
  readonly target: number | null;
  /** Parameters whose change makes the rule run. */
  readonly deps: readonly number[];
  /** Narrows the target; says changed, unchanged or nothingLeft. */
  readonly run: (params: HwParams) => RefineResult;
}

const {
  sampleBits,
  frameBits,
  channels,
  rate,
  periodTime,
  periodSize,
  periodBytes,
  periods,
  bufferTime,
  bufferSize,
  bufferBytes,
} = param;

const bitsPerByte = 8;
const microseconds = 1_000_000;

function arithmetic(
  target: number,
  deps: readonly number[],
  compute: (intervals: HwParams["intervals"]) => void,
): Rule {
  const slot = slotOf(target);
  return {
    target,
    deps,
    run: ({ intervals }) => {
      compute(intervals);
      return intervals.refine(slot, workSlot);
    },
  };
}

/** target = a · b */
function product(target: number, a: number, b: number): Rule {
  const [slotA, slotB] = [slotOf(a), slotOf(b)];
  return arithmetic(target, [a, b], (intervals) => intervals.mul(workSlot, slotA, slotB));
}

/** target = a / b */
function quotient(target: number, a: number, b: number): Rule {
  const [slotA, slotB] = [slotOf(a), slotOf(b)];
  return arithmetic(target, [a, b], (intervals) => intervals.div(workSlot, slotA, slotB));
}

/** target = a · b / k */
function scaledProduct(target: number, a: number, b: number, k: number): Rule {
  const [slotA, slotB] = [slotOf(a), slotOf(b)];
  return arithmetic(target, [a, b], (intervals) => intervals.mulDivK(workSlot, slotA, slotB, k));
}

/** target = a · k / b */
function scaledQuotient(target: number, a: number, k: number, b: number): Rule {
  const [slotA, slotB] = [slotOf(a), slotOf(b)];
  return arithmetic(target, [a, b], (intervals) => intervals.mulKDiv(workSlot, slotA, k, slotB));
}

/** Formats whose samples are as wide in memory as sample_bits allows (its open ends ignored). */
function refineFormats(params: HwParams): RefineResult {
  const slot = slotOf(sampleBits);
  const min = params.intervals.min[slot]!;
  const max = params.intervals.max[slot]!;
  let low = 0;
  let high = 0;
  for (const group of formatsByWidth) {
    if (group.physical >= min && group.physical <= max) continue;
    low |= group.low;
    high |= group.high;
  }
  return params.refineMask(param.format, ~low, ~high);
}

/** sample_bits between the narrowest and the widest format in the mask. */
function refineSampleBits(params: HwParams): RefineResult {
  let narrowest = 0;
  let widest = 0;
  for (const group of formatsByWidth) {
    const present =
      (params.maskLow(param.format) & group.low) | (params.maskHigh(param.format) & group.high);
    if (present === 0) continue;
    if (narrowest === 0) narrowest = group.physical;
    widest = group.physical;
  }
  if (narrowest === 0) return nothingLeft;
  return params.intervals.narrow(slotOf(sampleBits), narrowest, widest, integer);
}

/** Every device has these, and has them first. */
export const commonRules: readonly Rule[] = [
  { target: param.format, deps: [sampleBits], run: refineFormats },
  { target: sampleBits, deps: [param.format, sampleBits], run: refineSampleBits },
  quotient(sampleBits, frameBits, channels),
  product(frameBits, sampleBits, channels),
  scaledQuotient(frameBits, periodBytes, bitsPerByte, periodSize),
  scaledQuotient(frameBits, bufferBytes, bitsPerByte, bufferSize),
  quotient(channels, frameBits, sampleBits),
  scaledQuotient(rate, periodSize, microseconds, periodTime),
  scaledQuotient(rate, bufferSize, microseconds, bufferTime),
  quotient(periods, bufferSize, periodSize),
  quotient(periodSize, bufferSize, periods),
  scaledQuotient(periodSize, periodBytes, bitsPerByte, frameBits),
  scaledProduct(periodSize, periodTime, rate, microseconds),
  product(bufferSize, periodSize, periods),
  scaledQuotient(bufferSize, bufferBytes, bitsPerByte, frameBits),
  scaledProduct(bufferSize, bufferTime, rate, microseconds),
  scaledProduct(periodBytes, periodSize, frameBits, bitsPerByte),
  scaledProduct(bufferBytes, bufferSize, frameBits, bitsPerByte),
  scaledQuotient(periodTime, periodSize, microseconds, rate),
  scaledQuotient(bufferTime, bufferSize, microseconds, rate),
];

function refineSubformat(params: HwParams): RefineResult {
  const anyLinear =
    (params.maskLow(param.format) & linearFormats.low) |
    (params.maskHigh(param.format) & linearFormats.high);
  const allowed = (1 << subformat.std) | (anyLinear === 0 ? 0 : 1 << subformat.msbitsMax);
  return params.refineMask(param.subformat, allowed, 0);
}

/** Registered without a target, so that a change of the mask is not seen by anybody. */
export const subformatRule: Rule = {
  target: null,
  deps: [param.subformat, param.format],
  run: refineSubformat,
};

/** buffer_bytes no larger than the memory set aside for the ring. */
export function ringMemoryRule(maxBytes: number): Rule {
  return {
    target: bufferBytes,
    deps: [bufferBytes],
    run: ({ intervals }) => intervals.narrow(slotOf(bufferBytes), 0, maxBytes, integer),
  };
}

/** Parameter k between the smallest and the largest listed value that its interval contains. */
export function listRule(k: number, values: readonly number[]): Rule {
  const slot = slotOf(k);
  const sorted = values.toSorted((a, b) => a - b);
  return {
    target: k,
    deps: [k],
    run: ({ intervals }) => {
      const lowest = sorted.find((value) => intervals.contains(slot, value));
      const highest = sorted.findLast((value) => intervals.contains(slot, value));
      if (lowest === undefined || highest === undefined) return nothingLeft;
      return intervals.narrow(slot, lowest, highest, 0);
    },
  };
}

/** Parameter k between multiples of `step`. */
export function stepRule(k: number, step: number): Rule {
  return { target: k, deps: [k], run: ({ intervals }) => intervals.roundTo(slotOf(k), step) };
}

/** What the other end of a loopback cable leaves to choose. */
export interface CableLimits {
  formats: bigint;
  rateMin: number;
  rateMax: number;
  channelsMin: number;
  channelsMax: number;
}

/**
 * The loopback driver's own rules: format, rate and channels stay inside the limits of the
 * cable, which are asked for at every run because the other end may move them.
 */
export function cableRules(limits: () => CableLimits): readonly Rule[] {
  const narrow = (k: number, ends: (cable: CableLimits) => readonly [number, number]): Rule => ({
    target: k,
    deps: [k],
    run: ({ intervals }) => {
      const [min, max] = ends(limits());
      return intervals.narrow(slotOf(k), min, max, 0);
    },
  });
  return [
    { target: param.format, deps: [param.format], run: (p) => refineByFormats(p, limits()) },
    narrow(rate, (cable) => [cable.rateMin, cable.rateMax]),
    narrow(channels, (cable) => [cable.channelsMin, cable.channelsMax]),
  ];
}

function refineByFormats(params: HwParams, { formats }: CableLimits): RefineResult {
  const low = Number(BigInt.asUintN(32, formats));
  const high = Number(BigInt.asUintN(32, formats >> 32n));
  return params.refineMask(param.format, low, high);
}
