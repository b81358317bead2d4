import {
  checkThat,
  flag,
  listOf,
  nameOf,
  objectOf,
  optional,
  whole,
  type Check,
  type Shape,
} from "../../base/checks.ts";
import { coreConstants } from "../../core/generated/coreConstants.ts";
import { anyAddress, halves, type Address } from "../../machine/address.ts";

/** What the verbs of a {@link Futex} take beside their words, and the checks of it. */

/** The clocks that an absolute end time may be on. */
export const futexClocks = ["monotonic", "realtime"] as const;
export type FutexClock = (typeof futexClocks)[number];

/**
 * A time as the kernel gets it: nanoseconds; a `struct timespec` of any two numbers, those that are no time among them;
 * or the address of one that the program keeps itself.
 */
export type FutexTime =
  Address | { readonly seconds: Address; readonly nanoseconds: Address } | { readonly at: Address };

/** The word belongs to this address space alone (FUTEX_PRIVATE_FLAG). Default false: whoever maps it may meet there. */
export interface FutexScope {
  readonly private?: boolean;
}

/** A sleep that may end by itself. Without `timeout` it does not. */
export interface FutexLimit extends FutexScope {
  readonly timeout?: FutexTime;
}

/** A sleep until a moment of a clock. */
export interface FutexDeadline extends FutexLimit {
  /** Default "monotonic". */
  readonly clock?: FutexClock;
}

/** A bit set that a waiter and a wake must share a bit of. */
export interface FutexBits {
  /** 0 to 2^32 − 1; default all bits. */
  readonly bitset?: number;
}

/** How many are woken, and how many more are moved. */
export interface FutexRequeueOptions extends FutexScope {
  /** Default 1. */
  readonly wake?: number;
  /** Default 2^31 − 1: all. */
  readonly requeue?: number;
}

/** How many are woken on each of two words. */
export interface FutexWakeOpOptions extends FutexScope {
  /** Default 1. */
  readonly wake?: number;
  /** Default 1. */
  readonly wake2?: number;
}

/** Sizes of a word that the flags of futex2 can name; the kernel takes "u32" alone. */
export const futexSizes = ["u8", "u16", "u32", "u64"] as const;
export type FutexSize = (typeof futexSizes)[number];

/** The flags of a word in futex2. */
export interface Futex2Flags extends FutexScope {
  /** Default "u32". */
  readonly size?: FutexSize;
  /** A node number lies behind the word. */
  readonly numa?: boolean;
  /** The memory policy says which node. */
  readonly mpol?: boolean;
  /** Further bits of the flags word, for a program that sets what it should not. Default 0. */
  readonly otherBits?: number;
}

export interface Futex2WaitOptions extends Futex2Flags {
  /** Up to 64 bits; default 2^32 − 1. */
  readonly mask?: Address;
  readonly timeout?: FutexTime;
  /** A name, or the number that the program passes. Default "monotonic". */
  readonly clock?: FutexClock | number;
}

export interface Futex2WakeOptions extends Futex2Flags {
  /** Up to 64 bits; default 2^32 − 1. */
  readonly mask?: Address;
  /** Default 1; 0 wakes nobody. */
  readonly count?: number;
}

/** An element of the list of futex_waitv, and of the pair of futex_requeue (struct futex_waitv). */
export interface FutexWaiter extends Futex2Flags {
  readonly address: Address;
  /** Up to 64 bits. */
  readonly value: Address;
  /** Has to be 0. Default 0. */
  readonly reserved?: number;
}

/** What the calls on lists take beside them. */
export interface Futex2ListOptions {
  /** The call's own flags, of which the kernel knows none. Default 0. */
  readonly flags?: number;
}

export interface FutexWaitvOptions extends Futex2ListOptions {
  readonly timeout?: FutexTime;
  readonly clock?: FutexClock | number;
}

export interface Futex2RequeueOptions extends Futex2ListOptions {
  /** Default 1. */
  readonly wake?: number;
  /** Default 2^31 − 1: all. */
  readonly requeue?: number;
}

/** Of whom, and where in the caller's memory the kernel stores the two answers. */
export interface RobustListPlaces {
  readonly headAt?: Address;
  readonly lengthAt?: Address;
}

const MOST_WORD = 2 ** 32 - 1;
/** INT_MIN. */
export const LEAST_INT = -(2 ** 31);
/** INT_MAX: as many as there are. */
export const MOST_INT = 2 ** 31 - 1;

/** A word's value, signed or not. */
export const wordValue = whole(LEAST_INT, MOST_WORD);
/** A count as the kernel gets it: an int, so it may be negative. */
export const count = whole(LEAST_INT, MOST_INT);
const bits = whole(0, MOST_WORD);

