import { checkThat } from "../base/checks.ts";
import { oneOf } from "../base/nearest.ts";
import { abiNames, type AbiName } from "../systems/pcm/abi.ts";
import { identifier, listOf, objectOf, wholeOf, wrong } from "./checks.ts";
import type { StructDescription } from "./description.ts";
import { accessesOf, findMember } from "./paths.ts";
import { MAX_PARTS, type Access, type CompositeType, type Part, type Struct } from "./struct.ts";
import { TypeParser } from "./typeParser.ts";

const keys = ["name", "types", "read", "written", "copies", "abis"] as const;
const MAX_STACK = 63;

const made = new WeakSet<object>();

/** Layouts and tables trust a structure's fields, so only one that was read here will do. */
export const parsedStruct = checkThat("what parseStruct() gave", (value) =>
  made.has(value as object),
);

/**
 * Reads a description, as JSON text or as an object.
 * @throws UsageError naming the field, what is wrong with it and what is valid
 */
export function parseStruct(description: StructDescription | string): Struct {
  const value = typeof description === "string" ? parsedJson(description) : description;
  const { struct, ...more } = objectOf("structure", value, [...keys, "struct", "packed", "align"]);
  const name = identifier("structure: name", more["name"]);
  const types = new TypeParser(namedTypes(more["types"]));
  const { packed, align } = more;
  const root = types.composite(name, given({ struct, packed, align }));
  types.readAll();
  const reads = accessesOf("read", root, listOf("read", more["read"] ?? [], "paths"));
  const writes = accessesOf("written", root, listOf("written", more["written"] ?? [], "paths"));
  if (reads.length + writes.length === 0) {
    throw wrong(name, "has nothing that is read or written", "paths of fields in read or written");
  }
  const copies = objectOf("copies", more["copies"] ?? {}, ["read", "written"]);
  const parsed: Struct = {
    name,
    root,
    reads,
    writes,
    copiesIn: partsOf("read", root, reads, copies["read"]),
    copiesOut: partsOf("written", root, writes, copies["written"]),
    abis: abisOf(more["abis"]),
  };
  made.add(parsed);
  return parsed;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\s+/g, " ") : String(error);
    throw wrong("structure", `is not JSON: ${why}`, "a JSON object that describes a structure");
  }
}

function namedTypes(value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  const keysOf = typeof value === "object" && value !== null ? Object.keys(value) : ["names"];
  return objectOf("types", value, keysOf);
}

/** Only the keys that have a value: a missing one is not the same as one that is wrong. */
function given(object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function abisOf(value: unknown): readonly AbiName[] | undefined {
  if (value === undefined) return undefined;
  const names = listOf("abis", value, "names of ABIs");
  if (names.length === 0) throw wrong("abis", "is empty", abiNames.join(", "));
  return [...new Set(names.map((name) => oneOf("abis", name, abiNames)))];
}

/** What one side copies: the parts asked for, which hold every field of the side, or the whole structure. */
function partsOf(
  side: "read" | "written",
  root: CompositeType,
  accesses: readonly Access[],
  value: unknown,
): readonly Part[] {
  const argument = `copies.${side}`;
  if (value === undefined) {
    if (accesses.length === 0) return [];
    return [{ path: "", steps: [], isValue: false, stack: 0 }];
  }
  const list = listOf(argument, value, "parts");
  if (list.length > MAX_PARTS) {
    throw wrong(argument, `has ${list.length} parts`, `at most ${MAX_PARTS}`);
  }
  const parts = list.map((part, index) => partOf(`${argument}[${index}]`, root, part));
  const missing = accesses.find((access) => !parts.some((part) => holds(part, access)));
  if (missing !== undefined) {
    throw wrong(argument, `leaves out ${missing.path}`, `parts that hold every field in ${side}`);
  }
  const idle = parts.find((part) => !accesses.some((access) => holds(part, access)));
  if (idle === undefined) return parts;
  throw wrong(argument, `copies ${idle.path}`, `parts with a field that is in ${side}`);
}

function partOf(argument: string, root: CompositeType, value: unknown): Part {
  const object =
    typeof value === "string" ? { part: value } : objectOf(argument, value, ["part", "stack"]);
  const { path, steps, type, count } = findMember(argument, root, object["part"]);
  return {
    path,
    steps,
    isValue: type.kind === "scalar" && count === undefined,
    stack: wholeOf(`${argument}: stack`, object["stack"], 0, MAX_STACK, 0),
  };
}

/** True where the way to a field leads through the part. */
export function holds(part: Part, { steps }: Access): boolean {
  return part.steps.every((step, index) => {
    const other = steps[index];
    const isSame = step.owner === other?.owner && step.index === other.index;
    return isSame && (step.element === undefined || step.element === other.element);
  });
}
