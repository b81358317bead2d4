import { UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";
import { shown } from "../base/shown.ts";

/** Checks of a description's parts: each error names the part, what is wrong with it, and what is valid. */

export type Json = Readonly<Record<string, unknown>>;

/** An object that has no other keys. */
export function objectOf(argument: string, value: unknown, keys: readonly string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong(argument, `is ${described(value)}`, `an object with ${keys.join(", ")}`);
  }
  for (const key of Object.keys(value)) oneOf(`${argument}: key`, key, keys);
  return value as Json;
}

export function listOf(argument: string, value: unknown, of: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(argument, `is ${described(value)}`, `a list of ${of}`);
  return value;
}

export function textOf(argument: string, value: unknown, valid: string): string {
  if (typeof value !== "string") throw wrong(argument, `is ${described(value)}`, valid);
  return value;
}

export function booleanOf(argument: string, value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  throw wrong(argument, `is ${described(value)}`, "true or false");
}

/** A whole number within a range, or `missing` where there is none. */
export function wholeOf<Missing>(
  argument: string,
  value: unknown,
  least: number,
  most: number,
  missing: Missing,
): number | Missing {
  if (value === undefined) return missing;
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value);
  }
  throw wrong(argument, `is ${described(value)}`, `a whole number from ${least} to ${most}`);
}

const MAX_ALIGN = 4096;

/** __attribute__((aligned(n))); 1 where it is not given. */
export function alignOption(argument: string, value: unknown): number {
  const align = wholeOf(argument, value, 1, MAX_ALIGN, 1);
  if ((align & (align - 1)) === 0) return align;
  throw wrong(argument, `is ${align}`, `a power of two up to ${MAX_ALIGN}`);
}

/** More would leave no room for anything else on a line. */
const MAX_NAME = 63;

/** A name as C has them. */
export function identifier(argument: string, value: unknown): string {
  const valid = `a C identifier: up to ${MAX_NAME} letters, digits and _, not beginning with a digit`;
  const name = textOf(argument, value, valid);
  if (/^[A-Za-z_]\w*$/.test(name) && name.length <= MAX_NAME) return name;
  throw wrong(argument, `is ${described(name)}`, valid);
}

export function wrong(argument: string, problem: string, valid: string): UsageError {
  return new UsageError({ argument, problem, valid });
}

/** A value on one line, as far as a description may lack it. */
export function described(value: unknown): string {
  return value === undefined ? "missing" : shown(value);
}
