import { describe, expect, test } from "vitest";
import { PcmStream } from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";
import { BUFFER_FRAMES, PERIOD_FRAMES, SOUND, loud, moveTo, preparedBed } from "./playback.ts";

/** Where the model of PCM stops: what a program, or a user of the library, gets there. */
const ENOTTY = 25;
const EINVAL = 22;

test("poll says what is ready now, on a blocking file too, and nobody sleeps", async () => {
  const { task, stream } = await preparedBed({ nonblock: false });
  expect(stream.writei(0, BUFFER_FRAMES)).toBe(BUFFER_FRAMES);
  expect([stream.poll(), task.blocked]).toEqual([0, false]);
});

test.each([
  ["FIOASYNC", 0x5452],
  ["FIONBIO", 0x5421],
  ["SNDRV_TIMER_IOCTL_START", 0x54a0],
  ["SNDRV_CTL_IOCTL_CARD_INFO", 0x81785501],
])("%s, which is not the PCM core's, is ENOTTY and touches nothing", async (_, command) => {
  const { sound, stream } = await preparedBed();
  sound.write(0, loud(512));
  for (const door of ["native", "i386"] as const) {
    expect(stream.ioctl(door, command, SOUND)).toBe(-ENOTTY);
  }
  expect(sound.read(0, 512)).toEqual(loud(512));
});

test("any number of files may be open on a device; INFO counts none below 0 free", async () => {
  const task = (await machineOf({ memory: "4M" })).createTask();
  const files = Array.from({ length: 5 }, () => PcmStream.open(task, { nonblock: true }));
  const infos = files.map((file) => file.info().value!);
  expect(infos.map(({ subdevice }) => subdevice)).toEqual([0, 1, 2, 3, 4]);
  expect(infos[4]).toMatchObject({ subdevices: 1, subdevicesAvailable: 0 });
});

test("an ack answers what was set, wherever the pointer goes", async () => {
  const { stream } = await preparedBed();
  stream.setAnswers({ ack: -EINVAL });
  expect([stream.forward(1), stream.forward(PERIOD_FRAMES)]).toEqual([-EINVAL, -EINVAL]);
  stream.setAnswers({});
  expect(stream.forward(1)).toBe(1);
});

test("the clock stands still until somebody moves it", async () => {
  const { machine, stream } = await preparedBed();
  expect(stream.swParams({ tstampMode: 1 }).result).toBe(0);
  expect(stream.writei(0, BUFFER_FRAMES)).toBe(BUFFER_FRAMES);
  const before = stream.status().value!.time;
  expect(stream.status().value!.time).toBe(before);
  machine.advanceClock(5_000n);
  moveTo(stream, PERIOD_FRAMES);
  expect(stream.status().value!.time).toBe(before + 5_000n);
});

describe("the loopback cable", () => {
  test("between ends of different access types is silent", async () => {
    const machine = await machineOf({ memory: "4M" });
    const task = machine.createTask();
    const sound = task.map({ at: SOUND, length: 4096, populate: true });
    sound.write(0, loud(4096));
    const end = (direction: "playback" | "capture", number: number, access: number): PcmStream => {
      const options = { device: "aloop", direction, number, nonblock: true } as const;
      const stream = PcmStream.open(task, options);
      const sizes = { periodSize: PERIOD_FRAMES, bufferSize: BUFFER_FRAMES };
      expect([stream.configure({ ...sizes, access }), stream.prepare()]).toEqual([0, 0]);
      return stream;
    };
    const heard = (access: number): boolean => {
      const playing = end("playback", 0, 3);
      const listening = end("capture", 1, access);
      expect([listening.start(), playing.writei(SOUND, PERIOD_FRAMES)]).toEqual([0, PERIOD_FRAMES]);
      playing.setPosition(PERIOD_FRAMES / 2);
      listening.setPosition(PERIOD_FRAMES / 2);
      expect(listening.hwsync()).toBe(0);
      const sounds = listening.ring().some((byte) => byte !== 0);
      playing.close();
      listening.close();
      return sounds;
    };
    expect([heard(3), heard(4)]).toEqual([true, false]);
  });
});
