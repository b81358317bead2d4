import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Machine, VirtioSnd, type BuildName, type PcmStream } from "../../../src/index.ts";
import { kindsOf } from "../../machine/pool.ts";

/**
 * A period that is played is written out for speed (assembly/virtio/hitPeriod.ts, devicePlay.ts); the study build goes
 * step by step. Whatever was done before and in between, both must leave the same memory.
 */

const PERIOD = 96;
const FRAME_BYTES = 4;
/** VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED, at which the driver does nothing. */
const PERIOD_EVENT = 0x1100;
const SOUND = 0x10003000;
const PLAYBACK = {
  nid: 0,
  features: 0,
  formats: 1n << 5n,
  rates: 1n << 7n,
  direction: 0,
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
    arbitrary: fc.record({ kind: fc.constant("write"), count: fc.integer({ min: 1, max: 300 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("forward"), count: fc.integer({ min: 1, max: 200 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("rewind"), count: fc.integer({ min: 1, max: 100 }) }),
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

async function bedOf(build: BuildName, periods: number, software: object): Promise<Bed> {
  const machine = await Machine.create({ build, memory: "4M", cpus: 1, kernel: "7.1" });
  const task = machine.createTask();
  task.map({ at: SOUND, length: 4096 }).write(
    0,
    Uint8Array.from({ length: 4096 }, (_, at) => at * 7),
  );
  const card = VirtioSnd.plug(
    machine,
    { streams: [PLAYBACK], output: PERIOD * FRAME_BYTES },
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
});
