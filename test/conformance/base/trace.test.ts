import { describe, expect, test } from "vitest";
import {
  highHalf,
  lowHalf,
  parseJsonLine,
  wordOf,
  type HexText,
} from "../../../src/conformance/base/trace.ts";

describe("numbers", () => {
  test.each<{ value: HexText | number; word: bigint; low: number; high: number }>([
    { value: "0x0", word: 0n, low: 0, high: 0 },
    { value: "0x80000000", word: 0x80000000n, low: 0x80000000, high: 0 },
    {
      value: "0xffffffff81000000",
      word: 0xffffffff81000000n,
      low: 0x81000000,
      high: 0xffffffff,
    },
    { value: "0x1000000010000000", word: 0x1000000010000000n, low: 0x10000000, high: 0x10000000 },
    { value: 7, word: 7n, low: 7, high: 0 },
    { value: -77, word: 0xffffffffffffffb3n, low: 0xffffffb3, high: 0xffffffff },
  ])("$value", ({ value, word, low, high }) => {
    expect([wordOf(value), lowHalf(value), highHalf(value)]).toEqual([word, low, high]);
  });
});

describe("lines", () => {
  test("a line that is not JSON", () => {
    expect(() => parseJsonLine('{"id":')).toThrow(/not JSON/);
  });

  test("a line that is no object", () => {
    expect(() => parseJsonLine("[1]")).toThrow("expected an object, found [1]");
  });
});
