import { describe, expect, test } from "vitest";
import type { QueuePlaces } from "../../../src/systems/virtio/rings.ts";
import { kindsOf } from "../../machine/pool.ts";
import {
  complete,
  configure,
  PERIOD,
  queued,
  RING,
  run,
  virtioBed,
  write,
  type VirtioBed,
} from "./bed.ts";

/** The split virtqueue byte for byte, and the bad ones. */

const NEXT = 1;
const WRITE = 2;
const ENTRY_BYTES = 16;
const OUTSIDE = 0xfffffff0;

const small = { queues: [8, 8, 8, 8] as const, indirect: false };

function viewOf({ machine }: VirtioBed): DataView {
  return new DataView(machine.bytes.buffer);
}

function placesOf({ card }: VirtioBed): QueuePlaces {
  return card.places("tx")!;
}

describe("layout", () => {
  test("a queue of 8: table of 128 bytes, used_event at 20, avail_event at 68", async () => {
    const bed = await virtioBed({ design: "ack", device: small });
    const view = viewOf(bed);
    const { table, available, used } = placesOf(bed);
    expect([available - table, (used - table) % 4]).toEqual([8 * ENTRY_BYTES, 0]);
    view.setUint16(available + 20, 0x1234, true);
    view.setUint16(used + 68, 0x5678, true);
    const { usedEvent, availableEvent, availableRing, usedRing } = bed.card.view("tx")!;
    expect([usedEvent, availableEvent]).toEqual([0x1234, 0x5678]);
    expect([availableRing.length, usedRing.length]).toEqual([8, 8]);
  });

  test.each([
    ["tx", 0, [NEXT, NEXT, NEXT, WRITE]],
    ["rx", 1, [NEXT, NEXT | WRITE, NEXT | WRITE, WRITE]],
  ] as const)(
    "a message of %s over a ring of two pieces has four descriptors",
    async (queue, direction, flags) => {
      const bed = await virtioBed({ design: "ack", direction, software: { startThreshold: RING } });
      bed.stream.hwFree();
      bed.card.setRingPieces(0, [PERIOD / 2, RING - PERIOD / 2]);

      expect([configure(bed.stream), bed.stream.prepare()]).toEqual([0, 0]);
      if (direction === 0) write(bed, run(1));
      else bed.stream.start();
      bed.card.look();
      const [first] = bed.card.view(queue)!.chains;
      expect(first!.entries.map(([, flag]) => flag)).toEqual(flags);
      expect(first!.pieces.map(({ length }) => length)).toEqual([4, PERIOD / 2, PERIOD / 2, 8]);
    },
  );
});

test("70,000 messages through a queue of 4: both indexes go round without a lost one", async () => {
  const queues = [64, 16, 4, 4] as const;
  const bed = await virtioBed({
    design: "ack",
    device: { queues },
    software: { startThreshold: RING },
  });
  const { boundary } = bed.stream.swParams().value!;
  bed.stream.swParams({ stopThreshold: boundary });
  const messages = 70_000;
  bed.sound.write(0, run(1, RING));
  let returned = 0;
  for (let sent = 0; sent < messages; sent += 4) {
    expect(bed.stream.writei(bed.sound.address, RING)).toBe(RING);
    returned += complete(bed, 4);
    bed.card.forgetEvents();
  }
  const { availableIndex, usedIndex } = bed.card.counters("tx")!;
  expect([returned, availableIndex, usedIndex]).toEqual([
    messages,
    messages % 65536,
    messages % 65536,
  ]);
  expect(kindsOf(bed.machine)).toEqual([]);
});

