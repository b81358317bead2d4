import { describe, expect, test } from "vitest";
import { PcmStream, type Task } from "../../../src/index.ts";
import type { VirtioSndDesign } from "../../../src/systems/virtio/description.ts";
import { machineOf } from "../../machine/pool.ts";
import {
  complete,
  configure,
  contents,
  PERIOD,
  pointers,
  queued,
  read,
  RING,
  run,
  SOUND,
  virtioBed,
  write,
} from "./bed.ts";

/** Claims of the discussion that stand on more than one device, or on more frames than a test has. */

const ENXIO = 6;
const EBADFD = 77;
const RING_AT = 0x20000000;
const RECORD_AT = 0x20100000;
const PAGE = 4096;

describe("how much room a program sees depends on the positions alone", () => {
  /** Room after each of three looks, the device a little further each time. */
  function rooms(stream: PcmStream, step: (look: number) => void): number[] {
    return [1, 2, 3].map((look) => {
      step(look);
      stream.hwsync();
      return Number(stream.status().value!.avail);
    });
  }

  async function testDevice(): Promise<{ stream: PcmStream; task: Task }> {
    const machine = await machineOf({ kernel: "6.12", memory: "4M" });
    const task = machine.createTask();
    task.map({ at: SOUND, length: PAGE }).write(0, run(1, RING));
    const stream = PcmStream.open(task, { nonblock: true });
    const sizes = { periodSize: PERIOD, bufferSize: RING };
    stream.configure({ format: "U8", channels: 1, rate: 8000, ...sizes });
    stream.prepare();
    stream.writei(SOUND, RING);
    return { stream, task };
  }

  test("any value where the position counts frames", async () => {
    const { stream } = await testDevice();
    expect(rooms(stream, (look) => stream.setPosition(17 * look))).toEqual([17, 34, 51]);
  });

  test("multiples of a tick where it counts ticks", async () => {
    const { stream } = await testDevice();
    const tick = 80;
    const at = [100, 170, 230];
    expect(
      rooms(stream, (look) => stream.setPosition(at[look - 1]! - (at[look - 1]! % tick))),
    ).toEqual([tick, 2 * tick, 2 * tick]);
  });

  test.each(["mmap", "ack", "corrected"] as const)(
    "multiples of a message in %s",
    async (design) => {
      const bed = await virtioBed({ design, software: { startThreshold: RING } });
      write(bed, run(1, RING));
      expect(rooms(bed.stream, (look) => look !== 2 && void complete(bed))).toEqual([
        PERIOD,
        PERIOD,
        2 * PERIOD,
      ]);
    },
  );
});

describe("ack hears of every way to move appl_ptr", () => {
  const exposed = async (move: (stream: PcmStream) => unknown): Promise<number[]> => {
    const bed = await virtioBed({ design: "ack", access: 0, software: { startThreshold: RING } });
    move(bed.stream);
    return queued(bed);
  };

  test("a commit after stores into the mapped ring", async () => {
    expect(await exposed((stream) => stream.sync({ applPtr: 2 * PERIOD }))).toEqual([0, 1]);
  });

  test("a step forward", async () => {
    expect(await exposed((stream) => stream.forward(2 * PERIOD))).toEqual([0, 1]);
  });

  test("a write", async () => {
    const bed = await virtioBed({ design: "ack", software: { startThreshold: RING } });
    write(bed, run(1, 2 * PERIOD));
    expect(queued(bed)).toEqual([0, 1]);
  });

  test.each<[VirtioSndDesign, number]>([
    ["mmap", 0],
    ["copy", 0],
    ["ack", -ENXIO],
    ["corrected", -ENXIO],
  ])("so that %s maps its control record with %i", async (design, answer) => {
    const { stream } = await virtioBed({ design });
    expect(stream.mmap("control", RECORD_AT, PAGE, "rw")).toBe(answer);
  });

  test.each(["mmap", "ack", "corrected"] as const)("and %s still maps the ring", async (design) => {
    const { stream } = await virtioBed({ design, access: 0 });
    expect(stream.mmap("ring", RING_AT, PAGE, "rw")).toBe(0);
  });
});

test.each(["copy", "ack", "corrected"] as const)(
  "%s: re-exposed and read, in this order",
  async (design) => {
    const bed = await virtioBed({ design, direction: 1 });
    bed.stream.start();
    bed.card.takeEvents();
    complete(bed);
    const before = contents(bed, "expose").length;
    read(bed, PERIOD);
    expect([before, contents(bed, "expose").length]).toEqual(design === "ack" ? [1, 0] : [0, 1]);
  },
);

describe("over the end of a 32-bit program's pointers", () => {
  const period = 1 << 15;
  const ring = 4 * period;

  test.each(["ack", "corrected"] as const)(
    "%s exposes the same as away from it",
    async (design) => {
      const bed = await virtioBed({
        design,
        door: "i386",
        sizes: { periodSize: period, bufferSize: ring },
        // a journal without room for what is exposed: it would be gigabytes
        driver: { parameters: { buffer: 20_000, periodMax: 10_000 }, journalBytes: 4096 },
      });
      const boundary = Number(bed.stream.field("boundary"));
      bed.stream.swParams({ startThreshold: ring, stopThreshold: boundary });
      const sound = bed.task.map({ at: 0x30000000, length: ring });
      const rounds = boundary / ring + 1;
      let returned = 0;
      sound.write(0, run(1, ring));
      for (let round = 0; round < rounds; round++) {
        expect(bed.stream.writei(sound.address, ring)).toBe(ring);
        returned += complete(bed, 4);
        bed.card.forgetEvents();
      }
      expect([returned, pointers(bed)]).toEqual([4 * rounds, { hw: ring, appl: ring }]);
      expect(boundary).toBeLessThan(2 ** 31);
    },
  );
});

test("a second HW_PARAMS while the device has messages is refused", async () => {
  const rules = [{ request: "RELEASE" as const, keep: -1 }];
  const bed = await virtioBed({
    design: "ack",
    device: { rules },
    software: { startThreshold: RING },
  });
  write(bed, run(1, RING));
  bed.stream.drop();
  expect(configure(bed.stream)).toBe(-EBADFD);
  expect(bed.stream.writei(SOUND, 1)).toBe(-EBADFD);
});
