import { UsageError } from "./errors.ts";
import { oneOf, unknownOption } from "./nearest.ts";
import { shown } from "./shown.ts";

/**
 * What the library asks of a caller's arguments. Types stop at the border to JavaScript, so every public function
 * looks at what it is given before it does anything: a check throws a UsageError that names the argument, or returns.
 */
export type Check = (argument: string, value: unknown) => void;

/** A check for every option that an object may have: no option can be added without one. */
export type Shape<Options> = { readonly [Name in keyof Options]-?: Check };

/**
 * Checks an object of options: each by its own check and under its own name; one that the shape does not know is
 * refused, with the names it may have been meant for.
 */
export function checkOptions<Options>(
  argument: string,
  value: Options,
  shape: Shape<Options>,
): void {
  checkEntries(argument, value, shape, (name) => name);
}

/** An object inside another: its entries are named with their owner. */
export function objectOf<Entries>(shape: Shape<Entries>): Check {
  return (argument, value) => checkEntries(argument, value, shape, (name) => `${argument}.${name}`);
}

function checkEntries(
  argument: string,
  value: unknown,
  shape: Readonly<Record<string, Check>>,
  nameOf: (name: string) => string,
): void {
  const names = Object.keys(shape);
  if (!isObject(value)) throw wrong(argument, value, `an object of ${names.join(", ")}`);
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(shape, name)) throw unknownOption(nameOf(name), name, names);
  }
  for (const name of names) shape[name]!(nameOf(name), value[name]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for a value that is nothing of what is valid. */
export function wrong(argument: string, value: unknown, valid: string): UsageError {
  return new UsageError({ argument, problem: `is ${shown(value)}`, valid });
}

/** What `fits` says no to is refused. */
export function checkThat(valid: string, fits: (value: unknown) => boolean): Check {
  return (argument, value) => {
    if (!fits(value)) throw wrong(argument, value, valid);
  };
}

export const text = checkThat("a string", (value) => typeof value === "string");
export const flag = checkThat("true or false", (value) => typeof value === "boolean");
export const callback = checkThat("a function", (value) => typeof value === "function");

/** Bytes that are there: a buffer can go with a message to another thread, or shrink, under a view of it. */
export const byteArray: Check = (argument, value) => {
  if (!isByteArray(value)) throw wrong(argument, value, "a Uint8Array");
  if (hasMemory(value)) return;
  throw new UsageError({
    argument,
    problem: "is a Uint8Array whose buffer was transferred away or has shrunk",
    valid: "a Uint8Array with its memory",
  });
};

/** A view by its nature: an object that inherits from one, or a Proxy of one, has no bytes. */
export function isByteArray(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && value instanceof Uint8Array;
}

/** Asking such a view for an element throws, where its length would be 0 as if it were empty. */
function hasMemory(bytes: Uint8Array): boolean {
  try {
    Uint8Array.prototype.at.call(bytes, 0);
    return true;
  } catch {
    return false;
  }
}

/** A Uint8Array of a length that `fits`; `valid` says which. */
export function byteArrayOf(valid: string, fits: (length: number) => boolean): Check {
  return (argument, value) => {
    byteArray(argument, value);
    const { length } = value as Uint8Array;
    if (fits(length)) return;
    const problem = `is a Uint8Array of ${length} bytes`;
    throw new UsageError({ argument, problem, valid: `a Uint8Array of ${valid}` });
  };
}

/** An option that may be left out. */
export function optional(check: Check): Check {
  return (argument, value) => {
    if (value !== undefined) check(argument, value);
  };
}

export function orNull(check: Check): Check {
  return (argument, value) => {
    if (value !== null) check(argument, value);
  };
}

export function nameOf(valid: readonly string[]): Check {
  return (argument, value) => void oneOf(argument, value, valid);
}

/** An object that has these methods, whoever made it. */
export function withMethods(names: readonly string[]): Check {
  return checkThat(
    `an object with ${names.join(", ")}`,
    (value) =>
      typeof value === "object" &&
      value !== null &&
      names.every((name) => typeof (value as Record<string, unknown>)[name] === "function"),
  );
}

export function whole(least: number, most: number): Check {
  return (argument, value) => void wholeNumber(argument, value, least, most);
}

/** A list; an entry that does not fit is named by its place. */
export function listOf(entry: Check): Check {
  return (argument, value) => {
    if (!Array.isArray(value)) throw wrong(argument, value, "a list");
    for (const [index, item] of value.entries()) entry(`${argument}[${index}]`, item);
  };
}

/** A whole number within a range. @throws UsageError naming the argument and the range */
export function wholeNumber(argument: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) {
    return value as number;
  }
  throw wrong(argument, value, `a whole number from ${least} to ${most}`);
}
