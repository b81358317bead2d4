import { describe, expect, test } from "vitest";
import { exempt, firstDifference, hexText } from "../../../src/conformance/base/compare.ts";

describe("first difference", () => {
  test.each([0, 3, 4, 6])("at byte %i", (at) => {
    const expected = new Uint8Array(7);
    const actual = new Uint8Array(7);
    actual[at] = 1;
    expect(firstDifference(expected, actual)).toBe(at);
  });

  test("none", () => expect(firstDifference(new Uint8Array(7), new Uint8Array(7))).toBe(-1));

  test("exempt ranges are cut to the buffer", () => {
    const expected = new Uint8Array(4);
    const actual = Uint8Array.from([1, 2, 3, 4]);
    exempt(expected, actual, -1, 2);
    exempt(expected, actual, 2, 9);
    expect(firstDifference(expected, actual)).toBe(1);
  });
});

test("a 64-bit word reads as one number", () => {
  expect(hexText(0x80000001, 0xffffffff)).toBe("0xffffffff80000001");
});
