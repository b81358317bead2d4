import type { CoreMemory } from "../../machine/coreMemory.ts";
import { physicalWidth, type PcmDeviceLimits } from "../pcm/params/index.ts";
import {
  designs,
  type VirtioSndDesign,
  type VirtioSndParameters,
  type VirtioSndStream,
} from "./description.ts";

/** What the driver offers of a stream (virtsnd_pcm_build_hw, sound/virtio/virtio_pcm.c). */

const PAGE_BYTES = 4096;
const MILLISECONDS = 1000;
/** No stream has fewer periods, and the longest is measured by them, whatever `periodsMin` says. */
const FEWEST_PERIODS = 2;

/** The numbers that the set bits of a mask stand for, in the order of the bits; unknown bits are passed over. */
function namedBits(mask: bigint, count: number, meaning: (bit: number) => number): number[] {
  return Array.from({ length: count }, (_, bit) => bit)
    .filter((bit) => ((mask >> BigInt(bit)) & 1n) !== 0n)
    .map(meaning);
}

/** The limits, or null for a stream that the driver refuses. */
export function limitsOf(
  machine: CoreMemory,
  { formats, rates, direction, channels: [channelsMin, channelsMax] }: VirtioSndStream,
  design: VirtioSndDesign,
  parameters: VirtioSndParameters,
): PcmDeviceLimits | null {
  const { exports } = machine;
  const known = namedBits(formats, machine.constant("FORMAT_COUNT"), (bit) =>
    exports.virtioFormat(bit),
  );
  const hertz = namedBits(rates, machine.constant("RATE_COUNT"), (bit) => exports.virtioRate(bit));
  if (direction > 1 || known.length === 0 || hertz.length === 0) return null;
  if (channelsMin < 1 || channelsMin > channelsMax) return null;
  const samples = known.map((format) => Math.floor(physicalWidth(format) / 8));
  const rateMin = Math.min(...hertz);
  const rateMax = Math.max(...hertz);
  const slowest = smallest(samples) * channelsMin * Math.floor(rateMin / MILLISECONDS);
  const fastest = Math.max(...samples) * channelsMax * Math.floor(rateMax / MILLISECONDS);
  return {
    info: designs[design].info,
    formats: known.reduce((bits, format) => bits | (1n << BigInt(format)), 0n),
    rateMin,
    rateMax,
    channelsMin,
    channelsMax,
    bufferBytesMax: Math.ceil((fastest * parameters.buffer) / PAGE_BYTES) * PAGE_BYTES,
    periodBytesMin: slowest * parameters.periodMin,
    periodBytesMax: fastest * parameters.periodMax,
    periodsMin: parameters.periodsMin,
    periodsMax: parameters.periodsMax,
    fifoSize: 0,
    wholePeriods: true,
    ringMappable: true,
    ringBytesMax: 2 ** 32 - 1,
    rates: hertz,
  };
}

/** A format of less than a byte counts as none, where there is another. */
function smallest(samples: readonly number[]): number {
  const whole = samples.filter((bytes) => bytes > 0);
  return whole.length === 0 ? 0 : Math.min(...whole);
}

/** Whether the driver takes its parameters (virtsnd_validate, virtsnd_pcm_validate). */
export function areValid(parameters: VirtioSndParameters): boolean {
  const { messageTimeout, buffer, periodsMin, periodsMax, periodMin, periodMax } = parameters;
  if (messageTimeout === 0) return false;
  if (periodsMin < FEWEST_PERIODS || periodsMin > periodsMax) return false;
  if (periodMin === 0 || periodMin > periodMax) return false;
  return buffer >= periodsMin * periodMin && periodMax <= Math.floor(buffer / FEWEST_PERIODS);
}
