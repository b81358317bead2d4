/**
 * Reading golden traces: one JSON object a line, one object a case. This file knows what the
 * traces of all systems share and how to say what is wrong with a line; the steps of each system
 * are described in a file of its own (pcmTrace.ts).
 */

import { text as checkText } from "../base/checks.ts";
import { FaultlineError } from "../base/errors.ts";

/** A trace says something that cannot be. The message names the place: `steps[3].cmd: …`. */
export class TraceError extends FaultlineError {
  override readonly name: string = "TraceError";
  /** The place inside the case ("" for the line as a whole). */
  readonly place: string;
  readonly problem: string;

  constructor(place: string, problem: string) {
    checkText("place", place);
    checkText("problem", problem);
    super("trace", place === "" ? problem : `${place}: ${problem}`);
    this.place = place;
    this.problem = problem;
  }
}

/** A step asks for something that this replayer does not know. */
export class UnknownOperationError extends TraceError {
  readonly operation: string;
  readonly step: number;

  /** @param place of the step inside the case: `steps[3]` */
  constructor(operation: string, place: string, step: number) {
    super(`${place}.op`, `unknown operation ${JSON.stringify(operation)}`);
    this.operation = operation;
    this.step = step;
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** A number as the traces write those above 2^31 and all pointers: `0x` and 1 to 16 digits. */
export type HexText = `0x${string}`;

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

/** A list of [offset, length]. */
export const ranges = check(
  "a list of [offset, length]",
  (value) => Array.isArray(value) && value.every((row) => isPair(row)),
);

function isPair(row: unknown): boolean {
  return Array.isArray(row) && row.length === 2 && row.every((n) => isInteger(n) && n >= 0);
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

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 57)}...` : json;
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

/** What some editors put before the first line; the traces are UTF-8 without it. */
export const byteOrderMark = "\ufeff";

/** The object on a line; throws a TraceError when the line is no JSON object. */
export function parseJsonLine(line: string): JsonObject {
  if (line.startsWith(byteOrderMark)) {
    throw new TraceError("", "not JSON: a byte order mark stands before it");
  }
  let value: unknown;
  try {
    value = JSON.parse(withExactNumbers(line));
  } catch (error) {
    throw new TraceError("", `not JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new TraceError("", `expected an object, found ${shown(value)}`);
  return value;
}

/** A whole number that a JavaScript number may not hold, between the marks of JSON. */
const longNumber = /[[,:]\s*-?\d{16,}\s*[\],}]/;
const stringOrLongNumber = /"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g;

/** Numbers that would be rounded become 0x strings, as the traces write others of their size. */
function withExactNumbers(line: string): string {
  if (!longNumber.test(line)) return line;
  return line.replace(stringOrLongNumber, (found) =>
    found.startsWith('"') ? found : `"0x${BigInt.asUintN(64, BigInt(found)).toString(16)}"`,
  );
}

/** The number that a `0x` string or a JSON number stands for, as an unsigned 64-bit word. */
export function wordOf(value: HexText | number): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/** The low 32 bits of a `0x` string or a JSON number. */
export function lowHalf(value: HexText | number): number {
  if (typeof value === "number") return value >>> 0;
  return parseInt(value.slice(Math.max(2, value.length - 8)), 16);
}

/** The high 32 bits of a `0x` string or a JSON number (of a negative one too). */
export function highHalf(value: HexText | number): number {
  if (typeof value === "number") return Math.floor(value / 2 ** 32) >>> 0;
  return value.length <= 10 ? 0 : parseInt(value.slice(2, -8), 16);
}
