/**
 * Intervals of unsigned 32-bit numbers and what negotiation does with them
 * (kernel files sound/core/pcm_lib.c, include/sound/pcm_params.h).
 *
 *   bits word   31 ........ 4 │ 3     │ 2       │ 1       │ 0
 *               carried along │ empty │ integer │ openmax │ openmin
 */

import { hasRemainder, mul, mulDiv } from "./arithmetic.ts";
import { einval, unlimited } from "./layout.ts";

export const openMin = 1;
export const openMax = 2;
export const integer = 4;
export const empty = 8;
const openEnds = openMin | openMax;

/** What narrowing a parameter says: unchanged, changed, or nothing left. */
export type RefineResult = number;
export const unchanged = 0;
export const changed = 1;
export const nothingLeft = -einval;

/**
 * A fixed number of intervals in three arrays, named by slot. The operations write to a slot of
 * the same set and allocate nothing.
 */
export class IntervalSet {
  readonly min: Uint32Array;
  readonly max: Uint32Array;
  readonly bits: Uint32Array;

  constructor(count: number) {
    this.min = new Uint32Array(count);
    this.max = new Uint32Array(count);
    this.bits = new Uint32Array(count);
  }

  set(slot: number, min: number, max: number, bits: number): void {
    this.min[slot] = min;
    this.max[slot] = max;
    this.bits[slot] = bits;
  }

  /** Narrows `slot` by slot `by` of this set or another. */
  refine(slot: number, by: number, from: IntervalSet = this): RefineResult {
    return this.narrow(slot, from.min[by]!, from.max[by]!, from.bits[by]!);
  }

  /** Narrows `slot` by an interval; marks it empty when nothing is left. */
  narrow(slot: number, min: number, max: number, bits: number): RefineResult {
    if ((this.bits[slot]! & empty) !== 0) return nothingLeft;
    const low = this.#raiseMin(slot, min, bits);
    const high = this.#lowerMax(slot, max, bits);
    const whole = (bits & ~this.bits[slot]! & integer) !== 0;
    if (whole) this.bits[slot]! |= integer;
    this.#tidy(slot);
    if (!this.#holdsAny(slot)) {
      this.bits[slot]! |= empty;
      return nothingLeft;
    }
    return low || high || whole ? changed : unchanged;
  }

  /**
   * Moves the ends of `slot` inwards to multiples of `step` (snd_interval_step). An open end closes: the lower moves on
   * to the next multiple, the upper stays where it is one.
   */
  roundTo(slot: number, step: number): RefineResult {
    const over = this.min[slot]! % step;
    const under = this.max[slot]! % step;
    const low = over !== 0 || (this.bits[slot]! & openMin) !== 0;
    const high = under !== 0 || (this.bits[slot]! & openMax) !== 0;
    if (low) this.min[slot]! += step - over;
    if (high) this.max[slot]! -= under;
    this.bits[slot]! &= ~openEnds;
    if (!this.#holdsAny(slot)) {
      this.bits[slot]! |= empty;
      return nothingLeft;
    }
    return low || high ? changed : unchanged;
  }

