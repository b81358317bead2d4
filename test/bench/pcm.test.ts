import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PERIOD_BYTES } from "../../bench/cells.ts";
import { createRefineBed, createWriteBed } from "../../bench/peers/faultlinePcm.ts";
import { deviceProfiles, offsetOf, param } from "../../src/systems/pcm/params/index.ts";

const INTERVAL_BYTES = 12;
const FRAMES = PERIOD_BYTES / 4;

describe("P1: WRITEI", () => {
  test("each round brings one period into the ring, and says so", async () => {
    const bed = await createWriteBed();
    const periods = bed.ring.length / PERIOD_BYTES;
    for (let period = 0; period < 2 * periods; period++) {
      const source = new Uint8Array(randomBytes(PERIOD_BYTES));
      bed.data.set(source);
      bed.written.fill(0xff);
      expect(bed.writePeriods(1)).toBe(0);
      expect(new DataView(bed.written.slice().buffer).getBigUint64(0, true)).toBe(BigInt(FRAMES));
      const start = (period % periods) * PERIOD_BYTES;
      expect(Buffer.compare(bed.ring.subarray(start, start + PERIOD_BYTES), source)).toBe(0);
    }
  });

  test("the stream plays on however many rounds there are", async () => {
    const bed = await createWriteBed();
    expect(bed.writePeriods(10_000)).toBe(0);
  });
});

describe("P2: HW_REFINE", () => {
  test("each time from the open space to what the device can do", async () => {
    const bed = await createRefineBed();
    expect(bed.refine(1)).toBe(0);
    const first = bed.image.slice();
    expect(bed.refine(2)).toBe(0);
    expect(bed.image).toEqual(first);
    const view = new DataView(first.buffer);
    const channels = offsetOf.intervals + (param.channels - param.sampleBits) * INTERVAL_BYTES;
    const { channelsMin, channelsMax } = deviceProfiles.ctl;
    expect([view.getUint32(channels, true), view.getUint32(channels + 4, true)]).toEqual([
      channelsMin,
      channelsMax,
    ]);
  });
});
