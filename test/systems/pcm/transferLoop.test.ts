import { describe, expect, test } from "vitest";
import { pcmRequest, runPrograms, type Operation, type PcmStream } from "../../../src/index.ts";
import {
  BUFFER_FRAMES,
  FRAME_BYTES,
  PERIOD_FRAMES,
  SOUND,
  SOUND_BYTES,
  acksOf,
  loud,
  moveTo,
  preparedBed,
  type PcmBed,
} from "./playback.ts";

/** The loop of reads and writes: its chunks, what a fault or another CPU does to it, and what it waits for. */
const EIO = 5;
const EAGAIN = 11;
const EFAULT = 14;
const EBUSY = 16;
const EINVAL = 22;
const EPIPE = 32;
const EBADFD = 77;
const ESTRPIPE = 86;
const POLLIN = 1;
const MILLISECOND = 1_000_000n;

/** So that nothing starts by itself. */
const software = { startThreshold: 1000n } as const;
/** So many frames before the program's sound ends in nothing. */
const before = (frames: number): number => SOUND + SOUND_BYTES - frames * FRAME_BYTES;

/** Both pointers at 350: 50 frames to the ring's end, 350 behind it. */
async function nearTheEnd(options: Parameters<typeof preparedBed>[0] = {}): Promise<PcmBed> {
  const bed = await preparedBed({ software, ...options });
  bed.stream.poke({ hwPtrBase: 0, hwPtr: 350, applPtr: 350, hwPtrInterrupt: 300 });
  return bed;
}

describe("chunks", () => {
  test("as much as there is room for, then EAGAIN", async () => {
    const { sound, stream } = await preparedBed({ software });
    sound.write(0, loud(SOUND_BYTES));
    expect(stream.writei(SOUND, 450)).toBe(BUFFER_FRAMES);
    expect(acksOf(stream)).toEqual([400n]);
    expect(stream.ring()).toEqual(loud(BUFFER_FRAMES * FRAME_BYTES));
    expect(stream.writei(SOUND, 1)).toBe(-EAGAIN);
  });

  test("over the ring's end: two copies, two acks", async () => {
    const { sound, stream } = await nearTheEnd();
    sound.write(0, loud(150 * FRAME_BYTES));
    expect(stream.writei(SOUND, 150)).toBe(150);
    expect(acksOf(stream)).toEqual([400n, 500n]);
    const written = loud(150 * FRAME_BYTES);
    expect(stream.ring().slice(350 * FRAME_BYTES)).toEqual(written.slice(0, 50 * FRAME_BYTES));
    expect(stream.ring().slice(0, 100 * FRAME_BYTES)).toEqual(written.slice(50 * FRAME_BYTES));
  });

  test("the room is looked up again only when it is used up", async () => {
    const { stream } = await preparedBed({ software });
    expect(stream.writei(0, 350)).toBe(350);
    expect(stream.start()).toBe(0);
    stream.setPosition(PERIOD_FRAMES);
    expect(stream.writei(0, BUFFER_FRAMES)).toBe(150);
    expect(acksOf(stream)).toEqual([350n, 400n, 500n]);
  });

  test("an ack refused in the second ends the call with the first", async () => {
    const { stream } = await nearTheEnd();
    stream.setAnswers({ ack: -EIO });
    expect([stream.writei(0, 150), stream.field("appl_ptr")]).toEqual([-EIO, 350n]);
    stream.setAnswers({});
    expect(stream.writei(0, 150)).toBe(150);
  });
});

describe("a fault in the program's data", () => {
  test("in the second chunk leaves the first one counted, and comes up at the next call", async () => {
    const { sound, stream } = await nearTheEnd();
    sound.write(0, loud(SOUND_BYTES));
    expect(stream.writei(before(60), 150)).toBe(50);
    expect(stream.field("appl_ptr")).toBe(400n);
    expect(stream.writei(before(10), 100)).toBe(-EFAULT);
    expect([stream.field("appl_ptr"), acksOf(stream)]).toEqual([400n, [400n]]);
  });

  test("in the first leaves appl_ptr, and in the ring what had arrived", async () => {
    const { sound, stream } = await preparedBed({ software });
    sound.write(0, loud(SOUND_BYTES));
    expect(stream.writei(before(10), 100)).toBe(-EFAULT);
    expect([stream.field("appl_ptr"), acksOf(stream)]).toEqual([0n, []]);
    const arrived = sound.read(SOUND_BYTES - 10 * FRAME_BYTES, 10 * FRAME_BYTES);
    expect(stream.ring().slice(0, 10 * FRAME_BYTES)).toEqual(arrived);
    expect(
      stream
        .ring()
        .slice(10 * FRAME_BYTES)
        .every((byte) => byte === 0),
    ).toBe(true);
  });
});

