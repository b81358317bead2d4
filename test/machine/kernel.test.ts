import { expect, test } from "vitest";
import { behaviours, kernelVersions } from "../../src/index.ts";

test.each(behaviours)(
  "versions differ in that $meaning: where it begins and ends is a row",
  (row) => {
    const ends = row.until === undefined ? [row.from] : [row.from, row.until];
    expect(kernelVersions).toEqual(expect.arrayContaining(ends));
  },
);
