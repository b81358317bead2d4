import { describe, expect, test } from "vitest";
import {
  PcmStream,
  buildNames,
  type BuildName,
  type DriverCall,
  type Machine,
  type PcmDevice,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";

/** A sound device of the caller's: its position is asked, its driver is told, on every build. */
const RATE = 48000;
const PERIOD = 100;
const BUFFER = 400;
const EIO = 5;
const BILLION = 1_000_000_000n;

async function playing(
  build: BuildName,
  device: PcmDevice,
): Promise<{ machine: Machine; stream: PcmStream }> {
  const machine = await machineOf({ arch: "x86-64", build });
  machine.switchEvery = 1;
  const stream = PcmStream.open(machine.createTask(), { nonblock: true, device });
  expect(stream.configure({ periodSize: PERIOD, bufferSize: BUFFER, rate: RATE })).toBe(0);
  expect(stream.prepare()).toBe(0);
  expect(stream.writei(0, BUFFER)).toBe(BUFFER);
  return { machine, stream };
}

/** A device that moves with the machine's clock. */
function clocked(): PcmDevice {
  return {
    pointer: (file) => {
      const { nanoseconds } = file.task.machine;
      return (((nanoseconds * BigInt(RATE)) / BILLION) % file.field("buffer_size")) as bigint;
    },
  };
}

describe.each(buildNames)("in the %s build", (build) => {
  test("its position is asked whenever the kernel may read it", async () => {
    const { machine, stream } = await playing(build, clocked());
    machine.advanceClock((BILLION * BigInt(PERIOD)) / BigInt(RATE) + 1n);
    expect(stream.hwsync()).toBe(0);
    expect(stream.field("hw_ptr")).toBe(BigInt(PERIOD));
    machine.advanceClock((BILLION * BigInt(PERIOD)) / BigInt(RATE) + 1n);
    stream.periodElapsed();
    expect(stream.field("hw_ptr")).toBe(BigInt(2 * PERIOD));
  });

  test.each([
    ["a buffer or more", () => BUFFER],
    ["negative", () => -1],
    ["no number", () => Number.NaN],
    ["a fraction", () => 1.5],
    ["beyond 64 bits", () => 2n ** 70n],
    ["nothing", () => undefined as unknown as number],
    ["a text", () => "12" as unknown as number],
    [
      "an exception",
      () => {
        throw new Error("the device is on fire");
      },
    ],
  ])("a position that is %s counts as 0 and is a finding", async (_, pointer) => {
    const { machine, stream } = await playing(build, { pointer });
    expect(stream.hwsync()).toBe(0);
    expect([stream.state, stream.field("hw_ptr")]).toEqual(["RUNNING", 0n]);
    expect(machine.findings().map(({ kind }) => kind)).toContain("pcm-position");
  });

  test("it may report an xrun in place of a position", async () => {
    const { machine, stream } = await playing(build, { pointer: () => "xrun" });
    stream.periodElapsed();
    expect(stream.state).toBe("XRUN");
    expect(machine.findings()).toEqual([]);
  });

  test("its driver is told what it was asked, in order, also at close", async () => {
    const told: string[] = [];
    const called = ({ name }: DriverCall): void => void told.push(name);
    const { stream } = await playing(build, { called });
    stream.pause();
    stream.close();
    expect(told).toEqual([
      "open",
      "hw_params",
      "prepare",
      "ack",
      "trigger:start",
      "trigger:pause_push",
      "trigger:pause_release",
      "trigger:stop",
      "hw_free",
      "close",
    ]);
  });
});

describe("a device of one's own", () => {
  test("keeps what its pointer threw", async () => {
    const error = new Error("the device is on fire");
    const pointer = (): number => {
      throw error;
    };
    const { stream } = await playing("release", { pointer });
    expect(stream.pointerError).toBe(undefined);
    stream.hwsync();
    expect(stream.pointerError).toBe(error);
  });

  test.each([
    [Number.NaN, "NaN", 2n ** 64n - 2n],
    [-1, "-1", 2n ** 64n - 2n],
    ["12", '"12"', 2n ** 64n - 2n],
  ])("says what its pointer answered where that is no position: %s", async (answer, shown, at) => {
    const { machine, stream } = await playing("release", { pointer: () => answer as number });
    stream.hwsync();
    expect(stream.pointerError).toMatchObject({
      message: `pointer() is ${shown}; valid: frames from 0 to buffer_size − 1, or "xrun"`,
    });
    expect(machine.findings()[0]).toMatchObject({ address: at, detail: stream.handle });
  });

  test("a position outside its ring is in the finding as it is", async () => {
    const { machine, stream } = await playing("release", { pointer: () => BUFFER + 7 });
    stream.hwsync();
    expect(stream.pointerError).toBe(undefined);
    expect(machine.findings()[0]).toMatchObject({
      kind: "pcm-position",
      address: BigInt(BUFFER + 7),
    });
  });

  test("keeps what its called threw; the stream opens and every call is told", async () => {
    const told: string[] = [];
    const error = new Error("the device is on fire");
    const called = ({ name }: DriverCall): void => {
      told.push(name);
      throw error;
    };
    const { stream } = await playing("release", { called });
    expect(stream.calledError).toBe(error);
    expect(told).toEqual(["open", "hw_params", "prepare", "ack", "trigger:start"]);
    expect((await playing("release", {})).stream.calledError).toBe(undefined);
  });

  test("is asked and told while another file of its group makes the call", async () => {
    const told: string[] = [];
    const device = {
      pointer: () => PERIOD / 2,
      called: ({ name }: DriverCall) => void told.push(name),
    };
    const { stream } = await playing("release", device);
    const other = PcmStream.open(stream.task, { direction: "capture", nonblock: true });
    other.configure({ periodSize: PERIOD, bufferSize: BUFFER });
    stream.drop();
    expect([stream.link(other), stream.prepare(), stream.writei(0, PERIOD)]).toEqual([
      0,
      0,
      PERIOD,
    ]);
    expect(other.state).toBe("RUNNING");
    told.length = 0;
    expect(other.reset()).toBe(0);
    expect([stream.field("hw_ptr"), told]).toEqual([BigInt(PERIOD / 2), ["pointer"]]);
  });

  test("answers what it was set to, and the kernel undoes what failed", async () => {
    const { stream } = await playing("release", { name: "refuser", card: 7, substreams: 2 });
    stream.setAnswers({ prepare: -EIO });
    expect([stream.drop(), stream.prepare(), stream.state]).toEqual([0, -EIO, "SETUP"]);
    stream.setAnswers({});
    expect(stream.prepare()).toBe(0);
    expect(stream.info().value).toMatchObject({
      card: 7,
      id: "refuser",
      subdevices: 2,
      subdevicesAvailable: 1,
    });
  });

  test("may use the machine from its callbacks without being asked again", async () => {
    const machine = await machineOf({ arch: "x86-64", build: "study" });
    const seen: string[] = [];
    let asked = 0;
    const device: PcmDevice = {
      pointer: () => (asked++, 0),
      called: ({ name }, substream) => {
        if (name !== "trigger:start") return;
        asked = 0;
        seen.push(`${substream.state} ${stream.hwsync()} ${asked}`);
      },
    };
    const stream = PcmStream.open(machine.createTask(), { nonblock: true, device });
    stream.configure({ periodSize: PERIOD, bufferSize: BUFFER });
    expect([stream.prepare(), stream.writei(0, BUFFER)]).toEqual([0, BUFFER]);
    expect(seen).toEqual(["RUNNING 0 0"]);
    expect([stream.hwsync(), asked]).toEqual([0, 1]);
  });

  test("is left alone once it was closed, and taken up again by a restore", async () => {
    let asked = 0;
    const pointer = (): number => (asked++, 0);
    const { machine, stream } = await playing("release", { pointer });
    const before = machine.snapshot();
    stream.close();
    machine.restore(before);
    asked = 0;
    expect(stream.hwsync()).toBe(0);
    expect(asked).toBe(1);
  });

  test("with limits of its own takes only what it can", async () => {
    const machine = await machineOf({ arch: "x86-64" });
    const limits = { rates: [8000, 48000], channelsMax: 1, wholePeriods: true };
    const stream = PcmStream.open(machine.createTask(), { device: { limits } });
    const { value } = stream.hwRefine({});
    expect([value!.channels.max, value!.rate.min, value!.rate.max]).toEqual([1, 8000, 48000]);
    expect(stream.hwRefine({ channels: 2 }).result).toBe(-22);
  });
});