describe("while another CPU", () => {
  /** The answers of a write of 100 frames out of two pages, and of what another CPU does when one is copied. */
  async function during(happens: (stream: PcmStream) => number): Promise<{
    readonly written: number;
    readonly other: number;
    readonly stream: PcmStream;
  }> {
    const { machine, task, sound, stream } = await preparedBed({ build: "study", software });
    sound.write(0, loud(SOUND_BYTES));
    expect(stream.writei(0, PERIOD_FRAMES)).toBe(PERIOD_FRAMES);
    expect(stream.start()).toBe(0);
    acksOf(stream);
    const halfCopied = (): boolean => stream.ring()[PERIOD_FRAMES * FRAME_BYTES] !== 0;
    function* program(operation: Operation): Generator<Operation, void, number> {
      yield operation;
    }
    const device: Operation = { name: "device", call: () => happens(stream) };
    const choose = (runnable: readonly number[]): number =>
      runnable.includes(1) && halfCopied() ? 1 : runnable[0]!;
    const [write, other] = runPrograms(
      machine,
      [
        { task, body: program(stream.writeOperation(SOUND + 4000, PERIOD_FRAMES * FRAME_BYTES)) },
        { task: machine.createTask({ cpu: 1, sharing: task }), body: program(device) },
      ],
      { choose, switchEvery: 1 },
    );
    return { written: write!.results[0]!.result, other: other!.results[0]!.result, stream };
  }

  test("reports an xrun during the copy, the chunk is not counted", async () => {
    const { written, stream } = await during((stream) => {
      stream.machine.rawExports.deviceXrun(1, stream.handle);
      return 0;
    });
    expect([written, stream.state]).toEqual([-EPIPE, "XRUN"]);
    expect([stream.field("appl_ptr"), acksOf(stream)]).toEqual([100n, []]);
  });

  test("suspends the device during the copy, neither", async () => {
    const { written, stream } = await during((stream) => {
      stream.machine.rawExports.deviceSuspend(1, stream.handle);
      return 0;
    });
    expect([written, stream.state, acksOf(stream)]).toEqual([-ESTRPIPE, "SUSPENDED", []]);
  });

  test.each(["RESET", "PREPARE", "HW_FREE", "HW_PARAMS"] as const)(
    "asks for %s during the copy, that one is refused",
    async (name) => {
      const { written, other } = await during(({ machine, handle }) =>
        machine.rawExports.pcmCall(1, handle, 0, pcmRequest(name, 8), SOUND, 0),
      );
      expect([written, other]).toEqual([PERIOD_FRAMES * FRAME_BYTES, -EBUSY]);
    },
  );
});

describe("a blocking file", () => {
  test("with avail_min 0 waits for one frame", async () => {
    const { machine, task, stream } = await preparedBed({ nonblock: false });
    expect(stream.writei(0, BUFFER_FRAMES)).toBe(BUFFER_FRAMES);
    expect(stream.sync({ availMin: 0 }).result).toBe(0);
    expect(stream.swParams({ availMin: 0n }).result).toBe(-EINVAL);
    expect(stream.writei(SOUND, PERIOD_FRAMES)).toBe(machine.constant("BLOCKED"));
    expect(stream.field("twake")).toBe(1n);
    moveTo(stream, 1);
    expect(task.canResume).toBe(true);
  });

  test("drains a dead device for 100 ms, or 1.1 buffers if that is longer", async () => {
    const sizes = { periodSize: 6000, bufferSize: 48000 };
    for (const [configuration, limit] of [
      [{}, 100n * MILLISECOND],
      [sizes, 1100n * MILLISECOND],
    ] as const) {
      const { machine, task, stream } = await preparedBed({ nonblock: false, configuration });
      expect(stream.writei(0, PERIOD_FRAMES)).toBe(PERIOD_FRAMES);
      expect(stream.drain()).toBe(machine.constant("BLOCKED"));
      machine.advanceClock(limit - 1n);
      expect(task.canResume).toBe(false);
      machine.advanceClock(1n);
      expect([stream.finish(), stream.state]).toEqual([-EIO, "SETUP"]);
    }
  });
});

test("a drain that has nothing to do says EAGAIN on a file that must not block", async () => {
  const { stream } = await preparedBed();
  expect([stream.drain(), stream.state]).toEqual([-EAGAIN, "SETUP"]);
  expect([stream.drain(), stream.state]).toEqual([-EAGAIN, "SETUP"]);
});

describe("a capture file that drains", () => {
  test("is not read any more, and polls as ready", async () => {
    const { stream } = await preparedBed({ direction: "capture" });
    expect(stream.start()).toBe(0);
    moveTo(stream, PERIOD_FRAMES);
    expect([stream.drain(), stream.state]).toEqual([-EAGAIN, "DRAINING"]);
    expect([stream.readi(SOUND, PERIOD_FRAMES), stream.poll()]).toEqual([-EBADFD, POLLIN]);
  });

  test("ends the read that sleeps in it, without an error", async () => {
    const { machine, stream } = await preparedBed({ direction: "capture", nonblock: false });
    expect(stream.readi(SOUND, PERIOD_FRAMES)).toBe(machine.constant("BLOCKED"));
    moveTo(stream, PERIOD_FRAMES / 2);
    expect(stream.stop("DRAINING")).toBe(0);
    expect([stream.finish(), stream.state]).toEqual([0, "SETUP"]);
  });
});
