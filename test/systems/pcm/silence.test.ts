import { describe, expect, test } from "vitest";
import { pcmFormats } from "../../../src/index.ts";
import { BUFFER_FRAMES, SOUND, loud, moveTo, preparedBed, type PcmBedOptions } from "./playback.ts";

/** Where the kernel silences the ring behind the program's data, and with which bytes. */
const MONO_U8 = { format: pcmFormats.U8, channels: 1 } as const;
const SILENT = 0x80;
const OLD = 0x11;

/** A stream of one byte a frame, so that the ring's bytes are its frames; nothing starts by itself. */
async function bed(options: PcmBedOptions = {}) {
  const made = await preparedBed({ configuration: MONO_U8, ...options });
  made.stream.ring().fill(OLD);
  return made.stream;
}

/** Frames of the ring that hold silence, as [first, behind the last] of each run. */
function silentRuns(ring: Uint8Array): number[][] {
  const edges = [...ring, OLD].flatMap((byte, index, all) =>
    (byte === SILENT) === (all[index - 1] === SILENT) ? [] : [index],
  );
  return edges.flatMap((edge, index) => (index % 2 === 0 ? [[edge, edges[index + 1]!]] : []));
}

describe("with a threshold", () => {
  const software = { silenceThreshold: 200n, silenceSize: 100n, startThreshold: 1000n } as const;

  test("a start fills behind the program's frames, no more than silence_size", async () => {
    const stream = await bed({ software });
    expect(stream.writei(SOUND, 50)).toBe(50);
    expect(stream.start()).toBe(0);
    expect(silentRuns(stream.ring())).toEqual([[50, 150]]);
    expect([stream.field("silence_start"), stream.field("silence_filled")]).toEqual([50n, 100n]);
  });

  test("noise that comes closer than the threshold is topped up, over the ring's end", async () => {
    const stream = await bed({ software: { ...software, stopThreshold: 2n ** 40n } });
    stream.poke({ hwPtrBase: 0, hwPtr: 200, applPtr: 350, hwPtrInterrupt: 200 });
    expect(stream.start()).toBe(0);
    expect(silentRuns(stream.ring())).toEqual([[350, 400]]);
    moveTo(stream, 250);
    expect(silentRuns(stream.ring())).toEqual([
      [0, 50],
      [350, 400],
    ]);
  });

  test("as much as the threshold queued needs none", async () => {
    const stream = await bed({ software });
    expect([stream.writei(SOUND, 200), stream.start()]).toEqual([200, 0]);
    expect(silentRuns(stream.ring())).toEqual([]);
  });
});

describe("free-running", () => {
  test("what was played is silenced, period by period", async () => {
    const stream = await bed();
    const boundary = stream.field("boundary");
    const software = { silenceSize: boundary, stopThreshold: boundary };
    expect(stream.swParams(software).result).toBe(0);
    expect(stream.writei(SOUND, BUFFER_FRAMES)).toBe(BUFFER_FRAMES);
    expect(silentRuns(stream.ring())).toEqual([]);
    const seen = [100, 200, 300].map((position) => {
      moveTo(stream, position);
      return silentRuns(stream.ring());
    });
    expect(seen).toEqual([[[0, 100]], [[0, 200]], [[0, 300]]]);
  });

  test("SW_PARAMS while it runs silences all that the program has not written", async () => {
    const stream = await bed();
    const boundary = stream.field("boundary");
    expect([stream.writei(SOUND, 150), stream.state]).toEqual([150, "RUNNING"]);
    expect(stream.swParams({ silenceSize: boundary }).result).toBe(0);
    expect(silentRuns(stream.ring())).toEqual([[150, 400]]);
  });
});

test("a ring with a part for each channel is silenced in each", async () => {
  const configuration = { format: pcmFormats.U8, channels: 2, access: 4 };
  const software = { silenceThreshold: 200n, silenceSize: 100n, startThreshold: 1000n };
  const stream = await bed({ configuration, software });
  expect([stream.forward(50), stream.start()]).toEqual([50, 0]);
  expect(silentRuns(stream.ring())).toEqual([
    [50, 150],
    [450, 550],
  ]);
});

/** Formats, their numbers, and a sample's silence in memory (sound/core/pcm_misc.c). */
const patterns = [
  ["S8", 0, [0]],
  ["U8", 1, [0x80]],
  ["S16_LE", 2, [0, 0]],
  ["U16_LE", 4, [0, 0x80]],
  ["U16_BE", 5, [0x80, 0]],
  ["S24_LE", 6, [0, 0, 0, 0]],
  ["U24_LE", 8, [0, 0, 0x80, 0]],
  ["U24_BE", 9, [0, 0x80, 0, 0]],
  ["U32_LE", 12, [0, 0, 0, 0x80]],
  ["U32_BE", 13, [0x80, 0, 0, 0]],
  ["FLOAT_LE", 14, [0, 0, 0, 0]],
  ["FLOAT64_LE", 16, [0, 0, 0, 0, 0, 0, 0, 0]],
  ["MU_LAW", 20, [0x7f]],
  ["A_LAW", 21, [0x55]],
  ["U20_LE", 27, [0, 0, 0x08, 0]],
  ["U20_BE", 28, [0, 0x08, 0, 0]],
  ["U24_3LE", 34, [0, 0, 0x80]],
  ["U24_3BE", 35, [0x80, 0, 0]],
  ["U20_3LE", 38, [0, 0, 0x08]],
  ["U20_3BE", 39, [0x08, 0, 0]],
  ["U18_3LE", 42, [0, 0, 0x02]],
  ["U18_3BE", 43, [0x02, 0, 0]],
  ["DSD_U8", 48, [0x69]],
  ["DSD_U16_LE", 49, [0x69, 0x69]],
  ["DSD_U32_BE", 52, [0x69, 0x69, 0x69, 0x69]],
] as const;

describe("a sample of silence", () => {
  test.each(patterns)("in %s", async (_, format, sample) => {
    const device = { limits: { formats: 2n ** 53n - 1n } };
    const configuration = { format, channels: 1 };
    const { stream } = await preparedBed({ device, configuration });
    stream.ring().set(loud(stream.ring().length));
    expect(stream.writei(0, 3)).toBe(3);
    const written = stream.ring().slice(0, 3 * sample.length);
    expect([...written]).toEqual([...sample, ...sample, ...sample]);
    expect(stream.ring()[3 * sample.length]).toBe(3 * sample.length + 1);
  });
});
