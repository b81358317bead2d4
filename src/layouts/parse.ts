import { wrong } from "../base/checks.ts";
import { oneOf, unknownName } from "../base/nearest.ts";
import { UsageError } from "../base/errors.ts";
import {
  areaKindNames,
  flagNames,
  largeLeaves,
  listNames,
  type AreaDescription,
  type AreaKind,
} from "./area.ts";
import { named, PAGE } from "./check.ts";
import { parsePages } from "./pages.ts";

/**
 * The text form, one area a line:
 *
 *   ADDRESS LENGTH hole
 *   ADDRESS LENGTH PROTECTION KIND [WORD | WORD=VALUE]…
 */

type Part = Partial<{ -readonly [Option in keyof AreaDescription]: AreaDescription[Option] }>;

const KIB = 1024n;
const units: Readonly<Record<string, bigint>> = {
  "": 1n,
  p: PAGE,
  k: KIB,
  m: KIB ** 2n,
  g: KIB ** 3n,
};

const length = "a number with p (pages), K, M or G";

/** "16p", "64K", "1GiB"; without a unit bytes. */
export function parseBytes(argument: string, text: string): bigint {
  const [, digits, unit] = /^(\d{1,16})(p|[kmg](?:ib)?|)$/i.exec(text) ?? [];
  if (digits === undefined || unit === undefined) throw wrong(argument, text, length);
  return BigInt(digits) * units[unit.slice(0, 1).toLowerCase()]!;
}

function parseAddress(text: string): bigint {
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) return BigInt(text);
  throw wrong("address", text, "0x and up to 16 hexadecimal digits");
}

/** "r-x", "rw", "-", "---" or "none". */
function parseProtection(text: string): string {
  if (text === "none" || text === "-") return "none";
  if (/^[r-]?[w-]?[x-]?$/.test(text)) return text.replaceAll("-", "") || "none";
  throw wrong("protection", text, "letters of rwx with - or nothing for what is missing, or none");
}

function parseKind(text: string): AreaKind {
  if (text !== "") return oneOf("kind", text, areaKindNames);
  throw new UsageError({
    argument: "kind",
    problem: "is missing",
    valid: areaKindNames.join(", "),
  });
}

/** What a word stands for that has a value behind "=". */
const valued = new Map<string, (name: string, value: string) => Part>([
  ["file", (_, value) => ({ file: value })],
  ["size", (name, value) => ({ size: parseBytes(name, value) })],
  ["offset", (name, value) => ({ offset: parseBytes(name, value) })],
  ["access", (name, value) => ({ access: Number(parseBytes(name, value)) })],
  ["leaf", (name, value) => ({ leaf: oneOf(name, value, largeLeaves) })],
  ...listNames.map((list): [string, (name: string, value: string) => Part] => [
    list,
    (name, value) => ({ [list]: parsePages(name, value) }),
  ]),
]);

/** What a word stands for by itself. */
const plain = new Map<string, Part>([
  ...flagNames.map((flag): [string, Part] => [flag, { [flag]: true }]),
  ["disk", { backing: "disk" }],
  ["read-only", { backing: "read-only disk" }],
]);

const layoutWords: readonly string[] = [
  ...plain.keys(),
  ...[...valued.keys()].map((word) => `${word}=`),
];

function parseWord(word: string): Part {
  const [name, value] = splitWord(word);
  const part = value === undefined ? plain.get(name) : valued.get(name)?.(name, value);
  if (part !== undefined) return part;
  throw unknownName("word", word, layoutWords);
}

function splitWord(word: string): [string, string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** One line, as what it describes; whether that can be is checked elsewhere. */
export function parseLine(name: string, line: string): AreaDescription {
  return named(name, () => {
    const [at = "", bytes = "", ...rest] = line.split(/\s+/);
    const place = { at: parseAddress(at), length: parseBytes("length", bytes) };
    const [protection = "", kind = "", ...words] = rest[0] === "hole" ? ["none", ...rest] : rest;
    const head = {
      ...place,
      protection: parseProtection(protection),
      kind: parseKind(kind),
    };
    return words.reduce<AreaDescription>((area, word) => added(area, parseWord(word)), head);
  });
}

/** A word said twice would silently mean its last. */
function added(area: AreaDescription, part: Part): AreaDescription {
  const [option] = Object.keys(part);
  if (option !== undefined && Object.hasOwn(area, option)) {
    throw wrong("word", option, "each word once");
  }
  return { ...area, ...part };
}
