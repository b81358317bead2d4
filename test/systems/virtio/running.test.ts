import { expect, test } from "vitest";
import { complete, PERIOD, pointers, RING, run, virtioBed, write } from "./bed.ts";

/** A program that plays all the time, and whose writes could take the short way of other devices (hitWritei.ts). */
test("a write on a running stream asks the driver where it stands, not the test device's record", async () => {
  const bed = await virtioBed({ design: "mmap", software: { startThreshold: RING } });
  const { boundary } = bed.stream.swParams().value!;
  bed.stream.swParams({ stopThreshold: boundary });
  write(bed, run(1, RING));
  complete(bed);
  for (let written = 0; written < PERIOD; written += 25) {
    expect(write(bed, run(2, 25))).toBe(25);
    expect(pointers(bed)).toEqual({ hw: PERIOD, appl: RING + written + 25 });
  }
});
