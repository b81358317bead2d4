/** Comparing a recorded value with an answer, symbols and all (test/golden/perf-regs/README.md). */

import { encodeHex } from "../base/bytes.ts";
import { Mismatch } from "../base/compare.ts";
import { crc32 } from "../base/content.ts";
import { LengthOnly, type Answer } from "./steps.ts";
import { isObject } from "../base/trace.ts";

/** Addresses of the kernel have this bit. */
const KERNEL_BIT = 1n << 63n;
const PAGE_OFFSET = 0xfffn;
/** A physical address is recorded by its offset in the page: "p|0x123". */
const physicalPrefix = "p|";

/** Symbols that stand for any value of a kind. */
const anyValue: Readonly<Record<string, (value: bigint) => boolean>> = {
  t: () => true,
  c: () => true,
  y: () => true,
  k: (value) => (value & KERNEL_BIT) !== 0n,
  g: (value) => value !== 0n,
};

/** The numbers that other symbols stand for. */
type Symbols = (name: string) => readonly bigint[];

/** @throws Mismatch that names the first place where the answer is not what was recorded */
export function compareAnswer(
  place: string,
  expected: unknown,
  actual: Answer | undefined,
  symbols: Symbols,
): void {
  if (expected === "?") return;
  if (actual === undefined) throw mismatch(place, expected, "nothing");
  if (typeof actual === "bigint") return compareNumber(place, expected, actual, symbols);
  if (actual instanceof Uint8Array) return compareBytes(place, expected, actual);
  if (actual instanceof LengthOnly) return compareLength(place, expected, actual);
  if (typeof actual === "string") {
    if (expected !== actual) throw mismatch(place, expected, actual);
  } else if (Array.isArray(actual)) {
    compareList(place, expected, actual, symbols);
  } else compareFields(place, expected, actual as Readonly<Record<string, Answer>>, symbols);
}

function compareNumber(place: string, expected: unknown, actual: bigint, symbols: Symbols): void {
  const value = BigInt.asUintN(64, actual);
  if (!isNumber(expected, value, symbols)) {
    throw mismatch(place, expected, `0x${value.toString(16)}`);
  }
}

function isNumber(expected: unknown, value: bigint, symbols: Symbols): boolean {
  if (typeof expected === "number") return BigInt.asUintN(64, BigInt(expected)) === value;
  if (typeof expected !== "string") return false;
  if (expected.startsWith("0x")) return BigInt(expected) === value;
  if (expected.startsWith(physicalPrefix)) {
    const offset = BigInt(expected.slice(physicalPrefix.length));
    return value > PAGE_OFFSET && (value & PAGE_OFFSET) === offset;
  }
  return anyValue[expected]?.(value) ?? symbols(expected).includes(value);
}

function compareBytes(place: string, expected: unknown, actual: Uint8Array): void {
  if (isObject(expected)) {
    const stated = `${actual.length} bytes, ${crc32(actual)}`;
    const recorded = `${String(expected["len"])} bytes, ${String(expected["crc32"])}`;
    if (stated !== recorded) throw mismatch(place, recorded, stated);
  } else if (expected !== encodeHex(actual)) throw mismatch(place, expected, encodeHex(actual));
}

function compareLength(place: string, expected: unknown, { length }: LengthOnly): void {
  const recorded = isObject(expected) ? expected["len"] : String(expected).length / 2;
  if (recorded !== length) throw mismatch(place, recorded, String(length));
}

function compareList(
  place: string,
  expected: unknown,
  actual: readonly Answer[],
  symbols: Symbols,
): void {
  if (!Array.isArray(expected) || expected.length !== actual.length) {
    const recorded = Array.isArray(expected) ? `${expected.length} entries` : expected;
    throw mismatch(place, recorded, `${actual.length} entries`);
  }
  actual.forEach((entry, index) =>
    compareAnswer(`${place}[${index}]`, expected[index], entry, symbols),
  );
}

function compareFields(
  place: string,
  expected: unknown,
  actual: Readonly<Record<string, Answer>>,
  symbols: Symbols,
): void {
  if (!isObject(expected)) throw mismatch(place, expected, "an object");
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    if (!(key in expected)) throw mismatch(`${place}.${key}`, "nothing", shown(actual[key]));
    compareAnswer(`${place}.${key}`, expected[key], actual[key], symbols);
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === "bigint" ? `0x${entry.toString(16)}` : entry,
  );
  return text ?? "nothing";
}

function mismatch(place: string, expected: unknown, actual: string): Mismatch {
  const recorded = typeof expected === "string" ? expected : shown(expected);
  return new Mismatch(place, recorded, actual);
}
