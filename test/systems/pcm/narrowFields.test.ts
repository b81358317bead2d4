import { expect, test } from "vitest";
import { UsageError, type PcmStream } from "../../../src/index.ts";
import { SOUND, loud, preparedBed } from "./playback.ts";

/** What a verb is given is what the program's structure gets: nothing is cut, and nothing left from an earlier call. */
const WIDE = 2 ** 32;

const wideValues: readonly (readonly [string, (stream: PcmStream) => unknown])[] = [
  ["frames", (stream) => stream.writei(SOUND, WIDE + 8)],
  ["data", (stream) => stream.writei(WIDE + SOUND, 8)],
  ["channels[1]", (stream) => stream.writen([SOUND, WIDE], 8)],
  ["frames", (stream) => stream.forward(WIDE)],
  ["applPtr", (stream) => stream.sync({ applPtr: WIDE + 5 })],
  ["availMin", (stream) => stream.sync({ availMin: WIDE })],
  ["stopThreshold", (stream) => stream.swParams({ stopThreshold: 2 ** 40 })],
];

const wideInts: readonly (readonly [string, (stream: PcmStream) => unknown])[] = [
  ["channel", (stream) => stream.channelInfo(WIDE)],
  ["clock", (stream) => stream.ttstamp(WIDE + 1)],
  ["version", (stream) => stream.userPversion(WIDE)],
  ["audioTstampData", (stream) => stream.statusExt(WIDE)],
];

test.each([...wideValues, ...wideInts])(
  "%s of more than 32 bits is refused at the i386 door",
  async (name, call) => {
    const { stream } = await preparedBed({ door: "i386" });
    const before = stream.field("appl_ptr");
    expect(() => call(stream)).toThrow(UsageError);
    expect(() => call(stream)).toThrow(`${name} is`);
    expect(() => call(stream)).toThrow("the field has 32 bits");
    expect(stream.field("appl_ptr")).toBe(before);
  },
);

test.each(wideInts)("%s is an int at the native door too", async (name, call) => {
  const { stream } = await preparedBed();
  expect(() => call(stream)).toThrow(`${name} is`);
});

test.each(wideValues)("%s of more than 32 bits reaches a kernel of 64", async (_, call) => {
  const { stream } = await preparedBed();
  expect(() => call(stream)).not.toThrow();
});

test("an answer of the driver's is 0 or −errno", async () => {
  const { stream } = await preparedBed();
  expect(() => {
    stream.setAnswers({ trigger: 1 });
  }).toThrow("trigger is 1");
});

test("a channel that WRITEN names no address for is silent, whatever was written before", async () => {
  const NONINTERLEAVED = 4;
  const { sound, stream } = await preparedBed({ configuration: { access: NONINTERLEAVED } });
  sound.write(0, loud(64));
  expect([stream.writen([SOUND, SOUND], 8), stream.writen([SOUND], 8)]).toEqual([8, 8]);
  const ring = stream.ring();
  const second = ring.subarray(ring.length / 2);
  expect([...second.subarray(0, 16)]).toEqual([...loud(16)]);
  expect([...second.subarray(16, 32)]).toEqual(Array.from({ length: 16 }, () => 0));
});
