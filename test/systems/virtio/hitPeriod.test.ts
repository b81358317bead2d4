import { describe, expect, test } from "vitest";
import fc from "../../support/properties.ts";
import { Machine, VirtioSnd, type BuildName, type PcmStream } from "../../../src/index.ts";
import { kindsOf } from "../../machine/pool.ts";

/**
 * A period that is played is written out for speed (assembly/virtio/hitPeriod.ts, devicePlay.ts); the study build goes
 * step by step. Whatever was done before and in between, both must leave the same memory.
 */

/** Frames; more than a page, so that the data of a message is in two pieces. */
const PERIOD = 1100;
const FRAME_BYTES = 4;
/** VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED, at which the driver does nothing. */
const PERIOD_EVENT = 0x1100;
const SOUND = 0x10003000;
const SOUND_BYTES = 8 * 4096;
const PERIODS = 4;
const STREAM = {
  nid: 0,
  features: 0,
  formats: 1n << 5n,
  rates: 1n << 7n,
  channels: [1, 2],
} as const;

interface Bed {
  readonly machine: Machine;
  readonly card: VirtioSnd;
  readonly stream: PcmStream;
  readonly cpu: number;
}

const act = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("periods"), count: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("play"), count: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("write"),
      count: fc.integer({ min: 1, max: 3 * PERIOD }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("forward"),
      count: fc.integer({ min: 1, max: 2 * PERIOD }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("rewind"),
      count: fc.integer({ min: 1, max: PERIOD }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("complete"), count: fc.integer({ min: 1, max: 2 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("pause", "release", "drop", "restart", "flags", "look"),
      count: fc.nat(1),
    }),
  },
);
type Act = typeof act extends fc.Arbitrary<infer One> ? One : never;

async function bedOf(
  build: BuildName,
  periods: number,
  software: object,
  direction: 0 | 1 = 0,
): Promise<Bed> {
  const machine = await Machine.create({ build, memory: "4M", cpus: 1, kernel: "7.1" });
  const task = machine.createTask();
  const sound = task.map({ at: SOUND, length: SOUND_BYTES });
  sound.write(
    0,
    Uint8Array.from({ length: SOUND_BYTES }, (_, at) => at * 7 + (at >> 8)),
  );
  const card = VirtioSnd.plug(
    machine,
    { streams: [{ ...STREAM, direction }], output: PERIOD * FRAME_BYTES },
    { design: "ack", journal: "nothing", parameters: { periodMin: 1 } },
  );
  const stream = card.openStream(task, 0, { nonblock: true }) as PcmStream;
  const sizes = { periodSize: PERIOD, bufferSize: periods * PERIOD };
  expect(stream.configure({ format: "S16_LE", channels: 2, rate: 48_000, ...sizes })).toBe(0);
  expect(stream.swParams(software).result).toBe(0);
  expect(stream.prepare()).toBe(0);
  return { machine, card, stream, cpu: task.cpu };
}

function perform({ machine, card, stream, cpu }: Bed, { kind, count }: Act): unknown {
  switch (kind) {
    case "periods":
      return machine.exports.measurePeriods(cpu, stream.handle, card.address, count);
    case "play":
      return card.play(count);
    case "write":
      return stream.writei(SOUND, count);
    case "forward":
      return stream.forward(count);
    case "rewind":
      return stream.rewind(count);
    case "complete":
      return card.complete({ queue: "tx", count });
    case "pause":
      return stream.pause();
    case "release":
      return stream.release();
    case "drop":
      return stream.drop();
    case "flags":
      return card.setUsedFlags("tx", count);
    case "look":
      return card.look();
    default:
      return [stream.prepare(), stream.writei(SOUND, 2 * PERIOD), stream.start()];
  }
}

const ENTRY_BYTES = 16;

/** What a driver that stores what it likes may put into a field of a descriptor. */
const FIELDS = [
  ["upper half of the address", 4, 4, [1, 0xffffffff]],
  ["length", 8, 4, [0, 3, 4, 7, 9, 16, 47, 4096, 0xfffffff0]],
  ["flags", 12, 2, [0, 1, 2, 3, 4, 5, 6]],
  ["next", 14, 2, [0, 1, 2, 3, 4, 0xffff]],
] as const;

/** In the oldest message that the device has: the pieces of its table, then its entry. */
const PLACES = ["header", "data", "rest of the data", "status", "entry"] as const;

const stored = FIELDS.flatMap(([field, offset, bytes, values]) =>
  PLACES.flatMap((place) => values.map((value) => ({ place, field, value, offset, bytes }))),
);
type Stored = (typeof stored)[number];

function storeInto({ machine, card }: Bed, { place, offset, bytes, value }: Stored): void {
  const view = new DataView(machine.bytes.buffer);
  const entry = card.places("tx")!.table + card.waitingHeads("tx")[0]! * ENTRY_BYTES;
  const table = machine.header("HEADER_RAM") + view.getUint32(entry, true);
  const at = place === "entry" ? entry : table + PLACES.indexOf(place) * ENTRY_BYTES;
  if (bytes === 2) view.setUint16(at + offset, value, true);
  else view.setUint32(at + offset, value, true);
}

/** Where a stream of the card keeps which message it found last (u32 place, u32 index): only what is written out does. */
function memoOf(machine: Machine, card: VirtioSnd): Set<number> {
  const list = machine.words[(card.address + machine.constant("CARD_SUBSTREAMS")) >>> 2]!;
  const found = machine.words[list >>> 2]! + machine.constant("SUBSTREAM_FOUND_PLACE");
  return new Set([found, found + 4]);
}

const MOST_SHOWN = 20;

/** Of RAM, word by word; what points into it counts from its beginning. Function pointers differ from the first. */
function differences(a: Machine, b: Machine, card: VirtioSnd): Set<string> {
  const [from, to] = [a.header("HEADER_RAM"), b.header("HEADER_RAM")];
  const words = a.shape.ramBytes >>> 2;
  const memo = memoOf(a, card);
  const found = new Set<string>();
  for (let index = 0; index < words && found.size < MOST_SHOWN; index++) {
    const one = a.words[(from >>> 2) + index]!;
    const other = b.words[(to >>> 2) + index]!;
    if (one === other || one - from === other - to || memo.has(from + (index << 2))) continue;
    found.add(`${(index << 2).toString(16)}: ${one.toString(16)} ${other.toString(16)}`);
  }
  return found;
}

describe("a period that is played in one go", () => {
  test("leaves the memory that one leaves which is played step by step", async () => {
    const software = fc.constantFrom<object>(
      {},
      { silenceSize: 64, silenceThreshold: 64 },
      { tstampMode: 1 },
    );
    const property = fc.asyncProperty(
      fc.array(act, { maxLength: 25 }),
      fc.integer({ min: 2, max: 6 }),
      software,
      async (acts, periods, wanted) => {
        const beds = [
          await bedOf("release", periods, wanted),
          await bedOf("study", periods, wanted),
        ] as const;
        const [hit, slow] = beds;
        const functions = differences(hit.machine, slow.machine, hit.card);
        for (const bed of beds) {
          bed.stream.writei(SOUND, (periods - 1) * PERIOD);
          bed.stream.start();
        }
        for (const one of acts) {
          expect(perform(hit, one)).toEqual(perform(slow, one));
          expect(Buffer.from(hit.card.played)).toEqual(Buffer.from(slow.card.played));
        }
        // what is left over of the way through a message is that of the last one that was walked
        for (const { card } of beds) expect(card.sendEvent(PERIOD_EVENT, 0)).toBe(0);
        expect(kindsOf(hit.machine)).toEqual(kindsOf(slow.machine));
        expect(differences(hit.machine, slow.machine, hit.card)).toEqual(functions);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  test("a device that was not told of a message takes it before the next", async () => {
    const bed = await bedOf("release", PERIODS, {});
    const { card, stream } = bed;
    stream.writei(SOUND, 3 * PERIOD);
    stream.start();
    perform(bed, { kind: "periods", count: 8 });
    card.play(2);
    card.setUsedFlags("tx", 1);
    stream.writei(SOUND, PERIOD);
    card.setUsedFlags("tx", 0);
    expect(card.waitingHeads("tx")).toHaveLength(1);
    perform(bed, { kind: "periods", count: 1 });
    expect(card.waitingHeads("tx")).toHaveLength(2);
  });

  test("of a stream that captures is none: nothing comes to the queue of those that play", async () => {
    const { card, machine, stream, cpu } = await bedOf("release", PERIODS, {}, 1);
    expect(stream.start()).toBe(0);
    expect(machine.exports.measurePeriods(cpu, stream.handle, card.address, 1)).toBe(0);
    expect(card.view("tx")!.availableIndex).toBe(0);
  });

  test.each(stored)(
    "a driver that stores $value into the $field of the $place: what the device makes of it",
    async (what) => {
      const beds = [
        await bedOf("release", PERIODS, {}),
        await bedOf("study", PERIODS, {}),
      ] as const;
      const [hit, slow] = beds;
      const functions = differences(hit.machine, slow.machine, hit.card);
      for (const bed of beds) {
        bed.stream.writei(SOUND, 3 * PERIOD);
        bed.stream.start();
        storeInto(bed, what);
      }
      expect(hit.card.play(2)).toBe(slow.card.play(2));
      expect(Buffer.from(hit.card.played)).toEqual(Buffer.from(slow.card.played));
      for (const { card } of beds) card.sendEvent(PERIOD_EVENT, 0);
      expect(kindsOf(hit.machine)).toEqual(kindsOf(slow.machine));
      expect(differences(hit.machine, slow.machine, hit.card)).toEqual(functions);
    },
  );
});
