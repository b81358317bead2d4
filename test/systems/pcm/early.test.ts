import { describe, expect, test } from "vitest";
import { pcmFormats } from "../../../src/index.ts";
import { SOUND, moveTo, preparedBed, type PcmBedOptions } from "./playback.ts";

/** What the PCM core of kernels before 6.5 does otherwise: silence, and PAUSE (recorded from a 6.1: test/golden/own). */
const SILENT = 0x80;
const OLD = 0x11;

/** One byte a frame, so that the ring's bytes are its frames. */
async function bed(kernel: string, software: PcmBedOptions["software"] = {}) {
  const configuration = { format: pcmFormats.U8, channels: 1 };
  const { stream } = await preparedBed({ kernel, configuration, software });
  stream.ring().fill(OLD);
  return stream;
}

/** Frames of the ring that hold silence: the first, and how many. */
function silence(ring: Uint8Array): number[] {
  return [ring.indexOf(SILENT), ring.filter((byte) => byte === SILENT).length];
}

describe("silence with a threshold", () => {
  const software = { silenceThreshold: 200n, silenceSize: 100n, startThreshold: 1000n } as const;

  test.each([
    ["6.1", [50, 50], 150n],
    ["6.4", [150, 100], 200n],
  ])("%s: where more of it is stored", async (kernel, stored, filled) => {
    const stream = await bed(kernel, { ...software, stopThreshold: 2n ** 40n });
    expect(stream.writei(SOUND, 50)).toBe(50);
    expect(stream.start()).toBe(0);
    expect(silence(stream.ring())).toEqual([50, 100]);
    stream.ring().fill(OLD);
    moveTo(stream, 50);
    expect([silence(stream.ring()), stream.field("silence_filled")]).toEqual([stored, filled]);
  });
});

describe("free-running silence", () => {
  test.each([
    ["6.1", 0, 400n],
    ["6.4", 400, 400n],
  ])("%s: a program that is behind the device", async (kernel, stored, filled) => {
    const stream = await bed(kernel);
    stream.poke({ hwPtrBase: 0, hwPtr: 200, applPtr: 150, hwPtrInterrupt: 200 });
    const boundary = stream.field("boundary");
    expect(stream.swParams({ silenceSize: boundary, stopThreshold: boundary }).result).toBe(0);
    expect(stream.start()).toBe(0);
    expect(stream.ring().filter((byte) => byte === SILENT).length).toBe(stored);
    expect(stream.field("silence_filled")).toBe(filled);
  });
});

describe("PAUSE", () => {
  test.each([
    ["6.1", 130n],
    ["6.4", 130n],
    ["6.5", 0n],
    ["6.6", 0n],
    ["6.12", 0n],
  ])("%s: the position that it leaves", async (kernel, position) => {
    const stream = await bed(kernel);
    expect([stream.writei(SOUND, 300), stream.state]).toEqual([300, "RUNNING"]);
    stream.setPosition(130);
    expect(stream.pause()).toBe(0);
    expect([stream.state, stream.field("hw_ptr")]).toEqual(["PAUSED", position]);
  });
});
