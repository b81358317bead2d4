import { describe, expect, test } from "vitest";
import { exempt, firstDifference, hexText } from "../../src/conformance/compare.ts";
import { isSilenceThenRing } from "../../src/conformance/pcmLoopback.ts";

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

describe("captured loopback data", () => {
  const ring = Uint8Array.from([1, 2, 3, 0, 5]);

  test.each([
    { name: "nothing", bytes: [], fits: true },
    { name: "silence alone", bytes: [0, 0], fits: true },
    { name: "silence, then a part of the ring", bytes: [0, 0, 2, 3, 0], fits: true },
    { name: "a part that runs over the ring's end", bytes: [3, 0, 5, 1, 2], fits: true },
    { name: "silence inside the sound", bytes: [2, 0, 3], fits: false },
    { name: "a byte that was never played", bytes: [0, 9], fits: false },
  ])("$name", ({ bytes, fits }) => {
    expect(isSilenceThenRing(Uint8Array.from(bytes), ring)).toBe(fits);
  });
});
