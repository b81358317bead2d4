import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { AREA_COUNTS, CELLS, LEAF_SIZES, REMOTE_SIZES } from "../../bench/cells.ts";
import type { CellId } from "../../bench/cells.ts";
import type { Peer } from "../../bench/peer.ts";
import { createJsPeer } from "../../bench/peers/js.ts";
import { createNativePeer } from "../../bench/peers/native.ts";
import { RemoteBed } from "../../bench/peers/remoteBed.ts";
import { RemoteBeds, remoteReads, remoteSteps } from "../../bench/peers/remoteWorks.ts";
import { remotePathNames } from "../../src/index.ts";

// W3: every way of the kernel, and every peer, must read the same bytes, or their times mean nothing.

const SMALL = 8;
const MANY = 100;
const sizes = Object.entries(REMOTE_SIZES);

function paths(bed: RemoteBed, size: number, n: number): number[] {
  return remotePathNames.map((path) => bed.read(path, size, n));
}

describe("our own machine", () => {
  let bed: RemoteBed;
  beforeAll(async () => {
    bed = await RemoteBed.ofLeaves("4K");
  });

  test.each(sizes)("%s: each path reads what is there", (_, size) => {
    for (const path of remotePathNames) {
      const source = new Uint8Array(randomBytes(size));
      bed.source(size).set(source);
      expect(bed.read(path, size, 1)).toBe(size);
      expect(Buffer.compare(bed.copied(size), source)).toBe(0);
    }
  });

  test("each path reads as often as it is told to", () => {
    expect(paths(bed, SMALL, MANY)).toEqual(remotePathNames.map(() => SMALL * MANY));
  });

  test.each(sizes)(
    "%s: the goal's path never takes the mmap lock, the slow path does",
    (_, size) => {
      const taken = remotePathNames.map((path) => bed.counts(path, size, MANY).locks.mmapRead);
      expect(taken).toEqual([MANY, 0, 0, 0]);
    },
  );

  test.each(Object.values(LEAF_SIZES))("1 MiB through leaves of %s", async (pageSize) => {
    const size = REMOTE_SIZES["1m"]!;
    const huge = await RemoteBed.ofLeaves(pageSize);
    const source = new Uint8Array(randomBytes(size));
    huge.source(size).set(source);
    for (const path of remotePathNames) {
      huge.copied(size).fill(0);
      expect(huge.read(path, size, 1)).toBe(size);
      expect(Buffer.compare(huge.copied(size), source)).toBe(0);
    }
  });

  test.each([1, MANY])("8 bytes among %i areas", async (count) => {
    const among = await RemoteBed.amongAreas(count);
    const source = new Uint8Array(randomBytes(SMALL));
    among.source(SMALL).set(source);
    expect(paths(among, SMALL, 1)).toEqual(remotePathNames.map(() => SMALL));
    expect(Buffer.compare(among.copied(SMALL), source)).toBe(0);
  });

  test("each step is done as often as it is told to", async () => {
    const beds = new RemoteBeds();
    for (const [id, work] of remoteSteps(beds)) {
      if (work.kind !== "timed") throw new Error(`${id} does not time itself`);
      expect([id, (await work.run(MANY)).checksum]).toEqual([id, MANY]);
    }
  });

  test("every cell of W3 has its work", () => {
    const beds = new RemoteBeds();
    const works = [...remoteReads(beds, "fast-v2").keys(), ...remoteSteps(beds).keys()];
    const cells = CELLS.filter(({ work }) => work === "W3").map(({ id }) => id);
    expect(works.toSorted()).toEqual(cells.toSorted());
    expect(Math.max(...Object.values(AREA_COUNTS))).toBe(1_000_000);
  });
});

function runLoop(peer: Peer, id: CellId, n: number): number {
  const work = peer.works.get(id);
  if (work?.kind !== "loop") throw new Error(`${peer.name} has no loop ${id}`);
  return work.run(n);
}

test.each(sizes)("%s: the JavaScript peer reads what is there", (variant, size) => {
  const js = createJsPeer();
  const source = new Uint8Array(randomBytes(size));
  js.remote.set(source);
  expect(runLoop(js, `W3.${variant}`, 1)).toBe(size);
  expect(Buffer.compare(js.read(size), source)).toBe(0);
});

test("the native peer reads all it is asked for, or says why it is absent", async () => {
  const native = await createNativePeer();
  const absent = !native.works.has("W3.8");
  if (absent) expect(native.about).toMatch(/absent: ./);
  for (const [variant, size] of absent ? [] : sizes) {
    const work = native.works.get(`W3.${variant}`);
    if (work?.kind !== "timed") throw new Error(`native has no ${variant}`);
    expect((await work.run(2)).checksum).toBe(size);
  }
  await native.close?.();
});
