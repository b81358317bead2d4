import { expect, test } from "vitest";
import {
  isLinear,
  physicalWidth,
  significantWidth,
} from "../../../../src/systems/pcm/params/index.ts";
import { formatsByWidth } from "../../../../src/systems/pcm/params/formats.ts";

test.each([
  { name: "S8", format: 0, physical: 8, width: 8, linear: true },
  { name: "S24 in 32 bits", format: 6, physical: 32, width: 24, linear: true },
  { name: "float", format: 14, physical: 32, width: 32, linear: false },
  { name: "S20 in 32 bits", format: 25, physical: 32, width: 20, linear: true },
  { name: "S18 in 3 bytes", format: 40, physical: 24, width: 18, linear: true },
  { name: "G.723 in bytes", format: 47, physical: 8, width: 5, linear: false },
  { name: "DSD", format: 51, physical: 16, width: 16, linear: true },
])("$name", ({ format, physical, width, linear }) => {
  expect([physicalWidth(format), significantWidth(format), isLinear(format)]).toEqual([
    physical,
    width,
    linear,
  ]);
});

test.each([23, 24, 29, 31, 53, 63, 200])("format %i has no width", (format) => {
  expect([physicalWidth(format), significantWidth(format), isLinear(format)]).toEqual([
    0,
    -22,
    false,
  ]);
});

test("every format with a width is in exactly one group", () => {
  for (let format = 0; format < 64; format++) {
    const groups = formatsByWidth.filter(
      ({ low, high }) => (((format < 32 ? low : high) >>> (format & 31)) & 1) !== 0,
    );
    const expected = physicalWidth(format) === 0 ? [] : [physicalWidth(format)];
    expect(groups.map((group) => group.physical)).toEqual(expected);
  }
});
