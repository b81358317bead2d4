import { describe, expect, test } from "vitest";
import fc from "../../../support/properties.ts";
import {
  cableRules,
  constraintsFor,
  deviceProfiles,
  hwParams,
  hwRefine,
  hwRequest,
  parseImage,
  type PcmDeviceLimits,
} from "../../../../src/systems/pcm/params/index.ts";
import { einval, infoBit, offsetOf, param } from "../../../../src/systems/pcm/params/layout.ts";
import { unchanged } from "../../../../src/systems/pcm/params/interval.ts";
import { constraintsOf, intervalText, request, type ParamName } from "./request.ts";

const { ctl } = deviceProfiles;

function refined(image: Uint8Array, limits: PcmDeviceLimits = ctl): Uint8Array {
  const result = hwRefine(image, constraintsOf(limits));
  if (result.image === undefined) throw new Error(`refused: ${result.errno}`);
  return result.image;
}

function wordAt(image: Uint8Array, offset: number): number {
  return new DataView(image.buffer, image.byteOffset).getUint32(offset, true);
}

/** A narrow device: one linear and one ADPCM format, stereo, at most four periods. */
const narrow: PcmDeviceLimits = {
  ...ctl,
  formats: (1n << 2n) | (1n << 46n),
  rateMin: 44100,
  rateMax: 192000,
  channelsMin: 2,
  channelsMax: 2,
  bufferBytesMax: 4096,
  periodBytesMax: 4096,
  periodsMin: 2,
  periodsMax: 4,
  fifoSize: 16,
};

const narrowRequest = request({ word: 4, masks: { access: [4], format: [2] } });

describe("HW_REFINE of a device with few choices", () => {
  const answer = refined(narrowRequest, narrow);

  test.each<readonly [ParamName, string]>([
    ["sampleBits", "[16, 16] int"],
    ["frameBits", "[32, 32] int"],
    ["channels", "[2, 2] int"],
    ["rate", "[44100, 192000]"],
    ["periodTime", "(5, 11610)"],
    ["periodSize", "[1, 512] int"],
    ["periodBytes", "[4, 2048]"],
    ["periods", "[2, 4]"],
    ["bufferTime", "(10, 23220)"],
    ["bufferSize", "[2, 1024] int"],
    ["bufferBytes", "[8, 4096] int"],
    ["tickTime", "[0, 4294967295]"],
  ])("%s becomes %s", (name, text) => expect(intervalText(answer, name)).toBe(text));

  test("the subformat mask shrinks without being reported as changed", () => {
    const params = parseImage(answer);
    expect(params.maskLow(param.subformat)).toBe(3);
    expect(params.cmask).toBe(0x7ff00);
  });

  test("outputs: significant bits and fifo are known, the rate is still open", () => {
    const { msbits, rateNum, rateDen, fifoSize, info, rmask } = parseImage(answer);
    expect({ msbits, rateNum, rateDen, fifoSize, info, rmask }).toEqual({
      msbits: 16,
      rateNum: 0,
      rateDen: 0,
      fifoSize: 4,
      info: ctl.info,
      rmask: 0,
    });
  });

  test("the request itself is left alone", () => {
    expect(narrowRequest).toEqual(request({ word: 4, masks: { access: [4], format: [2] } }));
  });
});

describe("HW_PARAMS of a device with few choices", () => {
  const result = hwParams(narrowRequest, constraintsOf(narrow));

  test("the shortest period time wins over the longest buffer", () => {
    expect(result.chosen).toEqual({
      access: 4,
      format: 2,
      subformat: 0,
      channels: 2,
      rate: 44100,
      periodSize: 1,
      periods: 4,
      bufferSize: 4,
      bufferBytes: 16,
      info: ctl.info,
      rateNum: 44100,
      rateDen: 1,
      physWidth: 16,
      frameBits: 32,
      minAlign: 1,
      byteAlign: 4,
      noPeriodWakeup: false,
    });
  });

  test.each<readonly [ParamName, string]>([
    ["rate", "[44100, 44100] int"],
    ["periodTime", "(22, 23)"],
    ["bufferTime", "(90, 91)"],
    ["tickTime", "[0, 0] int"],
  ])("%s becomes %s", (name, text) => expect(intervalText(result.image!, name)).toBe(text));

  test("a choice reports the parameter as changed", () => {
    expect(parseImage(result.image!).cmask).toBe(0xfff04);
  });
});

