import { UsageError } from "../base/errors.ts";

/** A user address: a number up to 2^53 or a bigint up to 2^64 − 1. */
export type Address = number | bigint;

const HALF = 0x1_0000_0000;
const MAX_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** The halves in which a 64-bit number crosses into the core. */
export interface Halves {
  readonly lo: number;
  readonly hi: number;
}

/** Splits an address or length. @throws UsageError for fractions, negatives and more than 64 bits */
export function halves(value: Address, argument = "address"): Halves {
  if (typeof value === "bigint") {
    if (value < 0n || value > MAX_ADDRESS) throw badAddress(argument, value);
    return { lo: Number(value & 0xffff_ffffn), hi: Number(value >> 32n) };
  }
  if (!Number.isSafeInteger(value) || value < 0) throw badAddress(argument, value);
  return { lo: value >>> 0, hi: Math.floor(value / HALF) };
}

/** Joins two halves read from the core. */
export function join(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

function badAddress(argument: string, value: Address): UsageError {
  return new UsageError({
    argument,
    problem: `is ${String(value)}`,
    valid: "a whole number from 0 to 2^64 - 1 (above 2^53 as a bigint)",
  });
}

/** A whole number within a range. @throws UsageError naming the argument and the range */
export function wholeNumber(argument: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError({
    argument,
    problem: `is ${String(value)}`,
    valid: `a whole number from ${least} to ${most}`,
  });
}
