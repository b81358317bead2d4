import { describe, expect, test } from "vitest";
import fc from "../../support/properties.ts";
import { pcmRequest, type PcmStream } from "../../../src/index.ts";
import {
  BUFFER_FRAMES,
  PERIOD_FRAMES,
  SOUND,
  acksOf,
  moveTo,
  preparedBed,
  type PcmBed,
} from "./playback.ts";

/** How the two pointers move: notifications, wraps, resets, steps by hand, and what a 32-bit program sees of them. */
const EIO = 5;
const EINVAL = 22;
const EPIPE = 32;
const BILLION = 1_000_000_000n;
/** The kernel counts time in ticks of 4 ms. A buffer lasts 2 of them, so more than 2 are too long. */
const TICK = BILLION / 250n;

const pointersOf = (stream: PcmStream): bigint[] => [
  stream.field("hw_ptr"),
  stream.field("hw_ptr_base"),
];

/** A stream that runs and never stops for lack of data. */
async function playing(options: Parameters<typeof preparedBed>[0] = {}): Promise<PcmBed> {
  const bed = await preparedBed(options);
  const { stream } = bed;
  const stopThreshold = stream.field("boundary");
  expect(stream.swParams({ stopThreshold, tstampMode: 1 }).result).toBe(0);
  expect(stream.writei(0, BUFFER_FRAMES)).toBe(BUFFER_FRAMES);
  expect(stream.state).toBe("RUNNING");
  acksOf(stream);
  return bed;
}

describe("period notifications", () => {
  test("count on round the ring", async () => {
    const { stream } = await playing();
    const seen = [100, 200, 300, 0].map((position) => {
      moveTo(stream, position);
      return pointersOf(stream);
    });
    expect(seen).toEqual([
      [100n, 0n],
      [200n, 0n],
      [300n, 0n],
      [400n, 400n],
    ]);
  });

  test.each([
    ["little time went by", 2n * TICK, 400n],
    ["more than half a buffer of ticks went by", 3n * TICK, 800n],
  ])("one too many, when %s", async (_, later, hwPtr) => {
    const { machine, stream } = await playing();
    for (const position of [100, 200, 300, 0]) moveTo(stream, position);
    machine.advanceClock(later);
    stream.periodElapsed();
    expect(pointersOf(stream)).toEqual([hwPtr, hwPtr]);
  });

  test("a position that is the buffer's size counts as 0", async () => {
    const { machine, stream } = await playing();
    moveTo(stream, 300);
    moveTo(stream, BUFFER_FRAMES);
    expect(pointersOf(stream)).toEqual([400n, 400n]);
    expect(machine.findings().map(({ kind }) => kind)).toEqual(["pcm-position"]);
  });

  test("a device that reports an xrun ends the stream, and the call that asked is EPIPE", async () => {
    const { stream } = await playing();
    stream.setPosition(2n ** 64n - 1n);
    expect([stream.hwsync(), stream.state]).toEqual([-EPIPE, "XRUN"]);
  });

  test("more than a buffer and a period at once is reported, and nothing of it stored", async () => {
    const { machine, stream } = await playing();
    moveTo(stream, 100);
    stream.poke({ hwPtrBase: 400, hwPtr: 0, applPtr: 400, hwPtrInterrupt: 0 });
    stream.setPosition(100);
    expect(stream.hwsync()).toBe(0);
    expect(pointersOf(stream)).toEqual([0n, 400n]);
    expect(machine.findings().map(({ kind }) => kind)).toEqual(["pcm-unexpected"]);
  });
});

describe("at the boundary", () => {
  test("the pointer starts again, avail goes on and audio time too", async () => {
    // a 64-bit boundary in nanoseconds is more than 64 bits hold, in the kernel as here
    const { stream } = await playing({ door: "i386" });
    const boundary = stream.field("boundary");
    const near = boundary - 100n;
    const at = { hwPtrBase: boundary - 400n, hwPtr: near, hwPtrInterrupt: near };
    stream.poke({ ...at, applPtr: boundary - 50n });
    stream.setPosition(310);
    expect(stream.hwsync()).toBe(0);
    const before = stream.status().value!;
    expect([before.hwPtr, before.avail]).toEqual([boundary - 90n, 360n]);
    stream.setPosition(50);
    expect(stream.hwsync()).toBe(0);
    const after = stream.status().value!;
    expect([after.hwPtr, stream.field("hw_ptr_wrap")]).toEqual([50n, boundary]);
    expect(after.avail - before.avail).toBe(140n);
    expect(after.audioTime).toBe(((boundary + 50n) * BILLION) / 48000n);
    expect(after.audioTime).toBeGreaterThan(before.audioTime);
  });
});

