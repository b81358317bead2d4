/** A hw_params structure taken apart for negotiation, and put back together. */

import { UsageError } from "../../../base/errors.ts";
import {
  compatImageBytes,
  firstInterval,
  intervalBytes,
  intervalCount,
  maskCount,
  maskWords,
  nativeImageBytes,
  offsetOf,
} from "./layout.ts";
import { IntervalSet, nothingLeft, changed, unchanged, type RefineResult } from "./interval.ts";

/** Slot of {@link HwParams.intervals} that rules compute in. */
export const workSlot = intervalCount;

/** Slot of {@link HwParams.intervals} that holds interval parameter k (8..19). */
export function slotOf(k: number): number {
  return k - firstInterval;
}

/** The fields of a request that negotiation reads or writes. All numbers are unsigned 32 bit. */
export class HwParams {
  flags = 0;
  rmask = 0;
  cmask = 0;
  info = 0;
  msbits = 0;
  rateNum = 0;
  rateDen = 0;
  fifoSize = 0;
  /** maskCount masks of maskWords words; only words 0 and 1 of a mask are negotiated. */
  readonly masks = new Uint32Array(maskCount * maskWords);
  readonly intervals = new IntervalSet(intervalCount + 1);

  /** True when parameter k is named in rmask. */
  asks(k: number): boolean {
    return ((this.rmask >>> k) & 1) !== 0;
  }

  /** Records a change of parameter k for the program. */
  markChanged(k: number): void {
    this.cmask = (this.cmask | (1 << k)) >>> 0;
  }

  maskLow(k: number): number {
    return this.masks[k * maskWords]!;
  }

  maskHigh(k: number): number {
    return this.masks[k * maskWords + 1]!;
  }

  /** Narrows mask k by a set of 64 values. */
  refineMask(k: number, low: number, high: number): RefineResult {
    const word = k * maskWords;
    const oldLow = this.masks[word]!;
    const oldHigh = this.masks[word + 1]!;
    this.masks[word] = oldLow & low;
    this.masks[word + 1] = oldHigh & high;
    if (this.maskIsEmpty(k)) return nothingLeft;
    return this.masks[word] !== oldLow || this.masks[word + 1] !== oldHigh ? changed : unchanged;
  }

  maskIsEmpty(k: number): boolean {
    return (this.maskLow(k) | this.maskHigh(k)) === 0;
  }

  maskIsSingle(k: number): boolean {
    const low = this.maskLow(k);
    const high = this.maskHigh(k);
    return low === 0 ? isPowerOfTwo(high) : high === 0 && isPowerOfTwo(low);
  }

  /** The smallest value of mask k, which must not be empty. */
  maskFirst(k: number): number {
    const low = this.maskLow(k);
    return low === 0 ? 32 + lowestBit(this.maskHigh(k)) : lowestBit(low);
  }

  maskHas(k: number, value: number): boolean {
    const word = this.masks[k * maskWords + (value >>> 5)]!;
    return ((word >>> (value & 31)) & 1) !== 0;
  }

  /** Keeps `value` alone: all other bits of the whole mask go. */
  keepInMask(k: number, value: number): void {
    const word = k * maskWords;
    this.masks.fill(0, word, word + maskWords);
    this.masks[word + (value >>> 5)] = 1 << (value & 31);
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function isPowerOfTwo(word: number): boolean {
  return word !== 0 && (word & (word - 1)) === 0;
}

/**
 * Takes a request apart. `image` is the structure's bytes at the program's door: 608 (64-bit) or
 * 604 (i386, x32); any other length throws a UsageError.
 */
export function parseImage(image: Uint8Array): HwParams {
  const view = viewOf(image);
  const word = (offset: number): number => view.getUint32(offset, true);
  const params = new HwParams();
  params.flags = word(offsetOf.flags);
  for (let i = 0; i < params.masks.length; i++) params.masks[i] = word(offsetOf.masks + 4 * i);
  for (let slot = 0; slot < intervalCount; slot++) {
    const at = offsetOf.intervals + slot * intervalBytes;
    params.intervals.set(slot, word(at), word(at + 4), word(at + 8));
  }
  params.rmask = word(offsetOf.rmask);
  params.cmask = word(offsetOf.cmask);
  params.info = word(offsetOf.info);
  params.msbits = word(offsetOf.msbits);
  params.rateNum = word(offsetOf.rateNum);
  params.rateDen = word(offsetOf.rateDen);
  params.fifoSize = word(offsetOf.fifoSize);
  return params;
}

/**
 * The answer: a copy of `image` with the negotiated fields stored. fifo_size is 8 bytes wide to
 * the kernel, also where the program's own structure has 4 and reserved bytes behind them.
 */
export function writeImage(params: HwParams, image: Uint8Array): Uint8Array {
  const answer = image.slice();
  const view = viewOf(answer);
  const put = (offset: number, value: number): void => view.setUint32(offset, value, true);
  for (let i = 0; i < params.masks.length; i++) put(offsetOf.masks + 4 * i, params.masks[i]!);
  putIntervals(view, params.intervals);
  put(offsetOf.flags, params.flags);
  put(offsetOf.rmask, params.rmask);
  put(offsetOf.cmask, params.cmask);
  put(offsetOf.info, params.info);
  put(offsetOf.msbits, params.msbits);
  put(offsetOf.rateNum, params.rateNum);
  put(offsetOf.rateDen, params.rateDen);
  put(offsetOf.fifoSize, params.fifoSize);
  put(offsetOf.fifoSize + 4, 0);
  return answer;
}

function putIntervals(view: DataView, intervals: IntervalSet): void {
  for (let slot = 0; slot < intervalCount; slot++) {
    const at = offsetOf.intervals + slot * intervalBytes;
    view.setUint32(at, intervals.min[slot]!, true);
    view.setUint32(at + 4, intervals.max[slot]!, true);
    view.setUint32(at + 8, intervals.bits[slot]!, true);
  }
}

function viewOf(image: Uint8Array): DataView {
  if (image.length !== nativeImageBytes && image.length !== compatImageBytes) {
    throw new UsageError({
      argument: "image",
      problem: `has ${image.length} bytes, which no hw_params structure has`,
      valid: `${nativeImageBytes} bytes (64-bit) or ${compatImageBytes} (i386, x32)`,
    });
  }
  return new DataView(image.buffer, image.byteOffset, image.byteLength);
}
