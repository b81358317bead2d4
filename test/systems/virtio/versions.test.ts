import { describe, expect, test } from "vitest";
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
  virtioBed,
  write,
  type VirtioBed,
  type VirtioBedOptions,
} from "./bed.ts";

/** The second and third version of the request for comments, on the way to the driver that was merged. */

const bedOf = (
  design: "copy-bytes" | "ack-modulo" | "ack",
  options: Partial<VirtioBedOptions> = {},
): Promise<VirtioBed> => virtioBed({ design, software: { startThreshold: RING }, ...options });

describe("the second: it hands on which bytes it copied", () => {
  test("quarters gather, and the fourth exposes their period", async () => {
    const bed = await bedOf("copy-bytes");
    const queues = [1, 2, 3, 4].map((value) => {
      write(bed, run(value, PERIOD / 4));
      return queued(bed).length;
    });
    expect(queues).toEqual([0, 0, 0, 1]);
    expect(contents(bed, "expose")[0]![PERIOD - 1]).toBe(4);
  });

  test("one write of the whole ring exposes all of it", async () => {
    const bed = await bedOf("copy-bytes");
    expect(write(bed, run(1, RING))).toBe(RING);
    expect(queued(bed)).toEqual([0, 1, 2, 3]);
  });

  test("what is read goes back, byte for byte", async () => {
    const bed = await bedOf("copy-bytes", { direction: 1 });
    bed.stream.start();
    complete(bed);
    read(bed, PERIOD / 4);
    expect(queued(bed)).toEqual([1, 2, 3]);
    read(bed, PERIOD - PERIOD / 4);
    expect(queued(bed)).toEqual([1, 2, 3, 0]);
  });

  test("silence is still zeros", async () => {
    const bed = await bedOf("copy-bytes", {
      software: { startThreshold: 1, silenceThreshold: PERIOD, silenceSize: PERIOD },
    });
    write(bed, run(1));
    complete(bed);
    const exposed = contents(bed, "expose");
    expect(exposed.at(-1)).toEqual(run(0));
  });

  test("the ring is not mapped, and a rewind is 0 frames", async () => {
    const bed = await bedOf("copy-bytes");
    write(bed, run(1, 2 * PERIOD));
    expect(bed.stream.rewind(PERIOD)).toBe(0);
    expect([pointers(bed).appl, queued(bed)]).toEqual([2 * PERIOD, [0, 1]]);
    bed.stream.drop();
    bed.stream.hwFree();
    expect(configure(bed.stream, 0)).toBe(-errnos.EINVAL);
  });
});

describe("the third: it acknowledges, the difference taken modulo the ring", () => {
  test("periods, and parts of them, as the merged one", async () => {
    const bed = await bedOf("ack-modulo");
    write(bed, run(1, PERIOD / 2));
    expect(queued(bed)).toEqual([]);
    write(bed, run(1, 2 * PERIOD));
    expect(queued(bed)).toEqual([0, 1]);
  });

  test("the whole ring at once is a difference of 0: the driver counts on behind its messages", async () => {
    const bed = await bedOf("ack-modulo");
    expect(write(bed, run(1, RING))).toBe(RING);
    expect([queued(bed), kindsOf(bed.machine)]).toEqual([[], ["virtio-range"]]);
  });

  test("the same from the middle of the ring is lost without a trace", async () => {
    const bed = await bedOf("ack-modulo", { access: 0 });
    bed.stream.forward(PERIOD);
    bed.stream.start();
    complete(bed);
    bed.stream.sync({ applPtr: PERIOD + RING });
    expect([queued(bed), kindsOf(bed.machine)]).toEqual([[], []]);
  });

  /**
   * A 32-bit program's pointers end at a multiple of the ring, and 2^64 is none: of 2 periods over the end,
   * (2^64 + 2 P) mod 4 P are handed on, which for P = 3 * 2^13 is two thirds of one.
   */
  describe("over the end of a 32-bit program's pointers", () => {
    const period = 3 << 13;
    const ring = 4 * period;

    async function before(design: "ack-modulo" | "ack"): Promise<VirtioBed> {
      const bed = await virtioBed({
        design,
        door: "i386",
        access: 0,
        sizes: { periodSize: period, bufferSize: ring },
        driver: { parameters: { buffer: 20_000, periodMax: 10_000 }, journal: "nothing" },
      });
      const { stream, card } = bed;
      const boundary = Number(stream.field("boundary"));
      stream.swParams({ startThreshold: ring, stopThreshold: boundary });
      expect([boundary % ring, Math.log2(boundary) % 1 === 0]).toEqual([0, false]);
      stream.forward(2 * period);
      stream.start();
      for (let at = 2 * period; at < boundary - period; at += period) {
        stream.forward(period);
        card.play(1);
      }
      return bed;
    }

    test.each([
      ["ack", [2, 3, 0]],
      ["ack-modulo", [2]],
    ] as const)("%s hands on %j", async (design, queue) => {
      const bed = await before(design);
      const at = (): number[] => queued(bed).map((offset) => (offset * PERIOD) / period);
      expect(at()).toEqual([1, 2]);
      bed.card.play(1);
      expect(bed.stream.forward(2 * period)).toBe(2 * period);
      expect(pointers(bed).appl).toBe(period);
      expect(at()).toEqual(queue);
    });
  });
});
