import { holds } from "./parse.ts";
import type { Places } from "./layout.ts";
import type { Access, Part, Struct } from "./struct.ts";

/**
 * The tables that the core moves a structure by (assembly/structs/call.ts): what each strategy moves, and where the
 * kernel's side of it stands in the buffer that holds all of them.
 *
 *   ┌────────┬───────┬──────────────┬──────────────┬─────────────────────────────────────────────┐
 *   │ header │ moves │ values read  │ values       │ bounce buffers, each at its place modulo 64 │
 *   └────────┴───────┴──────────────┴──────────────┴─────────────────────────────────────────────┘
 *                      both laid out as the structure
 */

/** The lists of moves, in the core's order. */
export const listNames = [
  "reads",
  "writes",
  "copiesIn",
  "copiesOut",
  "taken",
  "cleared",
  "assembled",
] as const;

export type ListName = (typeof listNames)[number];

export interface Move {
  /** From the structure's start; of a move inside the buffer, from the buffer's. */
  readonly place: number;
  readonly kernel: number;
  readonly bytes: number;
  readonly isValue: boolean;
}

export interface MoveTables {
  readonly structBytes: number;
  readonly lists: Readonly<Record<ListName, readonly Move[]>>;
  /** The values that the kernel writes, laid out as the structure. */
  readonly valuesAt: number;
  /** Of the whole buffer. */
  readonly bytes: number;
}

/** Sizes of what stands before the values, as the core has them. */
export interface TableSizes {
  readonly header: number;
  readonly move: number;
}

const CACHE_LINE = 64;

/** A part with its place in the structure and its copy's place in the buffer. */
interface Bounce {
  readonly part: Part;
  readonly offset: number;
  readonly bytes: number;
  readonly at: number;
  /** It holds what was copied in. */
  readonly isShared: boolean;
}

export function moveTables(struct: Struct, places: Places, sizes: TableSizes): MoveTables {
  const structBytes = places.root.bytes;
  const readAt = nextLine(sizes.header + sizes.move * mostMoves(struct));
  const valuesAt = nextLine(readAt + structBytes);
  const start = nextLine(valuesAt + structBytes);
  const bouncesIn = placed(struct.copiesIn, places, readAt, { list: [], end: start });
  const bouncesOut = placed(struct.copiesOut, places, valuesAt, bouncesIn);
  const fresh = bouncesOut.list.filter((bounce) => isBuffer(bounce) && !bounce.isShared);
  const inside = (list: readonly Bounce[], access: Access, values: number): readonly Move[] =>
    insideMoves(list, access, places, values);
  const lists = {
    reads: struct.reads.map((access) => userMove(access, places, readAt)),
    writes: struct.writes.map((access) => userMove(access, places, valuesAt)),
    copiesIn: bouncesIn.list.map(copyMove),
    copiesOut: bouncesOut.list.map(copyMove),
    taken: struct.reads.flatMap((access) => inside(bouncesIn.list, access, readAt).slice(0, 1)),
    cleared: fresh.map(({ at, bytes }) => clearMove(at, bytes)),
    assembled: struct.writes.flatMap((access) => inside(bouncesOut.list, access, valuesAt)),
  };
  return { structBytes, lists, valuesAt, bytes: bouncesOut.end };
}

/** Moves in all lists together, at most: a value that is read may have no bounce buffer. */
function mostMoves({ reads, writes, copiesIn, copiesOut }: Struct): number {
  const assembled = writes.flatMap((access) => copiesOut.filter((part) => holds(part, access)));
  const copies = copiesIn.length + 2 * copiesOut.length;
  return 2 * reads.length + writes.length + copies + assembled.length;
}

function nextLine(at: number): number {
  return Math.ceil(at / CACHE_LINE) * CACHE_LINE;
}

interface Bounces {
  readonly list: readonly Bounce[];
  /** Where the next one may begin. */
  readonly end: number;
}

/**
 * Gives each part a place behind the earlier ones. A single value has its own among the values; a part that was read
 * into the same place of the stack before goes out of the buffer that it came into.
 */
function placed(
  parts: readonly Part[],
  places: Places,
  valuesAt: number,
  earlier: Bounces,
): Bounces {
  let { end } = earlier;
  const list = parts.map((part): Bounce => {
    const { offset, bytes } = places.placeOf(part);
    const base = { part, offset, bytes, isShared: false };
    if (part.isValue) return { ...base, at: valuesAt + offset };
    const same = earlier.list.find(({ part: other }) => isSame(part, other));
    if (same !== undefined) return { ...base, at: same.at, isShared: true };
    const at = end + part.stack;
    end = nextLine(at + bytes);
    return { ...base, at };
  });
  return { list, end };
}

function isSame(part: Part, other: Part): boolean {
  return part.path === other.path && part.stack === other.stack;
}

/** A single value needs no buffer: it is moved between user memory and the values. */
function isBuffer({ part }: Bounce): boolean {
  return !part.isValue;
}

function copyMove({ part, offset, bytes, at }: Bounce): Move {
  return { place: offset, kernel: at, bytes, isValue: part.isValue };
}

function clearMove(at: number, bytes: number): Move {
  return { place: at, kernel: at, bytes, isValue: false };
}

/** A field moved between user memory and the values at `valuesAt`. */
function userMove(access: Access, places: Places, valuesAt: number): Move {
  const { offset, bytes } = places.placeOf(access);
  return { place: offset, kernel: valuesAt + offset, bytes, isValue: access.count === undefined };
}

/** A field moved between the values and every bounce buffer that holds it. */
function insideMoves(
  bounces: readonly Bounce[],
  access: Access,
  places: Places,
  valuesAt: number,
): readonly Move[] {
  const { offset, bytes } = places.placeOf(access);
  return bounces
    .filter((bounce) => isBuffer(bounce) && holds(bounce.part, access))
    .map(({ at, offset: start }) => ({
      place: at + offset - start,
      kernel: valuesAt + offset,
      bytes,
      isValue: false,
    }));
}
