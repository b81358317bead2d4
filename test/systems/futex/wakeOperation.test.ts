import { describe, expect, test } from "vitest";
import fc from "../../support/properties.ts";
import { decodeWakeOp, encodeWakeOp, wakeOpComparisons, wakeOpNames } from "../../../src/index.ts";

/** The 32 bits of a WAKE_OP, taken together and apart (include/uapi/linux/futex.h). */

const signed = fc.integer({ min: -2048, max: 2047 });
const operation = fc.record({
  op: fc.integer({ min: 0, max: 7 }),
  cmp: fc.integer({ min: 0, max: 15 }),
  oparg: signed,
  cmparg: signed,
  shift: fc.boolean(),
});

describe("encodeWakeOp", () => {
  test("what it says is what is read back", () => {
    fc.assert(
      fc.property(operation, (parts) => {
        expect(decodeWakeOp(encodeWakeOp(parts))).toEqual(parts);
      }),
    );
  });

  test("each part has its place", () => {
    const parts = { op: "or", cmp: "le", oparg: 0x123, cmparg: 0x456 } as const;
    expect(encodeWakeOp(parts)).toBe(0x23_123_456);
    expect(encodeWakeOp({ ...parts, shift: true })).toBe(0xa3_123_456);
    expect(encodeWakeOp({ op: "set" })).toBe(0);
  });

  test("names stand for the numbers of the header", () => {
    expect(wakeOpNames.map((op) => encodeWakeOp({ op }) >>> 28)).toEqual([0, 1, 2, 3, 4]);
    const comparisons = wakeOpComparisons.map((cmp) => encodeWakeOp({ op: 0, cmp }) >>> 24);
    expect(comparisons).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("4095 is -1, and more is refused", () => {
    expect(encodeWakeOp({ op: "add", oparg: 4095 })).toBe(encodeWakeOp({ op: "add", oparg: -1 }));
    expect(() => encodeWakeOp({ op: "add", oparg: 4096 })).toThrow(/oparg .* from -2048 to 4095/);
    expect(() => encodeWakeOp({ op: "nand" as never })).toThrow(/op /);
  });
});
