import type { AbiName } from "../systems/pcm/abi.ts";
import type { Scalar } from "./scalars.ts";

/** A described structure after every check that needs no ABI. */
export interface Struct {
  readonly name: string;
  readonly root: CompositeType;
  readonly reads: readonly Access[];
  readonly writes: readonly Access[];
  readonly copiesIn: readonly Part[];
  readonly copiesOut: readonly Part[];
  /** Undefined: each architecture's own ABI. */
  readonly abis: readonly AbiName[] | undefined;
}

export type Type = Scalar | CompositeType;

export interface CompositeType {
  readonly kind: "struct" | "union";
  readonly packed: boolean;
  /** 1 where nothing is asked for. */
  readonly align: number;
  readonly fields: readonly Field[];
}

export interface Field {
  /** "" for an anonymous structure or union. */
  readonly name: string;
  readonly type: Type;
  /** Undefined: no array. */
  readonly count: number | undefined;
  readonly align: number;
  readonly offset: number | undefined;
}

/** One step from a structure into a member of it. */
export interface Step {
  readonly owner: CompositeType;
  /** Which of the owner's fields. */
  readonly index: number;
  /** Which element of an array; undefined: the field as a whole. */
  readonly element: number | undefined;
}

/** A member: a field, an element of one, or, without steps, the structure itself. */
export interface Member {
  readonly path: string;
  readonly steps: readonly Step[];
}

/** A value or an array of values that the call moves. */
export interface Access extends Member {
  readonly type: Scalar;
  /** Undefined: a single value. */
  readonly count: number | undefined;
}

/** What one block copy takes. */
export interface Part extends Member {
  /** A single value is moved as one. */
  readonly isValue: boolean;
  /** Place of its copy on the kernel's stack modulo 64. */
  readonly stack: number;
}

/** The most bytes that an ioctl's number can say (14 bits, include/uapi/asm-generic/ioctl.h). */
export const MAX_STRUCT_BYTES = 16383;

/** The most fields on one side of a call. */
export const MAX_FIELDS = 512;

/** The most block copies on one side of a call. */
export const MAX_PARTS = 64;
