import { wrong, type Check } from "../base/checks.ts";
import type { UsageError } from "../base/errors.ts";

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

/** The two halves as two arguments of a call into the core. @throws as {@link halves} */
export function halfPair(value: Address, argument: string): [lo: number, hi: number] {
  const { lo, hi } = halves(value, argument);
  return [lo, hi];
}

/** Joins two halves read from the core. */
export function join(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** An address, or a number of up to 64 bits. */
export const anyAddress: Check = (argument, value) => void halves(value as Address, argument);

function badAddress(argument: string, value: unknown): UsageError {
  return wrong(argument, value, "a whole number from 0 to 2^64 - 1 (above 2^53 as a bigint)");
}
