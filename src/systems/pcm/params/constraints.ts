/** What a device allows, as negotiation uses it: built at open, fixed until close. */

import type { PcmDeviceLimits } from "./devices.ts";
import { slotOf } from "./hwParamsImage.ts";
import { integer, IntervalSet, nothingLeft, unchanged, type RefineResult } from "./interval.ts";
import { access, einval, infoBit, intervalCount, param, unlimited } from "./layout.ts";
import { commonRules, listRule, ringMemoryRule, subformatRule, type Rule } from "./rules.ts";

/** Constraints of one open substream (struct snd_pcm_hw_constraints, include/sound/pcm.h). */
export interface HwConstraints {
  /** Allowed values of the three masks, two words each. */
  readonly masks: Uint32Array;
  readonly intervals: IntervalSet;
  readonly rules: readonly Rule[];
  /** The info word that a program sees. */
  readonly info: number;
  readonly fifoSize: number;
  /** fifoSize is in frames already. */
  readonly fifoInFrames: boolean;
}

/** A device whose limits leave nothing makes open(2) fail. */
export type ConstraintsResult =
  | { readonly errno: number; readonly constraints?: undefined }
  | { readonly errno: 0; readonly constraints: HwConstraints };

const integerParams = [
  param.sampleBits,
  param.frameBits,
  param.channels,
  param.periodSize,
  param.bufferSize,
  param.bufferBytes,
];

/** What a driver's open callback adds of its own. */
export interface DriverConstraints {
  /** Narrows what parameters may be from the start; says nothingLeft when that leaves none. */
  readonly narrow: (intervals: IntervalSet) => RefineResult;
  readonly rules: readonly Rule[];
}

const noDriverConstraints: DriverConstraints = { narrow: () => unchanged, rules: [] };

/**
 * The constraints that opening a substream of the device sets up; errno EINVAL when a range or a mask of the device is
 * empty (snd_pcm_hw_constraints_complete, snd_pcm_hw_constraint_mask).
 */
export function constraintsFor(
  limits: PcmDeviceLimits,
  driver: DriverConstraints = noDriverConstraints,
): ConstraintsResult {
  const intervals = new IntervalSet(intervalCount);
  for (let slot = 0; slot < intervalCount; slot++) intervals.set(slot, 0, unlimited, 0);
  for (const k of integerParams) intervals.bits[slotOf(k)] = integer;
  if (limits.wholePeriods) intervals.bits[slotOf(param.periods)] = integer;
  for (const [k, min, max] of ranges(limits)) {
    if (intervals.narrow(slotOf(k), min, max, 0) === nothingLeft) return { errno: einval };
  }
  if (driver.narrow(intervals) === nothingLeft) return { errno: einval };
  const accesses = accessBits(limits);
  if (accesses === 0 || limits.formats === 0n) return { errno: einval };
  const masks = new Uint32Array([accesses, 0, ...formatWords(limits), unlimited, unlimited]);
  const constraints = {
    masks,
    intervals,
    rules: rulesOf(limits, driver.rules),
    info: visibleInfo(limits),
    fifoSize: limits.fifoSize,
    fifoInFrames: (limits.info & infoBit.fifoInFrames) !== 0,
  };
  return { errno: 0, constraints };
}

function ranges(limits: PcmDeviceLimits): readonly (readonly [number, number, number])[] {
  return [
    [param.channels, limits.channelsMin, limits.channelsMax],
    [param.rate, limits.rateMin, limits.rateMax],
    [param.bufferBytes, limits.periodBytesMin, limits.bufferBytesMax],
    [param.periodBytes, limits.periodBytesMin, limits.periodBytesMax],
    [param.periods, limits.periodsMin, limits.periodsMax],
  ];
}

function isMappable({ info, ringMappable }: PcmDeviceLimits): boolean {
  return ringMappable && (info & infoBit.mmap) !== 0;
}

function accessBits(limits: PcmDeviceLimits): number {
  const ways: readonly (readonly [number, number, number | null])[] = [
    [infoBit.interleaved, access.mmapInterleaved, access.rwInterleaved],
    [infoBit.nonInterleaved, access.mmapNonInterleaved, access.rwNonInterleaved],
    [infoBit.complex, access.mmapComplex, null],
  ];
  let bits = 0;
  for (const [infoFlag, mapped, copied] of ways) {
    if ((limits.info & infoFlag) === 0) continue;
    if (isMappable(limits)) bits |= 1 << mapped;
    if (copied !== null) bits |= 1 << copied;
  }
  return bits;
}

function formatWords({ formats }: PcmDeviceLimits): readonly [number, number] {
  return [Number(BigInt.asUintN(32, formats)), Number(BigInt.asUintN(32, formats >> 32n))];
}

function visibleInfo(limits: PcmDeviceLimits): number {
  const mapping = isMappable(limits) ? 0 : infoBit.mmap | infoBit.mmapValid;
  return (limits.info & ~(infoBit.fifoInFrames | infoBit.drainTrigger | mapping)) >>> 0;
}

function rulesOf(limits: PcmDeviceLimits, driverRules: readonly Rule[]): readonly Rule[] {
  return [
    ...commonRules,
    ...driverRules,
    subformatRule,
    ringMemoryRule(limits.ringBytesMax),
    ...(limits.rates.length > 0 ? [listRule(param.rate, limits.rates)] : []),
  ];
}
