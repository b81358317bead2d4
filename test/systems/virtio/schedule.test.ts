import { describe, expect, test } from "vitest";
import { Machine, UsageError, VirtioSnd } from "../../../src/index.ts";
import { coreConstants } from "../../../src/core/generated/coreConstants.ts";
import type { VirtioSndDesign } from "../../../src/systems/virtio/description.ts";
import {
  DeviceSchedule,
  deviceReadings,
  wrongPeriods,
  type DeviceTiming,
} from "../../../src/systems/virtio/schedule.ts";
import {
  errnos,
  PERIOD,
  PERIODS,
  pointers,
  read,
  RING,
  run,
  virtioBed,
  write,
  type VirtioBed,
  type VirtioBedOptions,
} from "./bed.ts";

/** What is heard: the same program on each design, with devices that read when they like. */

const FIRST = 0x80;

/** Periods by their first byte, as a device plays them; a torn one by its first and its last. */
function heard(schedule: DeviceSchedule): (number | string)[] {
  return schedule.playedPeriods.map((period) =>
    period[0] === period.at(-1) ? period[0]! : `${period[0]!}|${period.at(-1)!}`,
  );
}

/** Stores `total` bytes in writes of `size`, a period of the device's whenever there is no room. */
function play(bed: VirtioBed, schedule: DeviceSchedule, written: Uint8Array, size: number): void {
  for (let at = 0; at < written.length;) {
    const answer = write(bed, written.subarray(at, at + size));
    if (answer > 0) at += answer;
    else if (answer !== -errnos.EAGAIN || !schedule.period()) return;
    schedule.look();
  }
}

function numbered(periods: number): Uint8Array {
  return Uint8Array.from({ length: periods * PERIOD }, (_, at) => 1 + Math.floor(at / PERIOD));
}

async function played(
  design: VirtioSndDesign,
  timing: DeviceTiming,
  size: number,
  options: Partial<VirtioBedOptions> = {},
): Promise<DeviceSchedule> {
  const software = { startThreshold: RING };
  const bed = await virtioBed({ design, software, ...options });
  const schedule = new DeviceSchedule(bed.card, timing);
  play(bed, schedule, numbered(8), size);
  while (schedule.playedPeriods.length < 8 && schedule.period());
  return schedule;
}

