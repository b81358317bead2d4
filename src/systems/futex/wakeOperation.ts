import {
  checkOptions,
  flag,
  objectOf,
  optional,
  wholeNumber,
  wrong,
  type Check,
  type Shape,
} from "../../base/checks.ts";
import { oneOf } from "../../base/nearest.ts";

/**
 * The operation of FUTEX_WAKE_OP, packed into 32 bits (include/uapi/linux/futex.h):
 *
 *    31      30–28  27–24  23–12        11–0
 *   ┌───────┬──────┬──────┬────────────┬─────────────┐
 *   │ shift │  op  │ cmp  │   oparg    │   cmparg    │   both arguments signed
 *   └───────┴──────┴──────┴────────────┴─────────────┘
 */

/** What becomes of the second word, in the order of the numbers. */
export const wakeOpNames = ["set", "add", "or", "andn", "xor"] as const;
/** How its old value is compared, in the order of the numbers. */
export const wakeOpComparisons = ["eq", "ne", "lt", "le", "gt", "ge"] as const;

export type WakeOpName = (typeof wakeOpNames)[number];
export type WakeOpComparison = (typeof wakeOpComparisons)[number];

const OP_BITS = 3;
const CMP_BITS = 4;
const ARGUMENT_BITS = 12;

export const MOST_OP = 2 ** OP_BITS - 1;
export const MOST_CMP = 2 ** CMP_BITS - 1;
const ARGUMENT_MASK = 2 ** ARGUMENT_BITS - 1;
/** What either argument may be: signed, or the same bits unsigned. */
export const wakeOpArguments = {
  least: -(2 ** (ARGUMENT_BITS - 1)),
  most: ARGUMENT_MASK,
} as const;

const OPARG_AT = ARGUMENT_BITS;
const CMP_AT = 2 * ARGUMENT_BITS;
const OP_AT = CMP_AT + CMP_BITS;
const SHIFT_AT = OP_AT + OP_BITS;

export interface WakeOperation {
  /** A name, or a number from 0 to 7: the kernel does not know 5 to 7. */
  readonly op: WakeOpName | number;
  /** A name, or a number from 0 to 15: the kernel does not know 6 to 15. Default "eq". */
  readonly cmp?: WakeOpComparison | number;
  /** −2048 to 2047; up to 4095 for the same bits, which the kernel takes as signed. Default 0. */
  readonly oparg?: number;
  /** As `oparg`. */
  readonly cmparg?: number;
  /** The operand is 1 << oparg. Default false. */
  readonly shift?: boolean;
}

const numberOrName =
  (names: readonly string[], most: number): Check =>
  (argument, value) => {
    if (typeof value === "number") wholeNumber(argument, value, 0, most);
    else if (typeof value === "string") oneOf(argument, value, names);
    else throw wrong(argument, value, `a number from 0 to ${most}, or ${names.join(", ")}`);
  };

/** Either argument. */
export const wakeOpArgument: Check = (name, value) =>
  void wholeNumber(name, value, wakeOpArguments.least, wakeOpArguments.most);

const wakeOperation: Shape<WakeOperation> = {
  op: numberOrName(wakeOpNames, MOST_OP),
  cmp: optional(numberOrName(wakeOpComparisons, MOST_CMP)),
  oparg: optional(wakeOpArgument),
  cmparg: optional(wakeOpArgument),
  shift: optional(flag),
};

/** Options of other functions that hold an operation. */
export const anyWakeOperation: Check = objectOf<WakeOperation>(wakeOperation);

/** The 32 bits that say what FUTEX_WAKE_OP does, as FUTEX_OP() makes them. @throws UsageError */
export function encodeWakeOp(operation: WakeOperation): number {
  checkOptions("operation", operation, wakeOperation);
  const { op, cmp = "eq", oparg = 0, cmparg = 0, shift = false } = operation;
  const bits =
    (Number(shift) << SHIFT_AT) |
    (numberOf(op, wakeOpNames) << OP_AT) |
    (numberOf(cmp, wakeOpComparisons) << CMP_AT) |
    ((oparg & ARGUMENT_MASK) << OPARG_AT) |
    (cmparg & ARGUMENT_MASK);
  return bits >>> 0;
}

function numberOf(value: string | number, names: readonly string[]): number {
  return typeof value === "number" ? value : names.indexOf(value);
}

/** What 32 bits say: the numbers of operation and comparison, and the arguments with their signs. */
export interface DecodedWakeOp {
  readonly op: number;
  readonly cmp: number;
  readonly oparg: number;
  readonly cmparg: number;
  readonly shift: boolean;
}

/** The parts of an encoded operation, as the kernel takes them apart. @throws UsageError for more than 32 bits */
export function decodeWakeOp(encoded: number): DecodedWakeOp {
  const bits = wholeNumber("encoded", encoded, 0, 2 ** 32 - 1);
  return {
    op: (bits >>> OP_AT) & MOST_OP,
    cmp: (bits >>> CMP_AT) & MOST_CMP,
    oparg: signed(bits >>> OPARG_AT),
    cmparg: signed(bits),
    shift: bits >>> SHIFT_AT === 1,
  };
}

function signed(field: number): number {
  const unused = 32 - ARGUMENT_BITS;
  return (field << unused) >> unused;
}
