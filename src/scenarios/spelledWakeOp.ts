import {
  decodeWakeOp,
  wakeOpComparisons,
  wakeOpNames,
  type DecodedWakeOp,
  type WakeOpComparison,
  type WakeOpName,
} from "../systems/futex/wakeOperation.ts";

/** An operation of FUTEX_WAKE_OP, spelled out. What is done is the emulated kernel's; this is what the bits say. */
export interface SpelledWakeOp extends DecodedWakeOp {
  readonly encoded: number;
  /** Null for numbers that the kernel does not know. */
  readonly opName: WakeOpName | null;
  readonly cmpName: WakeOpComparison | null;
  /** What the operation is done with: `oparg`, or 1 shifted by its low five bits; signed. */
  readonly operand: number;
}

export function spelledWakeOp(encoded: number): SpelledWakeOp {
  const decoded = decodeWakeOp(encoded);
  return {
    ...decoded,
    encoded,
    opName: wakeOpNames[decoded.op] ?? null,
    cmpName: wakeOpComparisons[decoded.cmp] ?? null,
    operand: decoded.shift ? 1 << decoded.oparg : decoded.oparg,
  };
}

const comparisons: Readonly<Record<WakeOpComparison, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

/** Whether a word passes the comparison, both taken as signed; null for one that the kernel does not know. */
export function comparesTo({ cmpName, cmparg }: SpelledWakeOp, word: number): boolean | null {
  return cmpName === null ? null : comparisons[cmpName](word | 0, cmparg);
}
