import { unknownName } from "../base/nearest.ts";
import {
  alignOption,
  booleanOf,
  described,
  identifier,
  listOf,
  objectOf,
  wholeOf,
  wrong,
  type Json,
} from "./checks.ts";
import { scalarNamed, scalarNames } from "./scalars.ts";
import { MAX_STRUCT_BYTES, type CompositeType, type Field, type Type } from "./struct.ts";

/** Reads the structures, unions and fields of a description. */

const fieldKeys = ["name", "type", "count", "align", "offset", "bits"] as const;
const MOST_NESTED = 16;
const bitField =
  "the word that holds the bits, as one field: C leaves their places to the compiler, and no accessor moves a bit";

/** The named types of a description; each is read where it is first used. */
export class TypeParser {
  readonly #named: Json;
  readonly #known = new Map<string, CompositeType>();
  /** Names of the types that are being read: meeting one again means that it contains itself. */
  readonly #open: string[] = [];
  #depth = 0;

  constructor(named: Json) {
    this.#named = named;
    for (const name of Object.keys(named)) {
      identifier(`types: name "${name}"`, name);
      if (scalarNamed(name) !== undefined) {
        throw wrong(`types.${name}`, "is a C type already", "another name");
      }
    }
  }

  /** Reads every named type, so that mistakes in unused ones are found too. */
  readAll(): void {
    for (const name of Object.keys(this.#named)) this.#byName(`types.${name}`, name);
  }

  /** A structure or a union; `more` are keys that the caller understands. */
  composite(where: string, value: unknown, more: readonly string[] = []): CompositeType {
    const object = objectOf(where, value, ["struct", "union", "packed", "align", ...more]);
    if ("struct" in object === "union" in object) {
      const problem = "struct" in object ? "is both struct and union" : "has no fields";
      throw wrong(where, problem, "a list of fields under struct, or under union");
    }
    const kind = "struct" in object ? "struct" : "union";
    return {
      kind,
      packed: booleanOf(`${where}: packed`, object["packed"]),
      align: alignOption(`${where}: align`, object["align"]),
      fields: this.#fields(where, kind, object[kind]),
    };
  }

  #fields(where: string, kind: CompositeType["kind"], value: unknown): readonly Field[] {
    const list = listOf(`${where}: ${kind}`, value, "fields");
    if (list.length === 0) throw wrong(where, "is zero-sized: it has no fields", "at least one");
    if (list.length > MAX_STRUCT_BYTES) {
      throw wrong(where, `has ${list.length} fields`, `at most ${MAX_STRUCT_BYTES}`);
    }
    this.#depth += 1;
    if (this.#depth > MOST_NESTED) {
      throw wrong(where, "is nested too deep", `at most ${MOST_NESTED} structures in each other`);
    }
    const fields = list.map((entry, index) => this.#field(where, kind, entry, index));
    this.#depth -= 1;
    checkNames(where, fields, new Set());
    return fields;
  }

  #field(where: string, kind: CompositeType["kind"], value: unknown, index: number): Field {
    const object = objectOf(`${where}: field ${index}`, value, fieldKeys);
    const isAnonymous = object["name"] === undefined && typeof object["type"] === "object";
    const name = isAnonymous ? "" : identifier(`${where}: name of field ${index}`, object["name"]);
    const self = isAnonymous ? `${where}: field ${index}` : `${where}: field ${name}`;
    if ("bits" in object) throw wrong(self, "is a bit-field", bitField);
    if (kind === "union" && "offset" in object) {
      throw wrong(self, "has an offset in a union", "no offset: all members of a union start at 0");
    }
    if (object["count"] === 0) {
      throw wrong(self, "is zero-sized", `a count from 1: as many elements as the call passes`);
    }
    return {
      name,
      type: this.#type(self, object["type"]),
      count: wholeOf(`${self}: count`, object["count"], 1, MAX_STRUCT_BYTES, undefined),
      align: alignOption(`${self}: align`, object["align"]),
      offset: wholeOf(`${self}: offset`, object["offset"], 0, MAX_STRUCT_BYTES, undefined),
    };
  }

  #type(where: string, value: unknown): Type {
    if (typeof value !== "string") {
      if (value !== undefined) return this.composite(where, value);
      throw wrong(where, "has no type", "a C type, a name out of types, or a struct or union");
    }
    if (value.includes(":")) throw wrong(where, `is a bit-field (${described(value)})`, bitField);
    const composite = /^(?:(?:struct|union)\s+)?(\w+)$/.exec(value.trim())?.[1];
    if (composite !== undefined && Object.hasOwn(this.#named, composite)) {
      return this.#byName(where, composite);
    }
    const scalar = scalarNamed(value);
    if (scalar !== undefined) return scalar;
    refuseDeclarator(`${where}: type`, value);
    throw unknownName(`${where}: type`, value, [...Object.keys(this.#named), ...scalarNames]);
  }

  #byName(where: string, name: string): CompositeType {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#open.includes(name)) {
      const way = [...this.#open.slice(this.#open.indexOf(name)), name].join(" → ");
      throw wrong(where, `makes ${name} contain itself (${way})`, `a pointer: "${name} *"`);
    }
    this.#open.push(name);
    const type = this.composite(`types.${name}`, this.#named[name]);
    this.#open.pop();
    this.#known.set(name, type);
    return type;
  }
}

/** What C writes in a declaration and a description says otherwise. @throws UsageError that says how */
function refuseDeclarator(where: string, value: string): void {
  const [, element, count] = /^(.*\S)\s*\[\s*(\d+)\s*\]$/.exec(value) ?? [];
  if (element !== undefined) {
    throw wrong(where, `is ${described(value)}`, `"type": "${element}", "count": ${count}`);
  }
  const [, kind, tag] = /^(struct|union)\s+(\w+)$/.exec(value.trim()) ?? [];
  if (tag === undefined) return;
  const fields = `"types": { "${tag}": { "${kind}": [ its fields ] } }`;
  throw wrong(where, `is ${described(value)}, which is not declared`, `declare it: ${fields}`);
}

/** Members of anonymous structures and unions share the names of the one around them. */
function checkNames(where: string, fields: readonly Field[], seen: Set<string>): void {
  for (const { name, type } of fields) {
    if (name === "") {
      if (type.kind !== "scalar") checkNames(where, type.fields, seen);
    } else if (seen.has(name)) {
      throw wrong(`${where}: field ${name}`, "is there twice", "another name for one of them");
    } else seen.add(name);
  }
}