describe("the device tolerates what a driver may get wrong, and says so once", () => {
  /** A message of the driver's, its first descriptor changed before the device looks. */
  async function broken(change: (view: DataView, descriptor: number) => void): Promise<VirtioBed> {
    const bed = await virtioBed({
      design: "ack",
      device: small,
      software: { startThreshold: RING },
    });
    bed.card.setUsedFlags("tx", 1);
    write(bed, run(1));
    const { table, available } = placesOf(bed);
    const view = viewOf(bed);
    change(view, table + view.getUint16(available + 4, true) * ENTRY_BYTES);
    bed.card.look();
    return bed;
  }

  test.each<[string, (view: DataView, descriptor: number) => void]>([
    ["loops", (view, at) => view.setUint16(at + 14, (at / ENTRY_BYTES) & 0, true)],
    ["leaves its table", (view, at) => view.setUint16(at + 14, 8, true)],
    ["points outside of RAM", (view, at) => view.setUint32(at, OUTSIDE, true)],
    ["points behind 2^32", (view, at) => view.setUint32(at + 4, 1, true)],
    ["reaches outside of RAM", (view, at) => view.setUint32(at + 8, OUTSIDE, true)],
    [
      "has an indirect table outside of RAM",
      (view, at) => {
        view.setUint16(at + 12, 4, true);
        view.setUint32(at + 4, 1, true);
      },
    ],
  ])("a chain that %s", async (_, change) => {
    const bed = await broken(change);
    expect(kindsOf(bed.machine)).toEqual(["virtio-chain"]);
    complete(bed);
    expect(kindsOf(bed.machine)).toEqual(["virtio-chain"]);
  });

  test("a head that the table has not", async () => {
    const bed = await virtioBed({ design: "ack", device: small });
    const { available } = placesOf(bed);
    viewOf(bed).setUint16(available + 4, 8, true);
    viewOf(bed).setUint16(available + 2, 1, true);
    bed.card.look();
    expect(kindsOf(bed.machine)).toEqual(["virtio-chain"]);
    expect(bed.card.view("tx")!.chains.map(({ head }) => head)).toEqual([8]);
  });

  test("more messages than the queue has entries end at its size", async () => {
    const bed = await virtioBed({ design: "ack", device: small });
    viewOf(bed).setUint16(placesOf(bed).available + 2, 60_000, true);
    bed.card.look();
    expect(queuedHeads(bed)).toHaveLength(8);
  });

  function queuedHeads(bed: VirtioBed): number[] {
    return bed.card.waitingHeads("tx");
  }
});

describe("the driver tolerates what a device may get wrong", () => {
  test("an entry that it never gave breaks the queue, and nothing else", async () => {
    const bed = await virtioBed({ design: "ack", software: { startThreshold: RING } });
    write(bed, run(1, RING));
    const view = viewOf(bed);
    const { used } = placesOf(bed);
    view.setUint32(used + 4, 1000, true);
    view.setUint16(used + 2, 1, true);
    bed.card.interrupt("tx");
    expect(kindsOf(bed.machine)).toEqual(["virtio-used"]);
    bed.card.interrupt("tx");
    expect([kindsOf(bed.machine), bed.stream.state]).toEqual([["virtio-used"], "RUNNING"]);
  });

  test.each(["mmap", "copy", "ack", "corrected"] as const)(
    "%s: a used length far too large moves nothing outside of the ring",
    async (design) => {
      const bed = await virtioBed({ design, direction: 1 });
      bed.stream.start();
      complete(bed, 1, { usedLength: 0x7fffffff });
      complete(bed, 1, { usedLength: 0xffffffff });
      bed.stream.status();
      expect(bed.stream.field("hw_ptr")).toBeLessThanOrEqual(bed.stream.field("boundary"));
      expect(["RUNNING", "XRUN"]).toContain(bed.stream.state);
    },
  );

  test("queue numbers are powers of two", async () => {
    await expect(
      virtioBed({ design: "ack", device: { queues: [64, 16, 24, 64] } }),
    ).rejects.toThrow(/device\.queues.*powers of two up to 32768/);
  });

  test("a period of nothing, or a ring of half periods, is refused by HW_PARAMS", async () => {
    const { stream } = await virtioBed({ design: "ack" });
    const wish = { format: "U8", channels: 1, rate: 8000 } as const;
    const answers = [
      stream.configure({ ...wish, periodSize: 0, bufferSize: RING }),
      stream.configure({ ...wish, periodSize: PERIOD, bufferSize: RING + PERIOD / 2 }),
    ];
    expect(answers).toEqual([-22, -22]);
  });

  test("requests without an answer are given back when the queues go", async () => {
    const rules = [{ request: "PREPARE" as const, action: "never" as const, skip: 1 }];
    const bed = await virtioBed({ design: "ack", device: { rules }, nonblock: false });
    const { machine, stream, card } = bed;
    const once = (): number => {
      stream.prepare();
      machine.advanceToNextTimeout();
      const answer = stream.finish();
      card.suspend();
      card.resume();
      return answer;
    };
    expect(once()).toBe(-110);
    const before = machine.framesInUse;
    for (let round = 0; round < 100; round++) once();
    expect(machine.framesInUse).toBe(before);
  });

  test("a call while the system sleeps is the driver's error, not a stray store", async () => {
    const { stream, card, machine } = await virtioBed({ design: "ack" });
    card.suspend();
    expect(stream.prepare()).toBe(-5);
    card.resume();
    expect([stream.prepare(), queued({ stream, card } as VirtioBed), kindsOf(machine)]).toEqual([
      0,
      [],
      [],
    ]);
  });
});
