import { unknownName } from "../base/nearest.ts";
import { described, textOf, wrong } from "./checks.ts";
import {
  MAX_FIELDS,
  type Access,
  type CompositeType,
  type Field,
  type Member,
  type Step,
  type Type,
} from "./struct.ts";

/** Finds members of a structure by their paths: `count`, `when.tv_sec`, `extents[1].flags`. */

const pathForm = "a path such as count, when.tv_sec or extents[1].flags";

/** A member, and what it is. */
export interface Found extends Member {
  readonly type: Type;
  /** Undefined: no array, or one element of it. */
  readonly count: number | undefined;
}

/** @throws UsageError naming the path and the members there are */
export function findMember(argument: string, root: CompositeType, value: unknown): Found {
  const path = textOf(argument, value, pathForm);
  let found: Found = { path: "", steps: [], type: root, count: undefined };
  for (const word of path.split(".")) found = stepInto(argument, found, word);
  return found;
}

function stepInto(argument: string, from: Found, word: string): Found {
  const [, name, index] = /^(\w+)(?:\[(\d+)\])?$/.exec(word) ?? [];
  if (name === undefined) throw wrong(argument, `holds ${described(word)}`, pathForm);
  if (from.type.kind === "scalar" || from.count !== undefined) throw noMembers(argument, from);
  const steps = stepsTo(from.type, name);
  if (steps === undefined) throw unknownName(argument, name, memberNames(from.type));
  const field = fieldOf(steps.at(-1)!);
  const path = from.path === "" ? name : `${from.path}.${name}`;
  const whole = { path, steps: [...from.steps, ...steps], type: field.type, count: field.count };
  return index === undefined ? whole : elementOf(argument, whole, Number(index));
}

function noMembers(argument: string, { path, count }: Found): Error {
  const problem = `asks for a member of ${path}, which has none`;
  const valid = count === undefined ? `${path} alone` : `${path}[0] to ${path}[${count - 1}]`;
  return wrong(argument, problem, valid);
}

/** One element of an array. */
function elementOf(argument: string, { path, steps, type, count }: Found, element: number): Found {
  if (count === undefined || element >= count) {
    const problem = count === undefined ? "is no array" : `has no element ${element}`;
    const valid = count === undefined ? path : `${path}[0] to ${path}[${count - 1}]`;
    throw wrong(`${argument}: ${path}`, problem, valid);
  }
  const last = { ...steps.at(-1)!, element };
  return {
    path: `${path}[${element}]`,
    steps: [...steps.slice(0, -1), last],
    type,
    count: undefined,
  };
}

export function fieldOf({ owner, index }: Step): Field {
  return owner.fields[index]!;
}

/** The steps to a member, through anonymous structures and unions. */
function stepsTo(owner: CompositeType, name: string): readonly Step[] | undefined {
  for (const [index, field] of owner.fields.entries()) {
    const step = { owner, index, element: undefined };
    if (field.name === name) return [step];
    if (field.name !== "" || field.type.kind === "scalar") continue;
    const rest = stepsTo(field.type, name);
    if (rest !== undefined) return [step, ...rest];
  }
  return undefined;
}

function memberNames(owner: CompositeType): string[] {
  return owner.fields.flatMap(({ name, type }) => {
    if (name !== "") return [name];
    return type.kind === "scalar" ? [] : memberNames(type);
  });
}

/**
 * The values and arrays of values behind the paths of a list: a structure stands for all its fields, an array of
 * structures for all of all elements.
 */
export function accessesOf(
  argument: string,
  root: CompositeType,
  paths: readonly unknown[],
): readonly Access[] {
  const accesses: Access[] = [];
  const seen = new Set<string>();
  /** Arrays of values of which an element was named. */
  const inPart = new Set<string>();
  paths.forEach((path, index) => {
    const self = `${argument}[${index}]`;
    for (const access of leaves(self, findMember(self, root, path))) {
      const whole = access.path.replace(/\[\d+\]$/, "");
      if (seen.has(access.path) || seen.has(whole) || inPart.has(access.path)) {
        throw wrong(self, `names ${access.path} again`, "each field once");
      }
      seen.add(access.path);
      if (whole !== access.path) inPart.add(whole);
      accesses.push(access);
      if (accesses.length > MAX_FIELDS) {
        throw wrong(argument, `names more than ${MAX_FIELDS} fields`, `at most ${MAX_FIELDS}`);
      }
    }
  });
  return accesses;
}

function* leaves(argument: string, found: Found): Generator<Access> {
  const { path, steps, type, count } = found;
  if (type.kind === "scalar") yield { path, steps, type, count };
  else if (count !== undefined) {
    for (let at = 0; at < count; at++) yield* leaves(argument, elementOf(argument, found, at));
  } else if (type.kind === "union") {
    const valid = memberNames(type).map((name) => `${path}.${name}`);
    throw wrong(argument, `names the union ${path}`, `one of its members: ${valid.join(", ")}`);
  } else yield* leavesOfStruct(argument, found, type);
}

function* leavesOfStruct(argument: string, from: Found, type: CompositeType): Generator<Access> {
  for (const [index, field] of type.fields.entries()) {
    const path = field.name === "" ? from.path : `${from.path}.${field.name}`;
    const steps = [...from.steps, { owner: type, index, element: undefined }];
    yield* leaves(argument, { path, steps, type: field.type, count: field.count });
  }
}
