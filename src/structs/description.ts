import type { AbiName } from "../systems/pcm/abi.ts";

/**
 * A structure and what a system call does with it, as a user writes it down: JSON, or the same as a TypeScript object.
 *
 *   { "name": "span",
 *     "struct": [{ "name": "start", "type": "__u64" },
 *                { "name": "tag", "type": "char", "count": 12 }],
 *     "read": ["start"], "written": ["start", "tag"] }
 */
export interface StructDescription extends Composite {
  readonly name: string;
  readonly struct: readonly FieldDescription[];
  /** Structures and unions with names of their own, used as the type of a field. */
  readonly types?: Readonly<Record<string, CompositeDescription>>;
  /** Paths of the fields that the call reads, in order: `count`, `when.tv_sec`, `extents[1].flags`. */
  readonly read?: readonly string[];
  /** Paths of the fields that it writes back, in order. */
  readonly written?: readonly string[];
  /** What the strategy `copy` copies. Without it: the whole structure, on each side that moves something. */
  readonly copies?: CopiesDescription;
  /** The ABIs to compare where none are asked for. Default: each architecture's own. */
  readonly abis?: readonly AbiName[];
}

interface Composite {
  /** __attribute__((packed)). */
  readonly packed?: boolean;
  /** __attribute__((aligned(n))). */
  readonly align?: number;
}

/** A structure, or a union, inside another. */
export type CompositeDescription =
  | (Composite & { readonly struct: readonly FieldDescription[] })
  | (Composite & { readonly union: readonly FieldDescription[] });

export interface FieldDescription {
  /** May be left out of a nested structure or union, whose members are then the outer one's. */
  readonly name?: string;
  /** A C type (`__u32`, `unsigned long`, `char *`), a name out of `types`, or the nested structure itself. */
  readonly type: string | CompositeDescription;
  /** The field is an array of so many. */
  readonly count?: number;
  /** __attribute__((aligned(n))). */
  readonly align?: number;
  /** Where it must stand, in bytes; without it, where the compiler puts it. */
  readonly offset?: number;
}

export interface CopiesDescription {
  readonly read?: readonly (string | CopyDescription)[];
  readonly written?: readonly (string | CopyDescription)[];
}

/**
 * One block copy of a part. A part that is a single value is moved by get_user or put_user. One that is copied in and
 * out at the same place of the stack is one buffer: what the call does not write goes back as it came.
 */
export interface CopyDescription {
  /** Path of the part. */
  readonly part: string;
  /** Where the compiler put its copy on the kernel's stack, modulo 64: the cost depends on it. Default 0. */
  readonly stack?: number;
}
