import { checkThat, flag, optional, whole, type Check, type Shape } from "../../base/checks.ts";
import { oneOf } from "../../base/nearest.ts";
import { anyAddress, type Address } from "../../machine/address.ts";
import type { PcmSwParams, PcmSyncRequest } from "./answers.ts";
import { pcmFormatNames, type PcmFormatName } from "./formatNames.ts";
import { lastMaskBit } from "./params/index.ts";

/** What the verbs of a stream are asked for, and what it may be. */

/** What SW_PARAMS is asked for; the boundary is the kernel's to say. */
export type SwParamsRequest = {
  readonly [Name in keyof Omit<PcmSwParams, "boundary">]?: Address;
};

/** Parameters set in one go, each as a single value. Sizes in frames, rate in Hz, the format by name or number. */
export interface PcmConfiguration {
  readonly format?: PcmFormatName | number;
  readonly access?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly periodSize: number;
  readonly bufferSize: number;
}

const MAX_WORD = 2 ** 32 - 1;
const word = whole(0, MAX_WORD);
const formatNumber = checkThat(
  `a name of pcmFormats, or a number from 0 to ${lastMaskBit}`,
  (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= lastMaskBit,
);
const format: Check = (argument, value) =>
  typeof value === "string"
    ? void oneOf(argument, value, pcmFormatNames)
    : formatNumber(argument, value);

/** Which values a device takes is its own to say, by an errno; a mask's bits are its all. */
export const configuration: Shape<PcmConfiguration> = {
  format: optional(format),
  access: optional(whole(0, lastMaskBit)),
  channels: optional(word),
  rate: optional(word),
  periodSize: word,
  bufferSize: word,
};

export const softwareParameters: Shape<SwParamsRequest> = {
  tstampMode: optional(word),
  periodStep: optional(word),
  availMin: optional(anyAddress),
  startThreshold: optional(anyAddress),
  stopThreshold: optional(anyAddress),
  silenceThreshold: optional(anyAddress),
  silenceSize: optional(anyAddress),
  proto: optional(word),
  tstampType: optional(word),
};

export const syncRequest: Shape<PcmSyncRequest> = {
  hwsync: optional(flag),
  applPtr: optional(anyAddress),
  availMin: optional(anyAddress),
};
