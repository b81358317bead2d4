/** What a value in a trace may be: checks of single values, and shapes of objects made of them. */

import { isObject, shown, TraceError, type JsonObject } from "./trace.ts";

/** Says what was expected when a value does not fit; null when it does. */
export type Check = (value: unknown) => string | null;

/** The keys of an object: each with its check; a name ending in `?` may be absent. */
export type Shape = Readonly<Record<string, Check>>;

function check(description: string, fits: (value: unknown) => boolean): Check {
  return (value) => (fits(value) ? null : description);
}

const hexPattern = /^0x[0-9a-f]{1,16}$/i;

const isInteger = (value: unknown): boolean => Number.isSafeInteger(value);
const isHex = (value: unknown): boolean => typeof value === "string" && hexPattern.test(value);

export const integerNumber = check("a whole number", isInteger);
export const text = check("a string", (value) => typeof value === "string");
export const flag = check("true or false", (value) => typeof value === "boolean");
export const hexNumber = check("a string of 0x and up to 16 hex digits", isHex);
export const anyNumber = check(
  "a whole number or a 0x string",
  (value) => isInteger(value) || isHex(value),
);

export const size = check(
  "a whole number from 0",
  (value) => isInteger(value) && Number(value) >= 0,
);

/** A whole number from 0 to `max`. */
export function upTo(max: number): Check {
  const fits = (value: unknown): boolean => isInteger(value) && Number(value) >= 0;
  return check(`a whole number from 0 to ${max}`, (value) => fits(value) && Number(value) <= max);
}

export function oneOf(...names: readonly string[]): Check {
  return check(`one of ${names.join(", ")}`, (value) => names.includes(value as string));
}

export function oneOfNumbers(...numbers: readonly number[]): Check {
  return check(`one of ${numbers.join(", ")}`, (value) => numbers.includes(value as number));
}

/** Text of a form that `description` names. */
export function matching(pattern: RegExp, description: string): Check {
  return check(description, (value) => typeof value === "string" && pattern.test(value));
}

/** Rights to a range of memory: "rw-". */
export const protection = matching(/^[r-][w-][x-]$/, 'three letters of "rwx" or -');

/** What an answer may be that only its comparison judges. */
export const anything: Check = () => null;

export function orNull(item: Check): Check {
  return (value) => (value === null ? null : item(value));
}

/** What fits neither is told what the second expects. */
export function either(first: Check, second: Check): Check {
  return (value) => (first(value) === null ? null : second(value));
}

export function listOf(item: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return "a list";
    for (const entry of value) {
      const expected = item(entry);
      if (expected !== null) return `a list of ${expected}`;
    }
    return null;
  };
}

/** A list of as many values as `items`, each fitting its own. */
export function rowOf(description: string, ...items: readonly Check[]): Check {
  const fits = (row: readonly unknown[]): boolean =>
    row.length === items.length && items.every((item, index) => item(row[index]) === null);
  return check(description, (value) => Array.isArray(value) && fits(value));
}

/** A list of [offset, length]. */
export const ranges = listOf(rowOf("[offset, length]", size, size));

/** An object with these keys among others. */
export function objectWith(description: string, keys: Shape): Check {
  const checks = Object.entries(keys);
  const fits = (value: JsonObject): boolean =>
    checks.every(([key, item]) => item(value[key]) === null);
  return check(description, (value) => isObject(value) && fits(value));
}

/** An object whose keys are among `names` and whose values all fit `item`. */
export function entriesOf(names: readonly string[], item: Check): Check {
  const known = new Set(names);
  return (value) => {
    if (!isObject(value)) return "an object";
    for (const key of Object.keys(value)) {
      if (!known.has(key)) return `an object without the key ${key}`;
      const expected = item(value[key]);
      if (expected !== null) return `${expected} for ${key}`;
    }
    return null;
  };
}

/** A {@link Shape} made ready for many objects. */
export interface CompiledShape {
  readonly required: readonly string[];
  readonly checks: ReadonlyMap<string, Check>;
}

export function compileShape(...shapes: readonly Shape[]): CompiledShape {
  const rows = shapes.flatMap((shape) => Object.entries(shape));
  return {
    required: rows.filter(([key]) => !key.endsWith("?")).map(([key]) => key),
    checks: new Map(rows.map(([key, row]) => [key.replace(/\?$/, ""), row])),
  };
}

/** Throws a TraceError unless `value` has exactly the keys of `shape`, each as its check says. */
export function expectShape(value: JsonObject, shape: CompiledShape, place: string): void {
  for (const key of shape.required) {
    if (value[key] === undefined) throw new TraceError(place, `the key "${key}" is missing`);
  }
  for (const key of Object.keys(value)) {
    const expected = shape.checks.get(key);
    if (expected === undefined) throw new TraceError(place, `the key "${key}" is unknown here`);
    expectFit(value[key], expected, `${place}.${key}`);
  }
}

/** Throws a TraceError unless `value` fits. */
export function expectFit(value: unknown, expected: Check, place: string): void {
  const description = expected(value);
  if (description === null) return;
  throw new TraceError(place, `expected ${description}, found ${shown(value)}`);
}
