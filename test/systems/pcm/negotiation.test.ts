import { describe, expect, test } from "vitest";
import { PcmStream, type PcmDoor, type PcmState } from "../../../src/index.ts";
import { deviceProfiles } from "../../../src/systems/pcm/params/index.ts";
import { machineOf } from "../../machine/pool.ts";
import { BUFFER_FRAMES, PERIOD_FRAMES, preparedBed } from "./playback.ts";

/** HW_REFINE, HW_PARAMS, INFO and CHANNEL_INFO where no recording goes: states, refusals, other devices. */
const ENOMEM = 12;
const EBADFD = 77;
const MMAP_BITS = 0x3;
const sizes = { periodSize: PERIOD_FRAMES, bufferSize: BUFFER_FRAMES };

/** A stream that the driver put into a state. */
async function streamIn(state: PcmState, door: PcmDoor = "native"): Promise<PcmStream> {
  const { stream } = await preparedBed(door === "native" ? {} : { door });
  expect(stream.forward(PERIOD_FRAMES)).toBe(PERIOD_FRAMES);
  if (state === "OPEN") expect(stream.drop() + stream.hwFree()).toBe(0);
  else expect(stream.stop(state)).toBe(0);
  stream.takeDriverCalls();
  return stream;
}

const everyState: readonly PcmState[] = [
  "OPEN",
  "SETUP",
  "PREPARED",
  "RUNNING",
  "XRUN",
  "DRAINING",
  "PAUSED",
  "SUSPENDED",
  "DISCONNECTED",
];
const configurable: readonly PcmState[] = ["OPEN", "SETUP", "PREPARED"];

describe.each(everyState)("in %s", (state) => {
  test.each(["native", "i386"] as const)(
    "HW_REFINE through the %s door answers and touches nothing",
    async (door) => {
      const stream = await streamIn(state, door);
      const pointer = stream.field("appl_ptr");
      const refused = state === "DISCONNECTED" && door === "native";
      expect(stream.hwRefine({}).result).toBe(refused ? -EBADFD : 0);
      expect([stream.state, stream.field("appl_ptr"), stream.takeDriverCalls()]).toEqual([
        state,
        pointer,
        [],
      ]);
    },
  );

  test.each(["native", "i386"] as const)(
    "HW_PARAMS through the %s door is taken or refused, with the pointers as they were",
    async (door) => {
      const stream = await streamIn(state, door);
      const good = configurable.includes(state);
      expect(stream.configure({ ...sizes, rate: 8000 })).toBe(good ? 0 : -EBADFD);
      expect([stream.state, stream.field("appl_ptr")]).toEqual([good ? "SETUP" : state, 100n]);
      expect(stream.takeDriverCalls().map(({ name }) => name)).toEqual(good ? ["hw_params"] : []);
    },
  );
});

test("HW_PARAMS that finds no memory leaves the stream without a configuration", async () => {
  const machine = await machineOf({ memory: "256K" });
  const stream = PcmStream.open(machine.createTask(), { nonblock: true });
  expect(stream.configure(sizes)).toBe(0);
  stream.takeDriverCalls();
  expect(stream.configure({ periodSize: 16384, bufferSize: 65536 })).toBe(-ENOMEM);
  expect([stream.state, stream.ring().length]).toEqual(["OPEN", 0]);
  expect(stream.takeDriverCalls().map(({ name }) => name)).toEqual(["hw_free"]);
  expect(stream.configure(sizes)).toBe(0);
});

describe("INFO", () => {
  test.each([
    ["dummy", { card: 1, id: "Dummy PCM", name: "Dummy PCM", subdevices: 8 }],
    ["aloop", { card: 2, id: "Loopback PCM", name: "Loopback PCM", subdevices: 8 }],
  ] as const)("of %s names it and counts its substreams", async (device, described) => {
    const machine = await machineOf({ memory: "4M" });
    const task = machine.createTask();
    PcmStream.open(task, { device, number: 1 });
    const second = PcmStream.open(task, { device, number: 1 });
    expect(second.info().value).toMatchObject({
      ...described,
      device: 1,
      subdevice: 1,
      stream: "playback",
      subname: "subdevice #1",
      subdevicesAvailable: 6,
    });
  });
});

describe.each(["native", "i386", "x32"] as const)("CHANNEL_INFO through the %s door", (door) => {
  const at = door === "native" ? {} : { door };

  test("of a ring with a part for each channel", async () => {
    const { stream } = await preparedBed({ ...at, configuration: { access: 4 } });
    expect(stream.channelInfo(1).value).toEqual({ channel: 1, offset: 0n, first: 6400, step: 16 });
  });

  test("of a ring that cannot be mapped", async () => {
    const device = { limits: { info: deviceProfiles.ctl.info & ~MMAP_BITS } };
    const { stream } = await preparedBed({ ...at, device });
    expect(stream.channelInfo(1).value).toEqual({ channel: 1, offset: -1n, first: 0, step: 0 });
  });
});
