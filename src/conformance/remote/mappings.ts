/** Comparing lists of mappings and rows of page letters, with what the recordings leave open. */

import { PAGE_BYTES } from "../base/content.ts";
import type { MappingView } from "./machine.ts";

interface ProcessMapping extends MappingView {
  readonly process: number;
}

/**
 * A list of mappings as text, neighbours that look alike joined: whether the kernel itself joined them depends on flags
 * that the list does not show.
 */
export function mappingLines(mappings: readonly ProcessMapping[]): string {
  const joined: ProcessMapping[] = [];
  for (const mapping of mappings) {
    const last = joined.at(-1);
    if (last !== undefined && continues(last, mapping)) {
      joined.push({ ...joined.pop()!, end: mapping.end });
    } else joined.push(mapping);
  }
  return joined.map(mappingLine).join("; ");
}

function continues(before: ProcessMapping, after: ProcessMapping): boolean {
  const alike =
    before.process === after.process &&
    before.end === after.start &&
    before.permissions === after.permissions &&
    before.backing === after.backing;
  if (!alike || before.backing === "anon") return alike;
  return before.pageOffset + (before.end - before.start) / BigInt(PAGE_BYTES) === after.pageOffset;
}

function mappingLine(mapping: ProcessMapping): string {
  const { process, start, end, permissions, backing, pageOffset } = mapping;
  return `${process}: ${start.toString(16)}-${end.toString(16)} ${permissions} ${backing} ${pageOffset}`;
}

/** True if two rows of letters say the same, where "absent" and "page of a file" count as one in `mappings`. */
export function sameLetters(
  expected: string,
  actual: string,
  address: bigint,
  mappings: readonly MappingView[],
): boolean {
  if (expected.length !== actual.length) return false;
  return [...expected].every((letter, page) => {
    const other = actual[page]!;
    if (letter === other) return true;
    if (!".F".includes(letter) || !".F".includes(other)) return false;
    const at = address + BigInt(page * PAGE_BYTES);
    return mappings.some(({ start, end }) => start <= at && at < end);
  });
}
