import { describe, expect, test } from "vitest";
import fc from "../support/properties.ts";
import { UsageError } from "../../src/base/errors.ts";
import { editDistance, nearestNames, oneOf, unknownName } from "../../src/base/nearest.ts";

const ARCHS = [
  "x86-64",
  "powerpc-8xx",
  "arm64-pan",
  "arm64-ttbr0",
  "riscv64",
  "riscv64-block-guard",
];

describe("editDistance", () => {
  test.each([
    ["", "", 0],
    ["", "abc", 3],
    ["replay", "replay", 0],
    ["relpay", "replay", 1],
    ["compare", "compair", 2],
    ["ca", "abc", 3],
  ])("%j to %j takes %i edits", (from, to, edits) => {
    expect(editDistance(from, to)).toBe(edits);
  });

  test("is the same in both directions and no less than the difference in length", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
    fc.assert(
      fc.property(word, word, (from, to) => {
        const edits = editDistance(from, to);
        expect(edits).toBe(editDistance(to, from));
        expect(edits).toBeGreaterThanOrEqual(Math.abs(from.length - to.length));
        expect(edits === 0).toBe(from === to);
      }),
    );
  });

  test("of one random edit is at most one", () => {
    const word = fc.string({ minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(word, fc.nat(), fc.string({ maxLength: 1 }), (from, seed, put) => {
        const at = seed % from.length;
        expect(
          editDistance(from, from.slice(0, at) + put + from.slice(at + 1)),
        ).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("nearestNames", () => {
  test("finds a name in spite of a slip of the keys, whatever the letter case", () => {
    expect(nearestNames("X68-64", ARCHS)).toEqual(["x86-64"]);
  });

  test("finds the names that contain the input", () => {
    expect(nearestNames("8xx", ARCHS)).toEqual(["powerpc-8xx"]);
    expect(nearestNames("arm64", ARCHS)).toEqual(["arm64-pan", "arm64-ttbr0"]);
  });

  test("puts the closest first and offers at most three", () => {
    expect(nearestNames("abcdef", ["abcdefg", "abcxyf", "abcdef-1", "abcdxf", "abcdef-2"])).toEqual(
      ["abcdefg", "abcdef-1", "abcdxf"],
    );
  });

  test("offers nothing when nothing is close", () => {
    expect(nearestNames("sparc", ARCHS)).toEqual([]);
    expect(nearestNames("", ARCHS)).toEqual([]);
  });
});

describe("oneOf", () => {
  test("gives a known name back", () => {
    expect(oneOf("arch", "riscv64", ARCHS)).toBe("riscv64");
  });

  test("refuses an unknown one, with the nearest names and all valid ones in one line", () => {
    const look = (): string => oneOf("arch", "x86_64", ARCHS);
    expect(look).toThrow(UsageError);
    expect(look).toThrow(
      `arch "x86_64" is unknown (did you mean x86-64?); valid: ${ARCHS.join(", ")}`,
    );
  });

  test("does not take a name that every object has for a known one", () => {
    expect(() => oneOf("arch", "constructor", ARCHS)).toThrow(UsageError);
  });
});

test("a long list of valid names is cut, and the rest counted", () => {
  const names = Array.from({ length: 20 }, (_, index) => `scenario-${index}`);
  const error = unknownName("scenario", "zzz", names);
  expect(error.valid).toBe(`${names.slice(0, 12).join(", ")} and 8 more`);
  expect(error.message).not.toContain("did you mean");
});