  #raiseMin(slot: number, min: number, bits: number): boolean {
    const own = this.min[slot]!;
    if (own > min) return false;
    if (own === min) return this.#openAtEqual(slot, bits & openMin);
    this.min[slot] = min;
    this.bits[slot] = (this.bits[slot]! & ~openMin) | (bits & openMin);
    return true;
  }

  #lowerMax(slot: number, max: number, bits: number): boolean {
    const own = this.max[slot]!;
    if (own < max) return false;
    if (own === max) return this.#openAtEqual(slot, bits & openMax);
    this.max[slot] = max;
    this.bits[slot] = (this.bits[slot]! & ~openMax) | (bits & openMax);
    return true;
  }

  #openAtEqual(slot: number, openBit: number): boolean {
    if ((openBit & ~this.bits[slot]!) === 0) return false;
    this.bits[slot]! |= openBit;
    return true;
  }

  /** Integers have closed ends; a closed single value is an integer. Neither counts as a change. */
  #tidy(slot: number): void {
    const bits = this.bits[slot]!;
    if ((bits & integer) !== 0) {
      if ((bits & openMin) !== 0) this.min[slot]! += 1;
      if ((bits & openMax) !== 0) this.max[slot]! -= 1;
      this.bits[slot] = bits & ~openEnds;
    } else if ((bits & openEnds) === 0 && this.min[slot] === this.max[slot]) {
      this.bits[slot] = bits | integer;
    }
  }

  #holdsAny(slot: number): boolean {
    const min = this.min[slot]!;
    const max = this.max[slot]!;
    return min < max || (min === max && (this.bits[slot]! & openEnds) === 0);
  }

  /** Stores a · b. */
  mul(slot: number, a: number, b: number): void {
    const { min, max, bits } = this;
    const bothInteger = bits[a]! & bits[b]! & integer;
    const eitherOpen = (bits[a]! | bits[b]!) & openEnds;
    this.set(slot, mul(min[a]!, min[b]!), mul(max[a]!, max[b]!), bothInteger | eitherOpen);
  }

  /** Stores a / b. */
  div(slot: number, a: number, b: number): void {
    this.mulKDiv(slot, a, 1, b);
  }

  /** Stores a · b / k, with k above 0. */
  mulDivK(slot: number, a: number, b: number, k: number): void {
    const { min, max, bits } = this;
    const open = (bits[a]! | bits[b]!) & openEnds;
    const low = mulDiv(min[a]!, min[b]!, k);
    const high = mulDiv(max[a]!, max[b]!, k);
    const lowRest = hasRemainder(min[a]!, min[b]!, k, low);
    const highRest = hasRemainder(max[a]!, max[b]!, k, high);
    this.#setRounded(slot, low, lowRest, high, highRest, open);
  }

  /** Stores a · k / b: the largest divisor gives the low end. */
  mulKDiv(slot: number, a: number, k: number, b: number): void {
    const { min, max, bits } = this;
    const open = (bits[a]! & openEnds) | swapEnds(bits[b]!);
    const low = mulDiv(min[a]!, k, max[b]!);
    const lowRest = hasRemainder(min[a]!, k, max[b]!, low);
    if (min[b] === 0) {
      this.#setRounded(slot, low, lowRest, unlimited, false, open & openMin);
      return;
    }
    const high = mulDiv(max[a]!, k, min[b]!);
    const highRest = hasRemainder(max[a]!, k, min[b]!, high);
    this.#setRounded(slot, low, lowRest, high, highRest, open);
  }

  /** A remainder leaves the low end just outside, and the high end short of the next number. */
  #setRounded(
    slot: number,
    low: number,
    lowRest: boolean,
    high: number,
    highRest: boolean,
    open: number,
  ): void {
    const bits = open | (lowRest ? openMin : 0) | (highRest ? openMax : 0);
    this.set(slot, low, highRest ? high + 1 : high, bits);
  }

  /** True when only one value is possible. */
  isSingle(slot: number): boolean {
    const min = this.min[slot]!;
    const max = this.max[slot]!;
    return min === max || (min + 1 === max && (this.bits[slot]! & openEnds) !== 0);
  }

  /** The value of a single interval. */
  value(slot: number): number {
    const maxOnly = (this.bits[slot]! & openEnds) === openMin;
    return maxOnly ? this.max[slot]! : this.min[slot]!;
  }

  contains(slot: number, value: number): boolean {
    const min = this.min[slot]!;
    const max = this.max[slot]!;
    const bits = this.bits[slot]!;
    return (
      (value > min || (value === min && (bits & openMin) === 0)) &&
      (value < max || (value === max && (bits & openMax) === 0))
    );
  }

  /** Keeps the smallest value; ends and flags still need a {@link narrow} to settle. */
  keepSmallest(slot: number): void {
    const oldMax = this.max[slot]!;
    const bits = this.bits[slot]!;
    this.max[slot] = this.min[slot]! + (bits & openMin ? 1 : 0);
    if (this.max[slot] < oldMax) this.bits[slot] = bits & ~openMax;
  }

  /** Keeps the largest value; ends and flags still need a {@link narrow} to settle. */
  keepLargest(slot: number): void {
    const oldMin = this.min[slot]!;
    const bits = this.bits[slot]!;
    this.min[slot] = this.max[slot]! - (bits & openMax ? 1 : 0);
    if (this.min[slot] > oldMin) this.bits[slot] = bits & ~openMin;
  }
}

/** The two "open" bits of a divisor, as they act on the quotient's ends. */
function swapEnds(bits: number): number {
  return ((bits & openMin) << 1) | ((bits & openMax) >> 1);
}