describe("A hands the ring over before it is written", () => {
  test("I1: at a start with one period, what is exposed with it is empty", async () => {
    const software = { startThreshold: 1 };
    const schedule = await played("mmap", { reads: "exposure" }, PERIOD, { software });
    expect(heard(schedule)).toEqual([1, 0, 0, 0, 1, 2, 3, 4]);
  });

  test("I2: for ever one ring late", async () => {
    const schedule = await played("mmap", { reads: "exposure" }, PERIOD);
    expect(heard(schedule)).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
    expect(wrongPeriods(schedule.playedPeriods, numbered(8))).toBe(PERIODS);
  });

  test.each(["turn", "return"] as const)(
    "I3: unheard where the device reads at %s",
    async (reads) => {
      const schedule = await played("mmap", { reads }, PERIOD);
      expect(heard(schedule)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(schedule.playedBytes).toEqual(numbered(8));
    },
  );

  test("I4: a period half of before and half of after a store", async () => {
    const bed = await virtioBed({ design: "mmap", software: { startThreshold: RING } });
    const schedule = new DeviceSchedule(bed.card, { reads: "halves" });
    play(bed, schedule, numbered(4), PERIOD);
    schedule.look();
    bed.stream.rewind(RING);
    write(bed, run(9));
    schedule.period();
    expect(heard(schedule)).toEqual(["1|9"]);
  });
});

describe("exposing after the last byte avoids it", () => {
  const sizes = [25, 60, PERIOD, 150, RING];

  test.each(
    (["ack", "corrected"] as const).flatMap((design) =>
      deviceReadings.flatMap((reads) => sizes.map((size) => [design, reads, size] as const)),
    ),
  )("%s, read at %s, writes of %i: nothing wrong", async (design, reads, size) => {
    const schedule = await played(design, { reads }, size);
    expect(wrongPeriods(schedule.playedPeriods, numbered(8))).toBe(0);
    expect(schedule.playedPeriods).toHaveLength(8);
  });

  test.each(deviceReadings)("R, read at %s: with whole periods alone", async (reads) => {
    const whole = await played("copy", { reads }, PERIOD);
    expect(heard(whole)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test("R: wrong as soon as the size is another", async () => {
    const schedule = await played("copy", { reads: "exposure" }, 25, {
      software: { startThreshold: 1 },
    });
    expect(wrongPeriods(schedule.playedPeriods, numbered(8))).toBeGreaterThan(0);
  });
});

describe("capture", () => {
  /** Reads a period whenever there is one, `late` periods behind the device. */
  async function captured(
    design: VirtioSndDesign,
    reads: "exposure" | "return",
  ): Promise<number[]> {
    const device = { eagerRx: reads === "exposure" };
    const bed = await virtioBed({ design, direction: 1, device });
    const schedule = new DeviceSchedule(bed.card, { reads });
    bed.stream.start();
    const got: number[] = [];
    for (let period = 0; period < 8; period++) {
      schedule.period();
      const [answer, bytes] = read(bed, PERIOD);
      if (answer > 0) got.push(bytes[0]! - FIRST);
    }
    return got;
  }

  test.each(["mmap", "ack"] as const)(
    "I5: %s gives the eager device what nobody read",
    async (design) => {
      expect(await captured(design, "exposure")).toEqual([5, 6, 7, 8, 9, 10, 11, 12]);
    },
  );

  test.each(["copy", "corrected"] as const)("%s does not", async (design) => {
    expect(await captured(design, "exposure")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each(["mmap", "copy", "ack", "corrected"] as const)(
    "%s with a lazy device",
    async (design) => {
      expect(await captured(design, "return")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    },
  );
});

describe("a device that returns messages out of order", () => {
  const timing: DeviceTiming = { reads: "exposure", order: [1, 0] };

  test("A: the position runs ahead, and one message is out twice", async () => {
    const bed = await virtioBed({
      design: "mmap",
      device: { guards: true },
      software: { startThreshold: RING },
    });
    const schedule = new DeviceSchedule(bed.card, timing);
    play(bed, schedule, numbered(4), PERIOD);
    schedule.period();
    const kinds = bed.machine.findings().map(({ kind }) => kind);
    expect([pointers(bed).hw, kinds]).toEqual([PERIOD, ["virtio-reuse"]]);
  });

  test("corrected: it waits for the first", async () => {
    const bed = await virtioBed({
      design: "corrected",
      device: { guards: true },
      software: { startThreshold: RING },
    });
    const schedule = new DeviceSchedule(bed.card, timing);
    play(bed, schedule, numbered(4), PERIOD);
    schedule.period();
    expect(pointers(bed).hw).toBe(0);
    schedule.period();
    expect([pointers(bed).hw, bed.machine.findings()]).toEqual([2 * PERIOD, []]);
  });
});

test("a device without messages may say so: A and the corrected design stop, F goes on", async () => {
  const states: string[] = [];
  for (const design of ["copy", "ack", "corrected"] as const) {
    const bed = await virtioBed({ design, software: { startThreshold: 1 } });
    const schedule = new DeviceSchedule(bed.card, { reads: "turn", reportsXrun: true });
    write(bed, run(1, PERIOD + 1));
    write(bed, run(1, 1));
    while (schedule.period());
    bed.stream.status();
    states.push(`${design} ${bed.stream.state}`);
    expect(schedule.emptyPeriods).toBe(1);
    const notices = schedule.takeEvents().filter(({ kind }) => kind === "event");
    expect(notices).toMatchObject([{ code: coreConstants.NOTICE_XRUN, data: 0 }]);
  }
  expect(states).toEqual(["copy XRUN", "ack RUNNING", "corrected XRUN"]);
});

describe("a stream that it cannot play is refused at once", () => {
  test.each([1, 7])("stream %i of one", async (stream) => {
    const { card } = await virtioBed({ design: "ack" });
    const make = (): DeviceSchedule => new DeviceSchedule(card, { reads: "turn", stream });
    expect(make).toThrow(UsageError);
    expect(make).toThrow(`stream is ${stream}; valid: a whole number from 0 to 0`);
  });

  test("a card that the driver refused has none", async () => {
    const machine = await Machine.create({ memory: "4M", kernel: "6.12" });
    const card = VirtioSnd.plug(machine, { streams: [] });
    expect(() => new DeviceSchedule(card, { reads: "turn" })).toThrow(UsageError);
    expect(() => card.directionOf(0)).toThrow(
      /stream is of a card .*; valid: a card that isBound$/,
    );
  });
});