describe("what is chosen first decides what is left", () => {
  test("the format before the channels", () => {
    const asked = request({
      masks: { format: [1, 2, 10] },
      intervals: { frameBits: [32, 32, 4] },
    });
    expect(hwParams(asked, constraintsOf(ctl)).chosen).toMatchObject({ format: 1, channels: 4 });
  });

  test("the channels before the rate", () => {
    const asked = request({
      masks: { format: [1] },
      intervals: { bufferTime: [1_000_000, 1_000_000, 4], bufferBytes: [48000, 48000, 4] },
    });
    const { chosen } = hwParams(asked, constraintsOf(ctl));
    expect(chosen).toMatchObject({ channels: 1, rate: 48000 });
  });
});

describe("what a request may ask", () => {
  test("whole periods round an open range inward", () => {
    const asked = request({ intervals: { periods: [2, 18, 3] } });
    expect(intervalText(refined(asked, { ...ctl, wholePeriods: true }), "periods")).toBe(
      "[3, 17] int",
    );
  });

  test("a mask of parameters that names none changes only rmask and info", () => {
    const asked = request({ rmask: 0x20, intervals: { rate: [1, 2, 0], channels: [99, 99, 4] } });
    const expected = asked.slice();
    const view = new DataView(expected.buffer);
    view.setUint32(offsetOf.rmask, 0, true);
    view.setUint32(offsetOf.info, ctl.info, true);
    expect(refined(asked)).toEqual(expected);
  });

  test("bytes that negotiation does not know come back as given", () => {
    const asked = request();
    asked.fill(0x5a, 100, offsetOf.intervals);
    asked.fill(0xa5, 404, offsetOf.rmask);
    asked.fill(0x77, 544);
    const answer = refined(asked);
    for (const [start, end] of [
      [100, 260],
      [404, 512],
      [544, 608],
    ] as const) {
      expect(answer.subarray(start, end)).toEqual(asked.subarray(start, end));
    }
  });

  test("a 32-bit program loses the reserved bytes under the kernel's wide fifo_size", () => {
    const asked = request({ word: 4 });
    asked.fill(0x77, 540, 548);
    expect([...refined(asked).subarray(540, 548)]).toEqual([0, 0, 0, 0, 0x77, 0x77, 0x77, 0x77]);
  });

  test.each([
    { what: "an empty mask", asked: request({ masks: { format: [] }, rmask: 0 }) },
    {
      what: "an interval marked empty",
      asked: request({ intervals: { rate: [1, 2, 8] }, rmask: 0 }),
    },
    { what: "a format the device lacks", asked: request({ masks: { format: [52] } }) },
    { what: "a rate below the range", asked: request({ intervals: { rate: [1, 999, 0] } }) },
    {
      what: "sizes that contradict each other",
      asked: request({ intervals: { bufferSize: [100, 100, 4], periodSize: [200, 200, 4] } }),
    },
    { what: "only formats without a width", asked: request({ masks: { format: [23] } }) },
  ])("$what is refused", ({ asked }) => {
    expect(hwRefine(asked, constraintsOf(ctl))).toEqual({ errno: einval });
    expect(hwParams(asked, constraintsOf(ctl))).toEqual({ errno: einval });
  });

  test("a value of the tick time that looks negative reads as an error number", () => {
    const asked = request({ intervals: { tickTime: [0xffffffea, 0xffffffea, 4] } });
    expect(hwParams(asked, constraintsOf(ctl))).toEqual({ errno: 22 });
  });

  test("what was known of the rate is kept unless the rate is asked for", () => {
    const known = (rmask: number): number[] => {
      const asked = request({ rmask });
      const view = new DataView(asked.buffer);
      view.setUint32(offsetOf.rateNum, 44100, true);
      view.setUint32(offsetOf.rateDen, 7, true);
      const answer = refined(asked);
      return [wordAt(answer, offsetOf.rateNum), wordAt(answer, offsetOf.rateDen)];
    };
    expect([known(1 << param.channels), known(1 << param.rate)]).toEqual([
      [44100, 7],
      [0, 0],
    ]);
  });

  test("changes that were reported before stay reported", () => {
    const asked = request({ rmask: 0 });
    new DataView(asked.buffer).setUint32(offsetOf.cmask, 0x50, true);
    expect(parseImage(refined(asked)).cmask).toBe(0x50);
  });

  test("an image of another size is named in the error", () => {
    expect(() => hwRefine(new Uint8Array(600), constraintsOf(ctl))).toThrow(
      /image has 600 bytes.*608 bytes \(64-bit\) or 604/,
    );
  });
});

