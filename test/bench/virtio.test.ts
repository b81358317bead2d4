import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PERIOD_SIZES } from "../../bench/cells.ts";
import { createPlayBed } from "../../bench/peers/faultlineVirtio.ts";

describe.each(Object.entries(PERIOD_SIZES))("V1.%s", (_, bytes) => {
  test("the device plays period after period of the ring, in order", async () => {
    const bed = await createPlayBed(bytes);
    const sound = new Uint8Array(randomBytes(bed.ring.length));
    bed.ring.set(sound);
    const periods = sound.length / bytes;
    for (let period = 0; period < 2 * periods; period++) {
      expect(bed.playPeriods(1)).toBe(1);
      const start = (period % periods) * bytes;
      expect(Buffer.compare(bed.played(), sound.subarray(start, start + bytes))).toBe(0);
    }
  });

  test("the stream plays on over the end of the rings' indexes", async () => {
    const bed = await createPlayBed(bytes);
    expect(bed.playPeriods(70_000)).toBe(70_000);
  });
});
