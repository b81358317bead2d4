import type { StructLayout } from "../structs/index.ts";
import { callStruct, writeTables, type StructBed } from "./structBed.ts";

/** Bytes of the kernel's stack that reach user memory. */
export interface Leak {
  readonly offset: number;
  readonly bytes: number;
  /** The compiler's padding, or fields that the call does not write. */
  readonly cause: "hole" | "not-written";
  /** The field before the hole, or the first one that is not written. */
  readonly field: string;
}

/** What the kernel's stack held before the call. Neither a value of ours nor the user's pattern nor zero. */
const STALE = 0xd1;

/**
 * What a copy discloses when the structure is built anew on the kernel's stack and not zeroed first: one call of
 * strategy `copy` over bounce buffers full of stale bytes, and those that are found in user memory afterwards.
 */
export function structLeaks(bed: StructBed, layout: StructLayout): readonly Leak[] {
  for (const { kernel, bytes } of bed.tables.lists.cleared) {
    bed.call.bytes.fill(STALE, kernel, kernel + bytes);
  }
  writeTables(bed, { ...bed.tables.lists, cleared: [] });
  callStruct(bed, "copy");
  writeTables(bed, bed.tables.lists);
  const after = bed.pages.read(0, layout.bytes);
  const stale = [...after.keys()].filter((at) => after[at] === STALE);
  return runs(stale.map((at) => ({ at, ...causeOf(layout, at) })));
}

type Cause = Pick<Leak, "cause" | "field">;

function causeOf({ holes, fields }: StructLayout, at: number): Cause {
  const hole = holes.find(({ offset, bytes }) => at >= offset && at < offset + bytes);
  if (hole !== undefined) return { cause: "hole", field: hole.after };
  const field = fields.find(({ offset, bytes }) => at >= offset && at < offset + bytes);
  return { cause: "not-written", field: field!.path };
}

/** Neighbouring bytes with one cause. */
function runs(bytes: readonly (Cause & { readonly at: number })[]): readonly Leak[] {
  const leaks: Leak[] = [];
  for (const { at, cause, field } of bytes) {
    const last = leaks.at(-1);
    const goesOn =
      last !== undefined &&
      last.offset + last.bytes === at &&
      last.cause === cause &&
      last.field === field;
    if (goesOn) leaks[leaks.length - 1] = { ...last, bytes: last.bytes + 1 };
    else leaks.push({ offset: at, bytes: 1, cause, field });
  }
  return leaks;
}
