import { describe, expect, test } from "vitest";
import { pcmBlocked } from "../../../src/index.ts";
import { kindsOf } from "../../machine/pool.ts";
import {
  complete,
  configure,
  contents,
  errnos,
  PERIOD,
  pointers,
  queued,
  read,
  RING,
  run,
  SOUND,
  virtioBed,
  write,
  type VirtioBed,
  type VirtioBedOptions,
} from "./bed.ts";

/** The request for comments of October 2023: one message for each copy call, whatever it carries. */

const SILENCE_U8 = 0x80;
/** What freed pages hold, and so a ring that nobody cleared. */
const STALE = 0x6b;

const copyBed = (options: Partial<VirtioBedOptions> = {}): Promise<VirtioBed> =>
  virtioBed({ design: "copy", software: { startThreshold: RING }, ...options });

describe("playback", () => {
  test("writes of a quarter period use all messages up for one period of data", async () => {
    const bed = await copyBed();
    const quarter = PERIOD / 4;
    const answers = [1, 2, 3, 4].map((value) => write(bed, run(value, quarter)));
    expect(answers).toEqual([quarter, quarter, quarter, quarter]);
    expect([queued(bed), pointers(bed).appl]).toEqual([[0, 1, 2, 3], PERIOD]);
    const [first, ...others] = contents(bed, "expose");
    expect(first).toEqual(Uint8Array.of(...run(1, quarter), ...run(STALE, PERIOD - quarter)));
    expect(others).toEqual([run(STALE), run(STALE), run(STALE)]);

    const exposed = bed.stream.ring().subarray(PERIOD, PERIOD + quarter);
    expect(write(bed, run(5, quarter))).toBe(-errnos.EFAULT);
    expect(exposed).toEqual(run(5, quarter));
    expect(write(bed, run(6, quarter))).toBe(-errnos.EFAULT);
    expect(pointers(bed).appl).toBe(PERIOD);
    expect(Number(bed.stream.status().value!.avail)).toBe(RING - PERIOD);
  });

  test("a write of the whole ring exposes one of its four periods, and the stream stands still", async () => {
    const bed = await copyBed();
    expect(write(bed, run(7, RING))).toBe(RING);
    expect([queued(bed), bed.stream.state]).toEqual([[0], "RUNNING"]);
    complete(bed);
    expect([queued(bed), pointers(bed)]).toEqual([[], { hw: PERIOD, appl: RING }]);
    expect(complete(bed)).toBeLessThan(0);
  });

  test("three writes of one and a half periods expose three of four", async () => {
    const bed = await copyBed();
    const half = (3 * PERIOD) / 2;
    const answers = [1, 2, 3].map((value) => write(bed, run(value, half)));
    expect(answers).toEqual([half, half, RING - 2 * half]);
    expect([queued(bed), pointers(bed).appl]).toEqual([[0, 1, 2], RING]);
  });

  test("a write over the ring's end makes two copies, and exposes two", async () => {
    const bed = await copyBed();
    for (const value of [1, 2, 3, 4]) write(bed, run(value));
    complete(bed, 2);
    expect(write(bed, run(5, PERIOD / 2))).toBe(PERIOD / 2);
    expect(queued(bed)).toEqual([2, 3, 0]);
    expect(bed.stream.forward(PERIOD)).toBe(PERIOD);
    complete(bed, 3);
    const untilEnd = 2 * RING - pointers(bed).appl;
    expect(write(bed, run(6, untilEnd + 1))).toBe(untilEnd + 1);
    expect(queued(bed)).toEqual([1, 2]);
  });

  test("a drain of two and a quarter periods in one write ends at its time limit", async () => {
    const bed = await copyBed({ nonblock: false });
    const { machine, stream } = bed;
    write(bed, run(1, 2 * PERIOD + 25));
    expect(stream.drain()).toBe(pcmBlocked);
    expect(queued(bed)).toEqual([0]);
    complete(bed);
    expect([pointers(bed).hw, stream.state]).toEqual([PERIOD, "DRAINING"]);
    expect(stream.finish()).toBe(pcmBlocked);
    machine.advanceToNextTimeout();
    expect([stream.finish(), stream.state]).toEqual([-errnos.EIO, "SETUP"]);
  });

  test("a part of a period goes out as a whole one, and the position passes appl_ptr", async () => {
    const bed = await copyBed({ software: { startThreshold: 1 } });
    write(bed, run(1));
    write(bed, run(2, 25));
    bed.card.forgetEvents();
    complete(bed, 1);
    expect(bed.stream.state).toBe("RUNNING");
    complete(bed, 1);
    const [, tail] = contents(bed, "complete");
    expect(tail).toEqual(Uint8Array.of(...run(2, 25), ...run(STALE, PERIOD - 25)));
    const { hw, appl } = pointers(bed);
    expect([hw, appl, bed.stream.state]).toEqual([2 * PERIOD, PERIOD + 25, "XRUN"]);
  });

  test("silence is zeros whatever the format, and a message for each call", async () => {
    const bed = await copyBed();
    bed.stream.ring().fill(1);
    expect(bed.stream.writei(0, 25)).toBe(25);
    expect([queued(bed), bed.stream.ring().subarray(0, 25)]).toEqual([[0], run(0, 25)]);
    const merged = await virtioBed({ design: "ack", software: { startThreshold: RING } });
    merged.stream.writei(0, 25);
    expect([queued(merged), merged.stream.ring().subarray(0, 25)]).toEqual([
      [],
      run(SILENCE_U8, 25),
    ]);
  });

  test("automatic silence exposes messages too", async () => {
    const bed = await copyBed({ software: { startThreshold: 1 } });
    const { boundary } = bed.stream.swParams().value!;
    bed.stream.swParams({ stopThreshold: boundary, silenceSize: boundary });
    write(bed, run(1));
    expect(bed.stream.state).toBe("RUNNING");
    expect(queued(bed)).toEqual([0, 1]);
  });

  test("an xrun event is seen by whoever asks for the position", async () => {
    const bed = await copyBed();
    for (const value of [1, 2, 3, 4]) write(bed, run(value));
    bed.card.sendEvent(0x1101, 0);
    expect(bed.stream.state).toBe("RUNNING");
    bed.stream.status();
    expect([bed.stream.state, write(bed, run(5))]).toEqual(["XRUN", -errnos.EPIPE]);
  });

  test("rewinding over what the device has is allowed", async () => {
    const bed = await copyBed();
    for (const value of [1, 2, 3, 4]) write(bed, run(value));
    expect(bed.stream.rewind(PERIOD)).toBe(PERIOD);
    expect(queued(bed)).toEqual([0, 1, 2, 3]);
  });
});

