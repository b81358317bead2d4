import { describe, expect, test } from "vitest";
import { Mismatch } from "../../../src/conformance/base/compare.ts";
import { requestBytes, type PageAccess } from "../../../src/conformance/pcm/machine.ts";
import { RequestPages } from "../../../src/conformance/pcm/requestPages.ts";

/** Two pages of plain memory. */
class PlainPages {
  readonly bytes = new Uint8Array(requestBytes);
  access = "";

  setRequestPages(image: Uint8Array, access: PageAccess): void {
    this.bytes.set(image);
    this.access = access;
  }

  readRequestPages(into: Uint8Array): void {
    into.set(this.bytes);
  }
}

function pagesWith(input: string, offset: number | null, access: PageAccess = "ww") {
  const memory = new PlainPages();
  const pages = new RequestPages(memory);
  pages.place(input, offset, access);
  return { memory, pages };
}

function mismatch(run: () => void): Mismatch {
  try {
    run();
  } catch (error) {
    if (error instanceof Mismatch) return error;
    throw error;
  }
  throw new Error("nothing differed");
}

describe("before the request", () => {
  test("the argument lies between untouched bytes", () => {
    const { memory } = pagesWith("01 02", 4095, "wr");
    expect([...memory.bytes.subarray(4094, 4098)]).toEqual([0xa5, 1, 2, 0xa5]);
    expect(memory.access).toBe("wr");
  });

  test("an argument that runs past the pages is cut", () => {
    const { memory, pages } = pagesWith("11*8", requestBytes - 3);
    expect(memory.bytes.at(-1)).toBe(0x11);
    expect(pages.readBack()).toHaveLength(3);
  });

  test("an argument elsewhere leaves the pages untouched", () => {
    const { memory } = pagesWith("11*8", null);
    expect(memory.bytes.every((byte) => byte === 0xa5)).toBe(true);
  });

  test("nothing is left of the request before", () => {
    const { memory, pages } = pagesWith("11*8", 100);
    pages.place("22", 500, "ww");
    expect([memory.bytes[100], memory.bytes[107], memory.bytes[500]]).toEqual([0xa5, 0xa5, 0x22]);
  });
});

describe("after the request", () => {
  test("unchanged bytes satisfy '='", () => {
    const { pages } = pagesWith("11*8", 100);
    expect(() => pages.expect("=", [])).not.toThrow();
  });

  test("a changed byte is shown with its place", () => {
    const { memory, pages } = pagesWith("11*8", 100);
    memory.bytes[103] = 0x12;
    const { field, expected, actual } = mismatch(() => pages.expect("=", []));
    expect([field, expected, actual]).toEqual([
      "out",
      "11*8 (from byte 3)",
      "11111112 11*4 (from byte 3)",
    ]);
  });

  test("a byte outside the argument is a stray one", () => {
    const { memory, pages } = pagesWith("11*8", 100);
    memory.bytes[108] = 0;
    expect(mismatch(() => pages.expect("=", []))).toMatchObject({
      field: "stray",
      expected: "a5 at page offset 0x6c",
      actual: "00 at page offset 0x6c",
    });
  });

  test("skipped ranges and bytes that no longer exist are not compared", () => {
    const { memory, pages } = pagesWith("11*8", 100);
    memory.bytes.set([7, 7], 102);
    memory.bytes[107] = 9;
    expect(() => pages.expect("11*7 ??*1", [[2, 2]])).not.toThrow();
    expect(mismatch(() => pages.expect("11*7 ??*1", [[2, 1]])).field).toBe("out");
  });

  test("an unmapped page is not compared, its neighbour is", () => {
    const { memory, pages } = pagesWith("11*8", 4092, "wu");
    memory.bytes.fill(0, 4096);
    expect(() => pages.expect("11*4 ??*4", [])).not.toThrow();
    memory.bytes[0] = 0;
    expect(mismatch(() => pages.expect("11*4 ??*4", [])).field).toBe("stray");
  });
});
