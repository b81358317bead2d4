import { UsageError } from "../base/errors.ts";
import { oneOf } from "../base/nearest.ts";

/** Turning the command's text arguments into values; each mistake is one line that names the option. */

/** A comma-separated list of names out of `valid`, each once; "all" is every one. */
export function nameList<Name extends string>(
  option: string,
  text: string,
  valid: readonly Name[],
): readonly Name[] {
  if (text === "all") return valid;
  return [...new Set(text.split(",").map((name) => oneOf(option, name.trim(), valid)))];
}

/** A whole number within a range. */
export function wholeOption(option: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError({
    argument: option,
    problem: `is "${text}"`,
    valid: `a whole number from ${least} to ${most}`,
  });
}

/** A 32-bit word, decimal or hexadecimal. */
export function wordOption(option: string, text: string): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value < 2 ** 32) return value;
  throw new UsageError({
    argument: option,
    problem: `is "${text}"`,
    valid: "a word from 0 to 4294967295, decimal or with 0x",
  });
}

/** A number within a range, decimal with a sign or hexadecimal. */
export function signedOption(option: string, text: string, least: number, most: number): number {
  const typed = text.trim();
  const value = /^(0x[0-9a-f]+|-?\d+)$/i.test(typed) ? Number(typed) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError({
    argument: option,
    problem: `is "${text}"`,
    valid: `a whole number from ${least} to ${most}, decimal or with 0x`,
  });
}

/** A comma-separated list of whole numbers within a range, each once. */
export function wholeList(
  option: string,
  text: string,
  least: number,
  most: number,
): readonly number[] {
  return [...new Set(text.split(",").map((part) => wholeOption(option, part.trim(), least, most)))];
}