describe("capture", () => {
  const capture = (options: Partial<VirtioBedOptions> = {}): Promise<VirtioBed> =>
    copyBed({ direction: 1, software: {}, ...options });

  test("START exposes all messages", async () => {
    const bed = await capture();
    expect(bed.stream.start()).toBe(0);
    expect(queued(bed)).toEqual([0, 1, 2, 3]);
  });

  test("a quarter of a period that is read gives the whole message back", async () => {
    const bed = await capture({ device: { eagerRx: true } });
    bed.stream.start();
    complete(bed);
    const captured = bed.stream.ring().slice(0, PERIOD);
    expect(queued(bed)).toEqual([1, 2, 3]);
    const [, first] = read(bed, 25);
    expect(first).toEqual(captured.subarray(0, 25));
    expect(queued(bed)).toEqual([1, 2, 3, 0]);
    expect(bed.stream.ring().subarray(25, PERIOD)).not.toEqual(captured.subarray(25));
  });

  test("two periods that are read give one message back", async () => {
    const bed = await capture();
    bed.stream.start();
    complete(bed, 2);
    expect(read(bed, 2 * PERIOD)[0]).toBe(2 * PERIOD);
    expect(queued(bed)).toEqual([2, 3, 0]);
  });

  test("where no message is left the program has its bytes and EFAULT, and reads them twice", async () => {
    const bed = await capture();
    bed.stream.start();
    complete(bed, 1, { source: Uint8Array.from({ length: PERIOD }, (_, at) => at + 1) });
    expect(read(bed, 25)[0]).toBe(25);
    const expected = Uint8Array.from({ length: 25 }, (_, at) => at + 26);
    for (let round = 0; round < 2; round++) {
      bed.sound.write(0, run(0));
      expect(bed.stream.readi(SOUND, 25)).toBe(-errnos.EFAULT);
      expect([bed.sound.read(0, 25), pointers(bed).appl]).toEqual([expected, 25]);
    }
  });

  test("the end of a pause exposes what was not read", async () => {
    const bed = await capture();
    bed.stream.start();
    complete(bed, 2);
    expect([queued(bed), bed.stream.pause(), bed.stream.release()]).toEqual([[2, 3], 0, 0]);
    expect(queued(bed)).toEqual([2, 3, 0, 1]);
  });
});

describe("the ring", () => {
  test("cannot be mapped: HW_PARAMS refuses, where the other designs do not", async () => {
    const { stream } = await copyBed();
    expect(configure(stream, 0)).toBe(-errnos.EINVAL);
    const merged = await virtioBed({ design: "ack" });
    expect(configure(merged.stream, 0)).toBe(0);
  });

  test("is lost by a second HW_PARAMS", async () => {
    const { machine, stream } = await copyBed();
    const before = machine.framesInUse;
    expect(configure(stream)).toBe(0);
    expect(machine.framesInUse).toBe(before + 1);
    const merged = await virtioBed({ design: "ack" });
    const frames = merged.machine.framesInUse;
    expect(configure(merged.stream)).toBe(0);
    expect(merged.machine.framesInUse).toBe(frames);
  });

  test("is not cleared: what it held before reaches the reader", async () => {
    const bed = await copyBed({ direction: 1, software: {} });
    expect(bed.stream.ring()).toEqual(run(STALE, RING));
    bed.stream.start();
    complete(bed, 1, { captured: 60, source: run(1, 60) });
    expect(read(bed, 60)[1]).toEqual(run(1, 60));
    complete(bed, 1, { captured: 60, source: run(2, 60) });
    expect(read(bed, 60)[1]).toEqual(Uint8Array.of(...run(STALE, 40), ...run(2, 20)));
  });

  test("is freed while the device has messages of it", async () => {
    const rules = [{ request: "RELEASE" as const, keep: -1 }];
    const bed = await copyBed({ device: { rules } });
    write(bed, run(1, RING));
    bed.stream.drop();
    expect(bed.stream.hwFree()).toBe(0);
    const [left] = bed.card.view("tx")!.chains;
    expect(left!.pieces.map(({ name }) => name)).toEqual(["xfer", "?", "status"]);
    expect(kindsOf(bed.machine)).toEqual([]);
  });
});
