import { describe, expect, test } from "vitest";
import { SAMPLES, SAMPLE_RING_BYTES } from "../../bench/cells.ts";
import { createSampleBed } from "../../bench/peers/faultlinePerf.ts";
import { createJsSampleBed } from "../../bench/peers/jsPerf.ts";
import { loadLimit } from "../../bench/limit/compile.ts";

// S1: the peers must put the same bytes into their rings, or their times mean nothing.

const cells = Object.entries(SAMPLES).map(([variant, size]) => ({ variant, ...size }));

describe.each(cells)("S1.$variant", ({ stack, bytes }) => {
  const rounds = Math.ceil((2 * SAMPLE_RING_BYTES) / bytes);

  test("each occurrence is one record of so many bytes, round and round the ring", async () => {
    const bed = await createSampleBed(stack);
    for (let round = 1; round <= rounds; round++) expect(bed.sample(1)).toBe(round * bytes);
    expect(bed.ring.head).toBe(BigInt(rounds * bytes));
    expect(bed.ring.tail).toBe(bed.ring.head);
  });

  test("our records and those of js are the same, byte by byte, where the ring ends too", async () => {
    const ours = await createSampleBed(stack);
    const js = createJsSampleBed(stack);
    js.frame.set(ours.frame);
    js.stack.set(ours.stack);
    js.setNumbers(ours.task.pid, ours.task.task.machine.nanoseconds);
    expect(js.sample(rounds)).toBe(ours.sample(rounds));
    expect(Buffer.compare(ours.ring.data, js.ring)).toBe(0);
    const dump = ours.stack.length === 0 ? ours.frame.subarray(0, 8) : ours.stack;
    expect(Buffer.from(ours.ring.data).includes(Buffer.from(dump))).toBe(true);
  });

  test("the limit copies as many bytes as a record has, round and round", async () => {
    const limit = await loadLimit(1 << 20);
    const memory = new Uint8Array(limit.memory.buffer);
    const [ring, from] = [1 << 16, 1 << 17];
    memory.subarray(from, from + bytes).forEach((_, at, all) => (all[at] = at % 251));
    expect(limit.copyToRing(ring, SAMPLE_RING_BYTES, from, bytes, rounds)).toBe(rounds * bytes);
    const last = ((rounds - 1) * bytes) % SAMPLE_RING_BYTES;
    const record = Uint8Array.from(
      { length: bytes },
      (_, at) => memory[ring + ((last + at) % SAMPLE_RING_BYTES)]!,
    );
    expect(record).toEqual(memory.slice(from, from + bytes));
  });
});
