/**
 * What a sound device can do (struct snd_pcm_hardware, include/sound/pcm.h), and the devices that the recordings were
 * made on.
 */

import { checkThat, flag, listOf, objectOf, optional, whole } from "../../../base/checks.ts";
import { unlimited } from "./layout.ts";

/** Limits of a device. Sizes in bytes, rates in Hz, all unsigned 32-bit numbers. */
export interface PcmDeviceLimits {
  /** The device's own info word, private bits included. */
  readonly info: number;
  /** Bit n: the format of number n in pcmFormats. */
  readonly formats: bigint;
  readonly rateMin: number;
  readonly rateMax: number;
  readonly channelsMin: number;
  readonly channelsMax: number;
  readonly bufferBytesMax: number;
  readonly periodBytesMin: number;
  readonly periodBytesMax: number;
  readonly periodsMin: number;
  readonly periodsMax: number;
  readonly fifoSize: number;
  /** The number of periods must be whole. */
  readonly wholePeriods: boolean;
  /** False: the ring's memory cannot be mapped, whatever `info` says. */
  readonly ringMappable: boolean;
  /** Memory set aside for the ring. */
  readonly ringBytesMax: number;
  /** The only rates there are; none: every rate in the range. */
  readonly rates: readonly number[];
}

const word = whole(0, unlimited);

/** What a caller gives as a device's limits; that they leave something to choose is seen at open. */
export const deviceLimits = objectOf<Partial<PcmDeviceLimits>>({
  info: optional(word),
  formats: optional(
    checkThat("a bigint of 64 bits, bit n for the format of number n in pcmFormats", isMask),
  ),
  rateMin: optional(word),
  rateMax: optional(word),
  channelsMin: optional(word),
  channelsMax: optional(word),
  bufferBytesMax: optional(word),
  periodBytesMin: optional(word),
  periodBytesMax: optional(word),
  periodsMin: optional(word),
  periodsMax: optional(word),
  fifoSize: optional(word),
  wholePeriods: optional(flag),
  ringMappable: optional(flag),
  ringBytesMax: optional(word),
  rates: optional(listOf(word)),
});

function isMask(value: unknown): boolean {
  return typeof value === "bigint" && value === BigInt.asUintN(64, value);
}

const noExtras = {
  fifoSize: 0,
  wholePeriods: false,
  ringMappable: true,
  ringBytesMax: unlimited,
  rates: [],
} as const;

function formatBits(formats: readonly number[]): bigint {
  return formats.reduce((bits, format) => bits | (1n << BigInt(format)), 0n);
}

/** The scripted test device, with its default limits. */
const ctl: PcmDeviceLimits = {
  ...noExtras,
  info: 0xc0303,
  formats: (1n << 44n) - 1n,
  rateMin: 1000,
  rateMax: 384000,
  channelsMin: 1,
  channelsMax: 8,
  bufferBytesMax: 262144,
  periodBytesMin: 1,
  periodBytesMax: 262144,
  periodsMin: 1,
  periodsMax: 1024,
};

/** sound/drivers/dummy.c */
const dummy: PcmDeviceLimits = {
  ...noExtras,
  info: 0x40103,
  formats: formatBits([1, 2]),
  rateMin: 5500,
  rateMax: 48000,
  channelsMin: 1,
  channelsMax: 2,
  bufferBytesMax: 65536,
  periodBytesMin: 64,
  periodBytesMax: 65536,
  periodsMin: 1,
  periodsMax: 1024,
};

/** sound/drivers/aloop.c, without the rules of a cable (see `cableRules`). */
const aloop: PcmDeviceLimits = {
  ...noExtras,
  info: 0xc0303,
  formats: formatBits([2, 3, 6, 7, 10, 11, 14, 15, 32, 33]),
  rateMin: 8000,
  rateMax: 192000,
  channelsMin: 1,
  channelsMax: 32,
  bufferBytesMax: 2097152,
  periodBytesMin: 64,
  periodBytesMax: 1048576,
  periodsMin: 1,
  periodsMax: 1024,
  wholePeriods: true,
};

/** The devices of the recordings by name. */
export const deviceProfiles = { ctl, dummy, aloop } as const;
