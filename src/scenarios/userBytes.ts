/** What a call did to user memory, seen from outside. */

/** What user memory holds before a call, so that every byte the kernel wrote shows. */
export const PATTERN = 0xee;

/** A field in its place. */
export interface FieldBytes<Name extends string = string> {
  readonly field: Name;
  readonly offset: number;
  readonly width: number;
}

export interface Changes<Name extends string = string> {
  /**
   * Which of the fields hold other bytes than before, in order. "old": the kernel did not write it, or wrote the
   * program's own value back.
   */
  readonly written: readonly { readonly field: Name; readonly state: "new" | "partly" | "old" }[];
  /**
   * Bytes outside these fields that are not what they were: holes, tails, other fields. What a copy wrote back as it
   * had come does not show.
   */
  readonly otherBytesChanged: readonly number[];
}

/** Compares user memory before and after a call, field by field. */
export function whatChanged<Name extends string>(
  fields: readonly FieldBytes<Name>[],
  before: Uint8Array,
  after: Uint8Array,
): Changes<Name> {
  const changed = new Set([...after.keys()].filter((at) => after[at] !== before[at]));
  const others = new Set(changed);
  const written = fields.map(({ field, offset, width }) => {
    let count = 0;
    for (let at = offset; at < offset + width; at++) {
      others.delete(at);
      if (changed.has(at)) count += 1;
    }
    const state = count === width ? "new" : count === 0 ? "old" : "partly";
    return { field, state } as const;
  });
  return { written, otherBytesChanged: [...others] };
}
