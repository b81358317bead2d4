import { describe, expect, test } from "vitest";
import {
  PcmStream,
  buildNames,
  type BuildName,
  type Machine,
  type Mapping,
  type Task,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";

/** What is played into the loopback device's cable is captured at its other end (sound/drivers/aloop.c). */
const PLAYED = 0x10000000;
const CAPTURED = 0x18000000;
const PERIOD = 64;
const BUFFER = 256;
const FRAME_BYTES = 4;
const EINVAL = 22;
const INTERLEAVED = 3;
const NON_INTERLEAVED = 4;

interface Cable {
  readonly machine: Machine;
  readonly task: Task;
  readonly play: PcmStream;
  readonly capture: PcmStream;
  readonly played: Mapping;
  readonly captured: Mapping;
}

async function cable(access = INTERLEAVED, build: BuildName = "release"): Promise<Cable> {
  const machine = await machineOf({ arch: "x86-64", build, memory: "4M" });
  const task = machine.createTask();
  const played = task.map({ at: PLAYED, length: 8192, populate: true });
  const captured = task.map({ at: CAPTURED, length: 8192, populate: true });
  played.write(
    0,
    Uint8Array.from({ length: 8192 }, (_, at) => 1 + ((at * 7 + (at >> 8) * 13) % 255)),
  );
  const open = (direction: "playback" | "capture", number: number): PcmStream => {
    const stream = PcmStream.open(task, { device: "aloop", direction, number, nonblock: true });
    expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER, access })).toBe(0);
    expect(stream.swParams({ stopThreshold: stream.field("boundary") }).result).toBe(0);
    expect(stream.prepare()).toBe(0);
    return stream;
  };
  return {
    machine,
    task,
    play: open("playback", 0),
    capture: open("capture", 1),
    played,
    captured,
  };
}

/** Both ends stand at the same frame, and say so. */
function moveTo({ play, capture }: Cable, frame: number): void {
  for (const end of [play, capture]) {
    end.setPosition(frame % BUFFER);
    end.periodElapsed();
  }
}

function heard({ captured, capture }: Cable, frames: number): number[] {
  captured.write(0, new Uint8Array(8192).fill(0xee));
  expect(capture.readi(CAPTURED, frames)).toBe(frames);
  return [...captured.read(0, frames * FRAME_BYTES)];
}

function said({ played }: Cable, from: number, frames: number): number[] {
  return [...played.read(from * FRAME_BYTES, frames * FRAME_BYTES)];
}

const silence = (frames: number): number[] => new Array<number>(frames * FRAME_BYTES).fill(0);

describe.each(buildNames)("in the %s build", (build) => {
  test("the capture end hears what was played, round the ring and on", async () => {
    const bed = await cable(INTERLEAVED, build);
    expect(bed.play.writei(PLAYED, BUFFER)).toBe(BUFFER);
    expect(bed.capture.start()).toBe(0);
    moveTo(bed, PERIOD + 8);
    expect(heard(bed, PERIOD + 8)).toEqual(said(bed, 0, PERIOD + 8));
    expect(bed.play.writei(PLAYED + BUFFER * FRAME_BYTES, PERIOD)).toBe(PERIOD);
    moveTo(bed, BUFFER - 1);
    expect(heard(bed, BUFFER - PERIOD - 9)).toEqual(said(bed, PERIOD + 8, BUFFER - PERIOD - 9));
    moveTo(bed, BUFFER + 20);
    expect(heard(bed, 21)).toEqual(said(bed, BUFFER - 1, 21));
  });
});

describe("the cable", () => {
  test("is silent until something is played, and joins the ends where they stand", async () => {
    const bed = await cable();
    expect(bed.capture.start()).toBe(0);
    bed.capture.setPosition(50);
    bed.capture.periodElapsed();
    bed.capture.setPosition(60);
    bed.play.writei(PLAYED, PERIOD);
    bed.capture.setPosition(70);
    bed.play.setPosition(10);
    expect(heard(bed, 70)).toEqual([...silence(60), ...said(bed, 0, 10)]);
  });

  test("is silent during a pause and after a stop", async () => {
    const bed = await cable();
    bed.play.writei(PLAYED, BUFFER);
    bed.capture.start();
    moveTo(bed, 10);
    expect(bed.play.pause()).toBe(0);
    bed.capture.setPosition(30);
    expect(bed.play.release()).toBe(0);
    bed.capture.setPosition(40);
    bed.play.setPosition(20);
    bed.capture.periodElapsed();
    expect(bed.play.drop()).toBe(0);
    bed.capture.setPosition(45);
    expect(heard(bed, 45)).toEqual([
      ...said(bed, 0, 10),
      ...silence(20),
      ...said(bed, 10, 10),
      ...silence(5),
    ]);
  });

  test("carries nothing of a drain but the program's frames", async () => {
    const bed = await cable();
    bed.play.writei(PLAYED, BUFFER);
    bed.capture.start();
    moveTo(bed, 200);
    heard(bed, 200);
    bed.play.drain();
    bed.capture.setPosition((BUFFER + 30) % BUFFER);
    expect(heard(bed, BUFFER - 170)).toEqual([...said(bed, 200, BUFFER - 200), ...silence(30)]);
  });

  test("keeps channels apart where the rings do", async () => {
    const bed = await cable(NON_INTERLEAVED);
    bed.play.writen([PLAYED, PLAYED + 4096], BUFFER);
    bed.capture.start();
    moveTo(bed, 10);
    expect(bed.capture.readn([CAPTURED, CAPTURED + 4096], 10)).toBe(10);
    for (const at of [0, 4096]) {
      expect([...bed.captured.read(at, 20)]).toEqual([...bed.played.read(at, 20)]);
    }
  });

  test("is bound by the end that is prepared first", async () => {
    const { capture, play } = await cable();
    expect(capture.drop()).toBe(0);
    expect(capture.hwFree()).toBe(0);
    const { value } = capture.hwRefine({});
    expect([value!.format, value!.rate.min, value!.rate.max]).toEqual([[2], 48000, 48000]);
    expect(capture.configure({ periodSize: PERIOD, bufferSize: BUFFER, rate: 44100 })).toBe(
      -EINVAL,
    );
    play.close();
    expect(capture.configure({ periodSize: PERIOD, bufferSize: BUFFER })).toBe(0);
  });

  test("has as many ends as there are substreams of a number", async () => {
    const { task, capture, play } = await cable();
    const second = PcmStream.open(task, { device: "aloop", direction: "capture", number: 1 });
    expect(second.info().value).toMatchObject({
      subdevice: 1,
      subname: "subdevice #1",
      name: "Loopback PCM",
    });
    expect(second.hwRefine({}).value!.rate).toMatchObject({ min: 8000, max: 192000 });
    capture.close();
    play.writei(PLAYED, PERIOD);
    play.setPosition(10);
    expect(play.hwsync()).toBe(0);
  });

  test("leaves no frame behind", async () => {
    const { machine, task, play, capture } = await cable();
    play.close();
    capture.close();
    const before = machine.framesInUse;
    for (let round = 0; round < 3; round++) {
      for (const direction of ["playback", "capture"] as const) {
        PcmStream.open(task, { device: "aloop", direction }).close();
      }
    }
    expect(machine.framesInUse).toBe(before);
  });
});
