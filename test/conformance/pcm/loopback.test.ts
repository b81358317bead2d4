import { describe, expect, test } from "vitest";
import { isSilenceThenRing } from "../../../src/conformance/pcm/loopback.ts";

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