describe("what a device may declare", () => {
  const fixed = {
    access: 3,
    format: 2,
    channels: 2,
    rate: 48000,
    periodSize: 64,
    bufferSize: 256,
    flags: 0,
  };

  test.each(["ctl", "dummy", "aloop"] as const)(
    "%s takes a plain request at every door",
    (name) => {
      for (const word of [8, 4] as const) {
        const { chosen } = hwParams(hwRequest(fixed, word), constraintsOf(deviceProfiles[name]));
        expect(chosen).toMatchObject({
          rate: 48000,
          periodSize: 64,
          bufferSize: 256,
          frameBits: 32,
        });
      }
    },
  );

  test("an empty range fails at open", () => {
    expect(constraintsFor({ ...ctl, rateMin: 48000, rateMax: 44100 })).toEqual({ errno: einval });
  });

  test("a ring that cannot be mapped takes the mapped ways and their info bits away", () => {
    const { info, masks } = constraintsOf({ ...ctl, ringMappable: false });
    expect([masks[0], info & 3]).toEqual([(1 << 3) | (1 << 4), 0]);
    expect(constraintsOf(ctl).masks[0]).toBe(0b11011);
  });

  test("private info bits are not shown", () => {
    const info = (ctl.info | infoBit.drainTrigger | infoBit.fifoInFrames) >>> 0;
    expect(constraintsOf({ ...ctl, info }).info).toBe(ctl.info);
  });

  test("a list of rates limits the ends, not what lies between", () => {
    const limits = { ...ctl, rates: [48000, 44100, 96000] };
    expect(intervalText(refined(request(), limits), "rate")).toBe("[44100, 96000]");
    const between = request({ intervals: { rate: [45000, 47000, 0] } });
    expect(hwRefine(between, constraintsOf(limits))).toEqual({ errno: einval });
  });

  test("memory set aside for the ring bounds the buffer", () => {
    const limits = { ...ctl, ringBytesMax: 8192 };
    expect(intervalText(refined(request(), limits), "bufferBytes")).toBe("[1, 8192] int");
  });

  test("a fifo counted in frames is not divided", () => {
    const info = (ctl.info | infoBit.fifoInFrames) >>> 0;
    const { image } = hwParams(hwRequest(fixed, 8), constraintsOf({ ...ctl, info, fifoSize: 9 }));
    expect(parseImage(image!).fifoSize).toBe(9);
  });

  test("period wake-ups are given up only when device and program agree", () => {
    const info = ctl.info | infoBit.noPeriodWakeup;
    const asked = hwRequest({ ...fixed, flags: 4 }, 8);
    const plain = hwRequest(fixed, 8);
    expect(hwParams(asked, constraintsOf({ ...ctl, info })).chosen?.noPeriodWakeup).toBe(true);
    expect(hwParams(plain, constraintsOf({ ...ctl, info })).chosen?.noPeriodWakeup).toBe(false);
    expect(hwParams(asked, constraintsOf(ctl)).chosen?.noPeriodWakeup).toBe(false);
  });

  test("a cable leaves only what its other end has fixed", () => {
    const cable = {
      formats: 1n << 2n,
      rateMin: 48000,
      rateMax: 48000,
      channelsMin: 1,
      channelsMax: 32,
    };
    const rules = cableRules(() => cable);
    const constraints = constraintsOf(deviceProfiles.aloop, { narrow: () => unchanged, rules });
    const free = hwRefine(request(), constraints).image!;
    expect([intervalText(free, "rate"), parseImage(free).maskLow(param.format)]).toEqual([
      "[48000, 48000] int",
      4,
    ]);
    cable.channelsMin = 4;
    cable.channelsMax = 4;
    expect(hwParams(hwRequest(fixed, 8), constraints)).toEqual({ errno: einval });
  });

  test("four-bit samples need two frames to fill a byte", () => {
    const adpcm = { ...fixed, format: 22, channels: 1 };
    const { chosen } = hwParams(hwRequest(adpcm, 8), constraintsOf(ctl));
    expect([chosen?.frameBits, chosen?.minAlign, chosen?.byteAlign]).toEqual([4, 2, 1]);
  });

  test("24 significant bits in 32 leave no room for 'all bits'", () => {
    const asked = request({ masks: { format: [6] } });
    const view = new DataView(asked.buffer);
    view.setUint32(offsetOf.rmask, 0xfffffeff, true);
    view.setUint32(offsetOf.msbits, 20, true);
    const answer = refined(asked);
    expect([wordAt(answer, offsetOf.msbits), parseImage(answer).maskLow(param.subformat)]).toEqual([
      20, 1,
    ]);
  });
});

