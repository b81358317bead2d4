import { describe, expect, test } from "vitest";
import fc from "../../support/properties.ts";
import {
  decodeBytes,
  encodeBytes,
  fnv1a,
  patternBytes,
  statedLike,
} from "../../../src/conformance/base/bytes.ts";

function decoded(text: string, room = 64): number[] {
  const into = new Uint8Array(room);
  return [...into.subarray(0, decodeBytes(text, into))];
}

describe("chunk notation", () => {
  test.each([
    { text: "", bytes: [] },
    { text: "0a0B", bytes: [10, 11] },
    { text: "01 00*3 ff", bytes: [1, 0, 0, 0, 255] },
    { text: "a5*2  07", bytes: [0xa5, 0xa5, 7] },
  ])("$text", ({ text, bytes }) => expect(decoded(text)).toEqual(bytes));

  test("bytes that no longer exist are marked", () => {
    const bytes = new Uint8Array(6).fill(9);
    const known = new Uint8Array(6);
    expect(decodeBytes("01 ??*3 02", bytes, known)).toBe(5);
    expect([[...bytes], [...known]]).toEqual([
      [1, 0, 0, 0, 2, 9],
      [1, 0, 0, 0, 1, 0],
    ]);
  });

  test.each([
    { text: "0g", problem: /"0g" is no hex byte/ },
    { text: "00 1", problem: /"1" is no hex byte/ },
    { text: "00*", problem: /no decimal count/ },
    { text: "00*x2", problem: /no decimal count/ },
    { text: "??*4", problem: /no hex byte/ },
    { text: "00*65", problem: /more than 64 bytes/ },
  ])("$text is refused", ({ text, problem }) => expect(() => decoded(text)).toThrow(problem));

  test("what is encoded decodes to the same bytes", () => {
    const byte = fc.constantFrom(0, 0, 0, 1, 0xff);
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), (bytes) => {
        expect(decoded(encodeBytes(Uint8Array.from(bytes)))).toEqual(bytes);
      }),
    );
  });

  test("runs and bytes that no longer exist are written as chunks", () => {
    const bytes = Uint8Array.from([1, 0, 0, 0, 0, 0, 2, 7, 7]);
    const known = Uint8Array.from([1, 1, 1, 1, 1, 1, 1, 0, 0]);
    expect(encodeBytes(bytes, known)).toBe("01 00*5 02 ??*2");
  });
});

describe("hashes and patterns", () => {
  test.each([
    { text: "", hash: "fnv:cbf29ce484222325" },
    { text: "a", hash: "fnv:af63dc4c8601ec8c" },
    { text: "foobar", hash: "fnv:85944171f73967e8" },
  ])("FNV-1a of '$text'", ({ text, hash }) => {
    expect(fnv1a(new TextEncoder().encode(text))).toBe(hash);
  });

  test("a pattern counts in both its steps", () => {
    const bytes = patternBytes(600, 200, 7, 13);
    for (const i of [0, 1, 255, 256, 300, 599]) {
      expect(bytes[i]).toBe((i * 7 + (i >> 8) * 13 + 200) % 256);
    }
  });

  test("equal bytes are stated as the recording states them", () => {
    const bytes = Uint8Array.from([0, 0, 5]);
    expect(statedLike("00*2 05", bytes)).toBe("00*2 05");
    expect(statedLike("000006", bytes)).toBe("000005");
    expect(statedLike("fnv:0", bytes)).toBe(fnv1a(bytes));
  });
});
