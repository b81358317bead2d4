/** Building HW_REFINE and HW_PARAMS requests, and reading the answers. */

import {
  checkOptions,
  checkThat,
  listOf,
  optional,
  whole,
  type Check,
  type Shape,
} from "../../../base/checks.ts";
import { parseImage, slotOf, type HwParams } from "./hwParamsImage.ts";
import { empty, integer, openMax, openMin } from "./interval.ts";
import {
  firstInterval,
  imageBytes,
  intervalBytes,
  lastMaskBit,
  maskBytes,
  maskCount,
  offsetOf,
  param,
  paramCount,
  unlimited,
  type WordBytes,
} from "./layout.ts";

/** A value of a mask, or several that would do. */
export type MaskChoice = number | readonly number[];

/** One value, which must be met exactly, or a closed range. Unsigned 32-bit numbers. */
export type IntervalChoice = number | readonly [min: number, max: number];

export type MaskName = "access" | "format" | "subformat";
export type IntervalName = Exclude<keyof typeof param, MaskName>;

/**
 * What a program asks for; whatever is not named stays open. Sizes in frames unless the name says bytes, times in µs,
 * rate in Hz, access and format by the numbers of include/uapi/sound/asound.h.
 */
export type PcmHwRequest = {
  readonly [Name in MaskName]?: MaskChoice;
} & {
  readonly [Name in IntervalName]?: IntervalChoice;
} & {
  readonly flags?: number;
  /** Bit k: parameter k is to be looked at. Default all. */
  readonly rmask?: number;
};

/** The range that is left of a parameter. */
export interface PcmInterval {
  readonly min: number;
  readonly max: number;
  /** The end itself is excluded. */
  readonly openMin: boolean;
  readonly openMax: boolean;
  readonly integer: boolean;
  readonly empty: boolean;
}

/** An answer: what is left of each parameter, and what the kernel says besides. */
export type PcmHwAnswer = {
  readonly [Name in MaskName]: readonly number[];
} & {
  readonly [Name in IntervalName]: PcmInterval;
} & {
  readonly flags: number;
  /** Bit k: parameter k was changed. */
  readonly cmask: number;
  readonly info: number;
  readonly msbits: number;
  readonly rateNum: number;
  readonly rateDen: number;
  readonly fifoSize: number;
};

const maskNames = ["access", "format", "subformat"] as const satisfies readonly MaskName[];
export const intervalNames = (Object.keys(param) as (keyof typeof param)[]).filter(
  (name): name is IntervalName => param[name] >= firstInterval,
);

/** The other bits of a mask are carried along, whatever they are. */
const NEGOTIATED_BITS = 64;

const word = whole(0, unlimited);
const bit = whole(0, lastMaskBit);
const bits = listOf(bit);
const ends = listOf(word);

const maskChoice: Check = (argument, value) =>
  Array.isArray(value) ? bits(argument, value) : bit(argument, value);

const intervalChoice: Check = (argument, value) => {
  if (!Array.isArray(value)) return word(argument, value);
  ends(argument, value);
  checkThat("[least, most]", isRange)(argument, value);
};

function isRange(value: unknown): boolean {
  const [min, max, ...rest] = value as readonly number[];
  return min !== undefined && max !== undefined && min <= max && rest.length === 0;
}

/** What a caller asks for. */
const requestShape = {
  ...Object.fromEntries(maskNames.map((name) => [name, optional(maskChoice)])),
  ...Object.fromEntries(intervalNames.map((name) => [name, optional(intervalChoice)])),
  flags: optional(word),
  rmask: optional(word),
} as Shape<PcmHwRequest>;

/**
 * The bytes of a request as a program whose words have `wordBytes` passes it.
 * @throws UsageError for a value that the structure cannot hold
 */
export function hwRequest(wanted: PcmHwRequest, wordBytes: WordBytes): Uint8Array {
  checkOptions("wanted", wanted, requestShape);
  const image = new Uint8Array(imageBytes(wordBytes));
  const view = new DataView(image.buffer);
  image.fill(0xff, offsetOf.masks, offsetOf.masks + maskCount * maskBytes);
  for (let k = firstInterval; k < paramCount; k++) {
    view.setUint32(intervalOffset(k) + 4, unlimited, true);
  }
  view.setUint32(offsetOf.flags, wanted.flags ?? 0, true);
  view.setUint32(offsetOf.rmask, wanted.rmask ?? unlimited, true);
  view.setUint32(offsetOf.info, unlimited, true);
  for (const name of maskNames) {
    const choice = wanted[name];
    if (choice !== undefined) putMask(image, name, typeof choice === "number" ? [choice] : choice);
  }
  for (const name of intervalNames) {
    const choice = wanted[name];
    if (choice !== undefined) putInterval(view, name, choice);
  }
  return image;
}

function intervalOffset(k: number): number {
  return offsetOf.intervals + (k - firstInterval) * intervalBytes;
}

function putMask(image: Uint8Array, name: MaskName, values: readonly number[]): void {
  const start = offsetOf.masks + param[name] * maskBytes;
  image.fill(0, start, start + maskBytes);
  for (const value of values) image[start + (value >>> 3)]! |= 1 << (value & 7);
}

function putInterval(view: DataView, name: IntervalName, choice: IntervalChoice): void {
  const at = intervalOffset(param[name]);
  const single = typeof choice === "number";
  const [min, max] = single ? [choice, choice] : choice;
  view.setUint32(at, min, true);
  view.setUint32(at + 4, max, true);
  view.setUint32(at + 8, single ? integer : 0, true);
}

/** Reads an answer's bytes. */
export function hwAnswer(image: Uint8Array): PcmHwAnswer {
  const params = parseImage(image);
  const { flags, cmask, info, msbits, rateNum, rateDen, fifoSize } = params;
  const masks = maskNames.map((name) => [name, valuesOf(params, name)] as const);
  const intervals = intervalNames.map((name) => [name, intervalOf(params, name)] as const);
  return {
    ...(Object.fromEntries(masks) as Record<MaskName, readonly number[]>),
    ...(Object.fromEntries(intervals) as Record<IntervalName, PcmInterval>),
    flags,
    cmask,
    info,
    msbits,
    rateNum,
    rateDen,
    fifoSize,
  };
}

function valuesOf(params: HwParams, name: MaskName): readonly number[] {
  return Array.from({ length: NEGOTIATED_BITS }, (_, value) => value).filter((value) =>
    params.maskHas(param[name], value),
  );
}

function intervalOf({ intervals }: HwParams, name: IntervalName): PcmInterval {
  const slot = slotOf(param[name]);
  const bits = intervals.bits[slot]!;
  return {
    min: intervals.min[slot]!,
    max: intervals.max[slot]!,
    openMin: (bits & openMin) !== 0,
    openMax: (bits & openMax) !== 0,
    integer: (bits & integer) !== 0,
    empty: (bits & empty) !== 0,
  };
}
