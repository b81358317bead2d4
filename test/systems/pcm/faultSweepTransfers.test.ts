import { beforeAll, describe, expect, test } from "vitest";
import {
  PcmStream,
  pcmRequest,
  type ArchName,
  type Machine,
  type Mapping,
  type PcmDirection,
  type PcmDoor,
  type PcmRequestName,
  type Snapshot,
  type Task,
} from "../../../src/index.ts";
import { machineOf } from "../../machine/pool.ts";
import { loud } from "./playback.ts";

/**
 * Reads and writes whose data, or whose list of channels, ends at each byte: what was moved stays moved, what was not
 * is untouched, and the outcome is where each door puts it.
 *
 *   ARGUMENT  result │ pointer │ frames        LIST  one address a channel        CHANNELS  …good│ missing
 */
const PAGE = 4096;
const ARGUMENT = 0x10000000;
const LIST = 0x11000000;
const CHANNELS = [0x12000000, 0x13000000, 0x14000000] as const;
const FRAMES = 8;
const SAMPLE_BYTES = 2;
const PART_BYTES = FRAMES * SAMPLE_BYTES;
const WHOLE_BYTES = PART_BYTES * CHANNELS.length;
const PERIOD = 16;
const BUFFER = 64;
/** Bytes of the ring that belong to a channel. */
const PART_OF_RING = BUFFER * SAMPLE_BYTES;
const OLD = 0xee;
const GIVEN_RESULT = 0x55;

const EFAULT = 14;
const EINVAL = 22;

interface Entry {
  readonly arch: ArchName;
  readonly door: PcmDoor;
  readonly word: 4 | 8;
}

const entries: readonly Entry[] = [
  { arch: "x86-64", door: "native", word: 8 },
  { arch: "x86-64", door: "i386", word: 4 },
  { arch: "x86-64", door: "x32", word: 4 },
  { arch: "powerpc-8xx", door: "native", word: 4 },
];

class Bed {
  readonly entry: Entry;
  readonly machine: Machine;
  readonly task: Task;
  readonly stream: PcmStream;
  readonly argument: Mapping;
  readonly list: Mapping;
  readonly channels: readonly Mapping[];
  readonly #ready: Snapshot;

  private constructor(entry: Entry, machine: Machine, direction: PcmDirection, access: number) {
    this.entry = entry;
    this.machine = machine;
    this.task = machine.createTask(entry.door === "native" ? {} : { wordBits: 32 });
    const page = (at: number): Mapping => this.task.map({ at, length: PAGE, populate: true });
    this.argument = page(ARGUMENT);
    this.list = page(LIST);
    this.channels = CHANNELS.map(page);
    const { door } = entry;
    this.stream = PcmStream.open(this.task, { nonblock: true, door, direction });
    const sizes = { periodSize: PERIOD, bufferSize: BUFFER };
    const channels = CHANNELS.length;
    expect(this.stream.configure({ ...sizes, access, channels })).toBe(0);
    expect(this.stream.swParams({ startThreshold: 1000n }).result).toBe(0);
    expect(this.stream.prepare()).toBe(0);
    this.stream.ring().fill(OLD);
    if (direction === "capture") this.#captured();
    this.#ready = machine.snapshot();
  }

  static async of(entry: Entry, direction: PcmDirection, access: number): Promise<Bed> {
    const machine = await machineOf({ arch: entry.arch, kernel: "6.12", memory: "1M" });
    return new Bed(entry, machine, direction, access);
  }