describe("properties of negotiation", () => {
  // From 1, because an open end at 0 wraps around.
  const interval = (max: number) =>
    fc
      .tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }), fc.nat({ max: 7 }))
      .map(([x, y, bits]) => [Math.min(x, y), Math.max(x, y), bits] as const);
  const asked = fc.record(
    {
      channels: interval(9),
      rate: interval(400_000),
      periodSize: interval(4096),
      periods: interval(64),
      bufferSize: interval(20_000),
      bufferTime: interval(1_000_000),
    },
    { requiredKeys: [] },
  );
  const constraints = constraintsOf(ctl);

  test("refining an answer again changes nothing", () => {
    fc.assert(
      fc.property(asked, (intervals) => {
        const { image } = hwRefine(request({ intervals }), constraints);
        if (image === undefined) return;
        new DataView(image.buffer).setUint32(offsetOf.rmask, 0xffffffff, true);
        expect(hwRefine(image, constraints).image).toEqual(
          image.with(offsetOf.rmask, 0).with(513, 0).with(514, 0).with(515, 0),
        );
      }),
    );
  });

  test("a choice lies inside what refining left, and its sizes fit each other", () => {
    fc.assert(
      fc.property(asked, (intervals) => {
        const image = request({ intervals });
        const { chosen } = hwParams(image, constraints);
        if (chosen === undefined) return;
        const left = parseImage(refined(image)).intervals;
        expect(left.contains(param.channels - 8, chosen.channels)).toBe(true);
        expect(left.contains(param.bufferSize - 8, chosen.bufferSize)).toBe(true);
        expect(chosen.bufferBytes * 8).toBe(chosen.bufferSize * chosen.frameBits);
        expect(chosen.periods).toBe(Math.floor(chosen.bufferSize / chosen.periodSize));
      }),
    );
  });

  test("random bytes are answered, never thrown at", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 604, maxLength: 604 }), (image) => {
        expect([0, einval]).toContain(hwRefine(image, constraints).errno);
      }),
    );
  });
});