describe("RESET while running", () => {
  test("keeps the place in the ring, and no driver is told of appl_ptr", async () => {
    const { stream } = await playing();
    for (const position of [100, 200, 300, 0]) moveTo(stream, position);
    stream.setPosition(50);
    stream.takeDriverCalls();
    expect([stream.reset(), stream.state]).toEqual([0, "RUNNING"]);
    expect([...pointersOf(stream), stream.field("appl_ptr")]).toEqual([50n, 0n, 50n]);
    expect(stream.takeDriverCalls().map(({ name }) => name)).toEqual(["pointer"]);
  });
});

describe("a driver that refuses the new appl_ptr", () => {
  test("makes REWIND move nothing and FORWARD fail", async () => {
    const { stream } = await preparedBed();
    expect(stream.forward(200)).toBe(200);
    stream.setAnswers({ ack: -EIO });
    expect([stream.rewind(50), stream.forward(50)]).toEqual([0, -EIO]);
    expect(stream.field("appl_ptr")).toBe(200n);
  });

  test("with EPIPE, puts the stream into XRUN as well", async () => {
    const { stream } = await preparedBed();
    stream.setAnswers({ ack: -EPIPE });
    expect([stream.sync({ applPtr: 100 }).result, stream.state]).toEqual([-EPIPE, "XRUN"]);
    expect(stream.field("appl_ptr")).toBe(0n);
  });

  test("to START with EPIPE, too, and is told to stop", async () => {
    const { stream } = await preparedBed({ software: { startThreshold: 1000n } });
    stream.writei(0, PERIOD_FRAMES);
    stream.setAnswers({ trigger: -EPIPE });
    stream.takeDriverCalls();
    expect([stream.start(), stream.state]).toEqual([-EPIPE, "XRUN"]);
    expect(stream.takeDriverCalls().map(({ name }) => name)).toEqual([
      "trigger:start",
      "trigger:stop",
    ]);
  });
});

describe("the 32-bit boundary", () => {
  const SHORT = 0x64000000n;
  const x32Sync = pcmRequest("SYNC_PTR", 4);

  test("hides the upper half of a 64-bit program's pointers from the x32 door alone", async () => {
    const { sound, stream } = await preparedBed();
    const hwPtr = 3n * SHORT + 5n;
    stream.poke({ hwPtrBase: 3n * SHORT, hwPtr, applPtr: hwPtr, hwPtrInterrupt: hwPtr });
    const seenAt = (door: "native" | "x32"): bigint => {
      sound.write(0, Uint8Array.of(6, 0, 0, 0));
      expect(stream.ioctl(door, x32Sync, SOUND)).toBe(0);
      const view = new DataView(sound.read(16, 8).buffer);
      return door === "native" ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
    };
    expect([seenAt("native"), seenAt("x32")]).toEqual([hwPtr, 5n]);
  });

  test.each(["i386", "x32"] as const)(
    "is the stream's own after HW_PARAMS through %s",
    async (door) => {
      const { stream } = await preparedBed({ door, kernel: "7.1" });
      expect(stream.swParams().value!.boundary).toBe(SHORT);
      expect(stream.sync({ applPtr: SHORT })).toEqual({ result: -EINVAL, value: null });
      expect(stream.sync({ applPtr: SHORT - 1n }).result).toBe(0);
    },
  );

  test("is what doubling gives, for every buffer size", async () => {
    const { machine, stream } = await preparedBed({ door: "i386" });
    const size = (stream.handle + machine.constant("STREAM_BUFFER_SIZE")) >>> 2;
    const said = (frames: number): bigint => {
      machine.words[size] = frames;
      return stream.swParams({ silenceThreshold: 0n }).value!.boundary;
    };
    for (let frames = 1; frames <= 5000; frames++) expect(said(frames)).toBe(doubled(frames));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffffff }), (frames) => {
        expect(said(frames)).toBe(doubled(frames));
      }),
      { numRuns: 5000 },
    );
    expect([said(0x3fffffff), said(0x40000001)]).toEqual([0x3fffffffn, 0x40000001n]);
  });

  /** Doubles as long as a pointer and a buffer fit a signed word. */
  function doubled(frames: number): bigint {
    const border = 0x7fffffff - frames;
    let boundary = frames;
    while (boundary * 2 <= border) boundary *= 2;
    return BigInt(boundary);
  }
});