  /** A device that has filled the ring but for a frame. */
  #captured(): void {
    const { stream } = this;
    stream.ring().set(loud(stream.ring().length));
    expect(stream.start()).toBe(0);
    stream.setPosition(BUFFER - 1);
  }

  restore(): void {
    this.machine.restore(this.#ready);
  }

  #words(values: readonly number[]): Uint8Array {
    const { word } = this.entry;
    const image = new Uint8Array(word * values.length);
    const view = new DataView(image.buffer);
    values.forEach((value, index) => view.setUint32(index * word, value, true));
    return image;
  }

  /** The call with its pointer, whatever it points to. */
  transfer(name: PcmRequestName, pointer: number): number {
    const { word, door } = this.entry;
    this.argument.write(0, this.#words([GIVEN_RESULT, pointer, FRAMES]));
    return this.stream.ioctl(door, pcmRequest(name, word), ARGUMENT);
  }

  /** The list at the end of its page, with `good` bytes of it there. */
  putList(addresses: readonly number[], good = addresses.length * this.entry.word): number {
    const at = PAGE - good;
    this.list.write(at, this.#words(addresses).subarray(0, good));
    return LIST + at;
  }

  /** What the call stored as its result. */
  get result(): bigint {
    const { word } = this.entry;
    const view = new DataView(this.argument.read(0, 8).buffer);
    return word === 8 ? view.getBigInt64(0, true) : BigInt(view.getInt32(0, true));
  }

  /** Where a failing call leaves the result: the native door stores the error there. */
  get failedResult(): bigint {
    return BigInt(this.entry.door === "native" ? -EFAULT : GIVEN_RESULT);
  }

  /** And a good one. The compat doors answer the count of a list's transfer as well. */
  get goodAnswer(): number {
    return this.entry.door === "native" ? 0 : FRAMES;
  }

  ringPart(channel: number): Uint8Array {
    return this.stream.ring().slice(channel * PART_OF_RING, channel * PART_OF_RING + PART_BYTES);
  }

  /** After any of these faults: nothing was counted, nothing broke, and the stream goes on. */
  expectSound(): void {
    expect(this.machine.findings()).toEqual([]);
    expect(this.stream.field("appl_ptr")).toBe(0n);
    expect(this.stream.reset()).toBe(0);
  }
}

/** `good` bytes, then what was there. */
function prefixOf(bytes: Uint8Array, good: number): Uint8Array {
  return bytes.map((byte, index) => (index < good ? byte : OLD));
}

describe.each(entries)("WRITEN at the $door door of $arch", (entry) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.of(entry, "playback", 4);
  });

  /** Each channel's sound stands at the end of its page. */
  const sound = CHANNELS.map((_, channel) =>
    loud(200).slice(50 * channel, 50 * channel + PART_BYTES),
  );
  const places = CHANNELS.map((at) => at + PAGE - PART_BYTES);
  function ready(): void {
    bed.restore();
    bed.channels.forEach((page, channel) => page.write(PAGE - PART_BYTES, sound[channel]!));
  }

  test("takes a list to its last byte", () => {
    ready();
    expect(bed.transfer("WRITEN", bed.putList(places))).toBe(bed.goodAnswer);
    expect([bed.result, bed.stream.field("appl_ptr")]).toEqual([BigInt(FRAMES), BigInt(FRAMES)]);
    expect(CHANNELS.map((_, channel) => bed.ringPart(channel))).toEqual(sound);
  });

  test("without a byte of its list is EFAULT before anything is moved", () => {
    const bytes = CHANNELS.length * entry.word;
    const pointers = Array.from({ length: bytes }, (_, good) => good);
    for (const good of pointers) {
      ready();
      expect(bed.transfer("WRITEN", bed.putList(places, good)), `${good} bytes`).toBe(-EFAULT);
      // the native call has stored 0 by then, and stores no outcome of a transfer that never began
      expect(bed.result).toBe(entry.door === "native" ? 0n : BigInt(GIVEN_RESULT));
      expect(bed.stream.ring().every((byte) => byte === OLD)).toBe(true);
      bed.expectSound();
    }
    ready();
    expect(bed.transfer("WRITEN", 0)).toBe(-EFAULT);
    bed.expectSound();
  });

  test("copies the channels before the one that faults, and of that one what there is", () => {
    for (const [channel, at] of CHANNELS.entries()) {
      for (let good = 0; good < PART_BYTES; good++) {
        ready();
        bed.channels[channel]!.write(PAGE - good, sound[channel]!.subarray(0, good));
        const list = bed.putList(places.with(channel, at + PAGE - good));
        expect(bed.transfer("WRITEN", list)).toBe(-EFAULT);
        expect(bed.result).toBe(bed.failedResult);
        const arrived = CHANNELS.map((_, other) =>
          prefixOf(sound[other]!, other < channel ? PART_BYTES : other === channel ? good : 0),
        );
        expect(CHANNELS.map((_, other) => bed.ringPart(other))).toEqual(arrived);
        bed.expectSound();
      }
    }
  });

  test.each(CHANNELS.map((_, channel) => channel))("writes silence for no address (%i)", (mute) => {
    ready();
    expect(bed.transfer("WRITEN", bed.putList(places.with(mute, 0)))).toBe(bed.goodAnswer);
    const heard = sound.map((bytes, channel) => (channel === mute ? bytes.map(() => 0) : bytes));
    expect(CHANNELS.map((_, channel) => bed.ringPart(channel))).toEqual(heard);
  });
});

