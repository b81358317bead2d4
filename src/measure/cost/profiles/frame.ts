/** Where the size of a function's frame is read off. */

import { readSideOtherStores } from "../figures/primitives.ts";
import type { Term } from "../weights.ts";

/**
 * Stores of the read side of the kernel's own form that do not go to user memory. A primitive has no
 * frame to speak of, so this is the only place where the saved registers of such a function show.
 */
export function readSideStores(architecture: keyof typeof readSideOtherStores): Term {
  return {
    path: `sync_ptr_instruction_counts.${architecture}.a_per_field_get_put_user.read_side.inline.other_stores`,
    value: readSideOtherStores[architecture],
  };
}
