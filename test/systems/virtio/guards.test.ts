import { describe, expect, test } from "vitest";
import type { BuildName } from "../../../src/index.ts";
import type { VirtioSndDesign } from "../../../src/systems/virtio/description.ts";
import { kindsOf } from "../../machine/pool.ts";
import {
  complete,
  PERIOD,
  RING,
  run,
  virtioBed,
  write,
  type VirtioBed,
  type VirtioBedOptions,
} from "./bed.ts";

/** A device that keeps an eye on its driver: the rules for offering buffers, as findings. */

const ENTRY_BYTES = 16;
const QUEUES = [64, 16, 8, 8] as const;

const guarded = (
  design: VirtioSndDesign,
  options: Partial<VirtioBedOptions> = {},
): Promise<VirtioBed> =>
  virtioBed({
    design,
    software: { startThreshold: RING },
    ...options,
    device: { guards: true, queues: QUEUES, ...options.device },
  });

/** Sixteen periods in writes of `size`; the findings after each write. */
function playing(bed: VirtioBed, size: number): number[] {
  const counts: number[] = [];
  for (let done = 0; done < 16 * PERIOD; done += size) {
    if (write(bed, run(1 + (counts.length % 250), size)) < size) complete(bed);
    bed.card.look();
    counts.push(kindsOf(bed.machine).length);
  }
  return counts;
}

describe.each(["release", "study", "profile", "threads"] as const satisfies readonly BuildName[])(
  "on the %s build, stores to exposed bytes",
  (build) => {
    test.each([25, PERIOD, 150])("A, writes of %i: in every run", async (size) => {
      const bed = await guarded("mmap", { build });
      playing(bed, size);
      expect(new Set(kindsOf(bed.machine))).toEqual(new Set(["virtio-store"]));
    });

    test.each([25, PERIOD, 150])("F, writes of %i: never", async (size) => {
      const bed = await guarded("ack", { build });
      playing(bed, size);
      expect(kindsOf(bed.machine)).toEqual([]);
    });

    // the second already stores into the rest of the message that the first exposed; the fifth into another one's
    test("R, writes of a quarter period: from the second on, from the fifth into a second message", async () => {
      const bed = await guarded("copy", { build });
      expect(playing(bed, 25).slice(0, 6).map(Math.sign)).toEqual([0, 1, 1, 1, 1, 1]);
      const [first, ...others] = bed.machine.findings().map(({ address }) => address);
      expect(others.slice(0, 3).map((head) => head === first)).toEqual([true, true, false]);
    });
  },
);

test("a program's store behind its own appl_ptr is one, in any design", async () => {
  const bed = await guarded("ack", { access: 0 });
  const RING_AT = 0x20000000;
  expect(bed.stream.mmap("ring", RING_AT, 4096, "rw")).toBe(0);
  const buffer = bed.machine.allocKernel(1);
  buffer.bytes.set([7]);
  bed.task.uaccess.copyToUser(RING_AT + 3, buffer, 1);
  bed.stream.sync({ applPtr: 2 * PERIOD });
  bed.card.look();
  expect(kindsOf(bed.machine)).toEqual([]);
  buffer.bytes.set([8]);
  bed.task.uaccess.copyToUser(RING_AT + PERIOD, buffer, 1);
  bed.card.look();
  expect(kindsOf(bed.machine)).toEqual(["virtio-store"]);
  bed.card.look();
  expect(kindsOf(bed.machine)).toHaveLength(1);
});

test("a rewind on A lets the program store over what the device has", async () => {
  const bed = await guarded("mmap");
  write(bed, run(1, RING));
  bed.card.look();
  expect(bed.stream.rewind(PERIOD)).toBe(PERIOD);
  expect(kindsOf(bed.machine)).toEqual([]);
  write(bed, run(2));
  bed.card.look();
  expect(kindsOf(bed.machine)).toEqual(["virtio-store"]);
});

/** The tx ring as bytes, past the driver. */
function ringOf({ machine, card }: VirtioBed): {
  readonly view: DataView;
  readonly table: number;
  readonly available: number;
} {
  return { view: new DataView(machine.bytes.buffer), ...card.places("tx")! };
}

test("an index that moves before its descriptors are complete", async () => {
  const bed = await guarded("ack", { device: { indirect: false } });
  write(bed, run(1));
  bed.card.look();
  const { view, table, available } = ringOf(bed);
  const head = view.getUint16(available + 4, true);
  const length = table + head * ENTRY_BYTES + 8;
  view.setUint32(length, 2, true);
  bed.card.look();
  expect(kindsOf(bed.machine)).toEqual(["virtio-unfinished"]);
});

test("a head that is offered again before it came back", async () => {
  const bed = await guarded("ack");
  write(bed, run(1));
  bed.card.look();
  const { view, available } = ringOf(bed);
  const head = view.getUint16(available + 4, true);
  view.setUint16(available + 6, head, true);
  view.setUint16(available + 2, 2, true);
  bed.card.look();
  expect(kindsOf(bed.machine)).toEqual(["virtio-reuse"]);
});

test("in the study build the device looks after each store of the driver, and never sees a half", async () => {
  for (const indirect of [true, false]) {
    const bed = await guarded("ack", {
      build: "study",
      device: { indirect, queues: [64, 16, 16, 16] },
    });
    bed.card.setUsedFlags("tx", 1);
    playing(bed, 60);
    expect(kindsOf(bed.machine)).toEqual([]);
    expect(bed.card.takeEvents().some(({ kind }) => kind === "expose")).toBe(true);
  }
});

test("without a guard nothing is remembered, and nothing found", async () => {
  const bed = await virtioBed({ design: "mmap", software: { startThreshold: RING } });
  playing(bed, PERIOD);
  expect(kindsOf(bed.machine)).toEqual([]);
});

test("what a guard remembers goes with the message, the queue and the card", async () => {
  const bed = await guarded("ack");
  const rounds = (count: number): number => {
    for (let round = 0; round < count; round++) {
      if (write(bed, run(1)) < PERIOD) complete(bed);
    }
    return bed.machine.framesInUse;
  };
  expect(rounds(200)).toBe(rounds(200));
});
