import { describe, expect, test } from "vitest";
import { kindsOf } from "../../machine/pool.ts";
import { PERIOD, read, RING, run, virtioBed, type VirtioBed } from "./bed.ts";

/** Both indexes go round 2^16 several times, and no message is lost on the way. */

const MESSAGES = 200_000;
const PERIODS = RING / PERIOD;
const MOST = 2 ** 16;

/** Q = 4 where a message takes one entry; where it takes three, as many as four of them need. */
const rings = [
  ["indirect", 4, { indirect: true, eventIndex: false }],
  ["indirect, event index", 4, { indirect: true, eventIndex: true }],
  ["direct", 16, { indirect: false, eventIndex: false }],
  ["direct, event index", 16, { indirect: false, eventIndex: true }],
] as const;

async function wrapping(
  entries: number,
  features: { readonly indirect: boolean; readonly eventIndex: boolean },
  direction: 0 | 1,
): Promise<VirtioBed> {
  const bed = await virtioBed({
    design: "ack",
    direction,
    device: { queues: [64, 16, entries, entries], output: PERIOD, ...features },
    driver: { journal: "nothing" },
    software: { startThreshold: RING },
  });
  const { boundary } = bed.stream.swParams().value!;
  bed.stream.swParams({ stopThreshold: boundary });
  return bed;
}

describe.each(rings)("%s, Q = %i", (_, entries, features) => {
  test(`${MESSAGES} messages of tx`, async () => {
    const bed = await wrapping(entries, features, 0);
    let played = 0;
    for (let round = 0; round < MESSAGES / PERIODS; round++) {
      const value = 1 + (round % 250);
      bed.sound.write(0, run(value, RING));
      if (bed.stream.writei(bed.sound.address, RING) !== RING) break;
      played += bed.card.play(PERIODS);
      if (bed.card.played.some((byte) => byte !== value)) break;
    }
    const { availableIndex, usedIndex } = bed.card.counters("tx")!;
    expect(played).toBe(MESSAGES);
    expect([availableIndex, usedIndex]).toEqual([MESSAGES % MOST, MESSAGES % MOST]);
    expect([bed.card.waitingHeads("tx"), kindsOf(bed.machine)]).toEqual([[], []]);
  });

  test(`${MESSAGES} messages of rx`, async () => {
    const bed = await wrapping(entries, features, 1);
    bed.stream.start();
    let captured = 0;
    for (let round = 0; round < MESSAGES / PERIODS; round++) {
      const value = 1 + (round % 250);
      const source = run(value);
      // one at a time: the driver does not see a whole ring that comes back at once
      for (let period = 0; period < PERIODS; period++) {
        captured += bed.card.complete({ queue: "rx", source, interrupts: "each_settled" });
      }
      const [frames, bytes] = read(bed, RING);
      if (frames !== RING || bytes.some((byte) => byte !== value)) break;
    }
    const { availableIndex, usedIndex } = bed.card.counters("rx")!;
    expect(captured).toBe(MESSAGES);
    expect(usedIndex).toBe(MESSAGES % MOST);
    expect(availableIndex).toBe((MESSAGES + PERIODS) % MOST);
    expect([bed.card.waitingHeads("rx").length, kindsOf(bed.machine)]).toEqual([PERIODS, []]);
  });
});