describe.each(entries)("READN at the $door door of $arch", (entry) => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.of(entry, "capture", 4);
  });

  const places = CHANNELS.map((at) => at + PAGE - PART_BYTES);
  function ready(): void {
    bed.restore();
    for (const page of bed.channels) page.write(0, new Uint8Array(PAGE).fill(OLD));
  }

  test("brings the channels before the one that faults, and of that one what fits", () => {
    for (const [channel, at] of CHANNELS.entries()) {
      for (let good = 0; good <= PART_BYTES; good++) {
        ready();
        const fits = good === PART_BYTES;
        const list = bed.putList(places.with(channel, at + PAGE - good));
        expect(bed.transfer("READN", list)).toBe(fits ? bed.goodAnswer : -EFAULT);
        expect(bed.result).toBe(fits ? BigInt(FRAMES) : bed.failedResult);
        for (const [other, page] of bed.channels.entries()) {
          const reached = fits || other < channel ? PART_BYTES : other === channel ? good : 0;
          const room = other === channel ? good : PART_BYTES;
          const brought = prefixOf(bed.ringPart(other), reached).subarray(0, room);
          expect(page.read(PAGE - room, room)).toEqual(brought);
          expect(page.read(0, PAGE - room).every((byte) => byte === OLD)).toBe(true);
        }
        if (!fits) bed.expectSound();
      }
    }
  });

  test("drops a channel without an address", () => {
    ready();
    expect(bed.transfer("READN", bed.putList(places.with(1, 0)))).toBe(bed.goodAnswer);
    expect(bed.channels[1]!.read(0, PAGE).every((byte) => byte === OLD)).toBe(true);
    expect(bed.channels[2]!.read(PAGE - PART_BYTES, PART_BYTES)).toEqual(bed.ringPart(2));
  });
});

describe.each(entries)("whole frames at the $door door of $arch", (entry) => {
  const goodAnswer = 0;

  test("WRITEI: what there is arrives, nothing is counted", async () => {
    const bed = await Bed.of(entry, "playback", 3);
    const sound = loud(WHOLE_BYTES);
    for (let good = 0; good <= WHOLE_BYTES; good++) {
      bed.restore();
      bed.channels[0]!.write(PAGE - good, sound.subarray(0, good));
      const fits = good === WHOLE_BYTES;
      const answer = bed.transfer("WRITEI", CHANNELS[0] + PAGE - good);
      expect(answer, `${good} bytes`).toBe(fits ? goodAnswer : -EFAULT);
      expect(bed.result).toBe(fits ? BigInt(FRAMES) : bed.failedResult);
      expect(bed.stream.ring().slice(0, WHOLE_BYTES)).toEqual(prefixOf(sound, good));
      if (!fits) bed.expectSound();
    }
  });

  test("READI: what fits is brought, nothing is counted", async () => {
    const bed = await Bed.of(entry, "capture", 3);
    for (let good = 0; good <= WHOLE_BYTES; good++) {
      bed.restore();
      const fits = good === WHOLE_BYTES;
      const answer = bed.transfer("READI", CHANNELS[0] + PAGE - good);
      expect(answer, `${good} bytes`).toBe(fits ? goodAnswer : -EFAULT);
      expect(bed.result).toBe(fits ? BigInt(FRAMES) : bed.failedResult);
      const heard = bed.stream.ring().slice(0, good);
      expect(bed.channels[0]!.read(PAGE - good, good)).toEqual(heard);
      if (!fits) bed.expectSound();
    }
  });

  test("READI without an address is EINVAL, WRITEI writes silence", async () => {
    const capture = await Bed.of(entry, "capture", 3);
    expect(capture.transfer("READI", 0)).toBe(-EINVAL);
    capture.expectSound();
    const playback = await Bed.of(entry, "playback", 3);
    expect(playback.transfer("WRITEI", 0)).toBe(goodAnswer);
    expect(
      playback.stream
        .ring()
        .slice(0, WHOLE_BYTES)
        .every((byte) => byte === 0),
    ).toBe(true);
  });
});
