import { expect, test } from "vitest";
import { content, crc32, PAGE_BYTES } from "../../../src/conformance/base/content.ts";

test("the checksum is zlib's", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe("cbf43926");
  expect(crc32(new Uint8Array(PAGE_BYTES))).toBe("c71c0011");
  expect(crc32(new Uint8Array())).toBe("00000000");
});

test("content as recorded: the start and end of a filled page", () => {
  const bytes = content(4160801282, 0n, PAGE_BYTES);
  expect(crc32(bytes)).toBe("13b60b6b");
  expect([...bytes.subarray(0, 4)]).toEqual([0x75, 0xaf, 0xcd, 0x3e]);
});

test("any part of a stream is the part of the whole", () => {
  const whole = content(77, 4000n, 5000);
  for (const [at, length] of [
    [0, 1],
    [1, 7],
    [95, 200],
    [4190, 810],
  ] as const) {
    expect(content(77, 4000n + BigInt(at), length)).toEqual(whole.subarray(at, at + length));
  }
});

test("page numbers count modulo 2^32", () => {
  expect(content(5, 1n << 44n, 100)).toEqual(content(5, 0n, 100));
});