const LEAST_SIGNED = -(2n ** 63n);
/** A number of 64 bits, signed or not. */
const long: Check = (argument, value) => {
  const signed = typeof value === "bigint" || Number.isSafeInteger(value);
  if (signed && BigInt(value as bigint) < 0n && BigInt(value as bigint) >= LEAST_SIGNED) return;
  halves(value as Address, argument);
};

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const timespec = objectOf<Extract<FutexTime, { seconds: Address }>>({
  seconds: long,
  nanoseconds: long,
});
const place = objectOf<Extract<FutexTime, { at: Address }>>({ at: anyAddress });

const time: Check = (argument, value) => {
  if (!isObject(value)) anyAddress(argument, value);
  else (Object.hasOwn(value, "at") ? place : timespec)(argument, value);
};

const clockNumber: Check = (argument, value) => {
  (typeof value === "number" ? bits : nameOf(futexClocks))(argument, value);
};

export const scopeShape: Shape<FutexScope> = { private: optional(flag) };
export const limitShape: Shape<FutexLimit> = { ...scopeShape, timeout: optional(time) };
export const deadlineShape: Shape<FutexDeadline> = {
  ...limitShape,
  clock: optional(nameOf(futexClocks)),
};
const bitsShape: Shape<FutexBits> = { bitset: optional(bits) };
export const waitBitsShape: Shape<FutexDeadline & FutexBits> = { ...deadlineShape, ...bitsShape };
export const wakeBitsShape: Shape<FutexScope & FutexBits> = { ...scopeShape, ...bitsShape };

const countsShape = { wake: optional(count), requeue: optional(count) };
export const requeueShape: Shape<FutexRequeueOptions> = { ...scopeShape, ...countsShape };
export const wakeOpShape: Shape<FutexWakeOpOptions> = {
  ...scopeShape,
  wake: optional(count),
  wake2: optional(count),
};

const flagsShape: Shape<Futex2Flags> = {
  ...scopeShape,
  size: optional(nameOf(futexSizes)),
  numa: optional(flag),
  mpol: optional(flag),
  otherBits: optional(bits),
};
export const wait2Shape: Shape<Futex2WaitOptions> = {
  ...flagsShape,
  mask: optional(anyAddress),
  timeout: optional(time),
  clock: optional(clockNumber),
};
export const wake2Shape: Shape<Futex2WakeOptions> = {
  ...flagsShape,
  mask: optional(anyAddress),
  count: optional(count),
};
const listShape: Shape<Futex2ListOptions> = { flags: optional(bits) };
export const waitvShape: Shape<FutexWaitvOptions> = {
  ...listShape,
  timeout: optional(time),
  clock: optional(clockNumber),
};
export const requeue2Shape: Shape<Futex2RequeueOptions> = { ...listShape, ...countsShape };

/** One waiter. */
export const waiter: Check = objectOf<FutexWaiter>({
  ...flagsShape,
  address: anyAddress,
  value: anyAddress,
  reserved: optional(bits),
});
/** More than the kernel takes, so that its limit can be met. */
export const MOST_LISTED = 160;
const shortEnough = checkThat(
  `a list of up to ${MOST_LISTED}`,
  (value) => !Array.isArray(value) || value.length <= MOST_LISTED,
);
const waiters = listOf(waiter);
export const waiterList: Check = (argument, value) => {
  waiters(argument, value);
  shortEnough(argument, value);
};

export const placesShape: Shape<RobustListPlaces> = {
  headAt: optional(anyAddress),
  lengthAt: optional(anyAddress),
};

const clockNumbers = { realtime: 0, monotonic: 1 } as const;

/** CLOCK_REALTIME or CLOCK_MONOTONIC, or what the program passes for it. */
export function numberOfClock(clock: FutexClock | number): number {
  return typeof clock === "number" ? clock : clockNumbers[clock];
}

/** The flags word of futex2. */
export function flagBits(flags: Futex2Flags): number {
  const { FLAG_MPOL, FLAG_NUMA } = coreConstants;
  const named =
    futexSizes.indexOf(flags.size ?? "u32") |
    scopeBit(flags) |
    (flags.numa === true ? FLAG_NUMA : 0) |
    (flags.mpol === true ? FLAG_MPOL : 0);
  return (named | (flags.otherBits ?? 0)) >>> 0;
}

export function scopeBit(scope: FutexScope): number {
  return scope.private === true ? coreConstants.FLAG_PRIVATE : 0;
}
