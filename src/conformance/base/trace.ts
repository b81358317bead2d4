/**
 * Reading golden traces: one JSON object a line, one object a case. This file knows what the
 * traces of all systems share and how to say what is wrong with a line.
 */

import { text as checkText } from "../../base/checks.ts";
import { FaultlineError } from "../../base/errors.ts";

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

/** A number of any size. */
export type Word = HexText | number;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 57)}...` : json;
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
export function wordOf(value: Word): bigint {
  return BigInt.asUintN(64, BigInt(value));
}

/** The low 32 bits of a `0x` string or a JSON number. */
export function lowHalf(value: Word): number {
  if (typeof value === "number") return value >>> 0;
  return parseInt(value.slice(Math.max(2, value.length - 8)), 16);
}

/** The high 32 bits of a `0x` string or a JSON number (of a negative one too). */
export function highHalf(value: Word): number {
  if (typeof value === "number") return Math.floor(value / 2 ** 32) >>> 0;
  return value.length <= 10 ? 0 : parseInt(value.slice(2, -8), 16);
}
