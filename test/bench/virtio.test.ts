import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PERIOD_SIZES } from "../../bench/cells.ts";
import { createPlayBed } from "../../bench/peers/faultlineVirtio.ts";
import { RAM } from "../../bench/peers/js/layout.ts";
import { createJsPlayBed, type JsPlayBed } from "../../bench/peers/jsVirtio.ts";
import type { QueueView } from "../../src/systems/virtio/rings.ts";

const peers = { faultline: createPlayBed, js: createJsPlayBed };
const cells = Object.entries(PERIOD_SIZES).flatMap(([variant, bytes]) =>
  Object.entries(peers).map(([peer, create]) => ({ peer, variant, bytes, create })),
);

/** What the driver and the device wrote, but for addresses. */
type Queue = Omit<ReturnType<typeof withoutPlaces>, "content">;

function withoutPlaces(view: QueueView) {
  const { chains, ...rest } = view;
  return { ...rest, chains: chains.map(({ head, entries }) => ({ head, entries })) };
}

function queueOf({ vring, bytes, waiting, taken }: JsPlayBed): Queue {
  const { entries, table, available, used } = vring;
  const view = new DataView(bytes.buffer);
  const half = (at: number): number => view.getUint16(at, true);
  const word = (at: number): number => view.getUint32(at, true);
  const numbers = Array.from({ length: entries }, (_, index) => index);
  const row = (at: number): readonly [number, number, number] => [
    word(at + 8),
    half(at + 12),
    half(at + 14),
  ];
  const chainOf = (head: number): Queue["chains"][number] => {
    const own = RAM + word(table + 16 * head);
    const count = word(table + 16 * head + 8) / 16;
    const rows = Array.from({ length: count }, (_, index) => row(own + 16 * index));
    return { head, entries: rows.map(([, flags, next], index) => [index, flags, next] as const) };
  };
  return {
    availableIndex: half(available + 2),
    usedIndex: half(used + 2),
    availableFlags: half(available),
    usedEvent: half(available + 4 + 2 * entries),
    usedFlags: half(used),
    availableEvent: half(used + 4 + 8 * entries),
    entries,
    taken: taken(),
    availableRing: numbers.map((index) => half(available + 4 + 2 * index)),
    usedRing: numbers.map((index) => [word(used + 4 + 8 * index), word(used + 8 + 8 * index)]),
    table: numbers.map((index) => row(table + 16 * index)),
    chains: waiting().map(chainOf),
  };
}

describe.each(cells)("V1.$variant, $peer", ({ bytes, create }) => {
  test("the device plays period after period of the ring, in order", async () => {
    const bed = await create(bytes);
    const sound = new Uint8Array(randomBytes(bed.ring.length));
    bed.ring.set(sound);
    const periods = sound.length / bytes;
    for (let period = 0; period < 2 * periods; period++) {
      expect(bed.playPeriods(1)).toBe(1);
      const start = (period % periods) * bytes;
      expect(Buffer.compare(bed.played(), sound.subarray(start, start + bytes))).toBe(0);
    }
  });

  test("the stream plays on over the end of the rings' indexes", async () => {
    const bed = await create(bytes);
    expect(bed.playPeriods(70_000)).toBe(70_000);
  });
});

describe.each(Object.entries(PERIOD_SIZES))("V1.%s", (_, bytes) => {
  test("the rings of js are ours, byte for byte but for where things lie", async () => {
    const [ours, js] = [await createPlayBed(bytes), createJsPlayBed(bytes)];
    for (const periods of [1, 2, 3, 5, 66_000]) {
      expect(js.playPeriods(periods)).toBe(ours.playPeriods(periods));
      expect(queueOf(js)).toEqual(withoutPlaces(ours.queue()!));
      expect([js.position(), js.delay()]).toEqual([ours.position(), 0]);
    }
  });
});
