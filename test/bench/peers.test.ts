import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { COPY_SIZES, PAGE_COUNTS } from "../../bench/cells.ts";
import type { CellId } from "../../bench/cells.ts";
import { STRUCT_SHIFT, STRUCT_SIZE, STRUCTS } from "../../bench/compatLayout.ts";
import type { Inspectable, Peer } from "../../bench/peer.ts";
import { createFaultlinePeer } from "../../bench/peers/faultline.ts";
import type { FaultlinePeer } from "../../bench/peers/faultline.ts";
import { createJsPeer } from "../../bench/peers/js.ts";
import { createLimitPeer } from "../../bench/peers/limit.ts";
import type { LimitPeer } from "../../bench/peers/limit.ts";

// The peers must do the same work, or their times mean nothing: same bytes in memory, same sums.

/** The nine fields: where the compat layout has them (struct snd_pcm_sync_ptr32, sound/core/pcm_compat.c). */
const OFFSETS = [4, 12, 16, 20, 24, 28, 32, 68, 72];

/** The status image's hole, which only a copy writes (with zeros). */
const HOLE = 8;
const HOLE_SIZE = 4;
const POISON = 0xa5;
const READS = 20_000;

let limit: LimitPeer;
let faultline: FaultlinePeer;

beforeAll(async () => {
  limit = await createLimitPeer();
  faultline = await createFaultlinePeer();
});

function run(peer: Peer, id: CellId, n: number): number {
  const work = peer.works.get(id);
  if (work?.kind !== "loop") throw new Error(`${peer.name} has no loop ${id}`);
  return work.run(n);
}

function fieldValue(record: number, field: number): number {
  return 0x0102_0304 * (record + 1) + field;
}

function setRecords(peer: Inspectable, value: (record: number, field: number) => number): void {
  for (let record = 0; record < STRUCTS; record++) {
    peer.setRecord(
      record,
      OFFSETS.map((_, field) => value(record, field)),
    );
  }
}

/** What the user's structures have to hold where every other byte was POISON. */
function expectedStructs(
  value: (record: number, field: number) => number,
  hole: number,
): Uint8Array {
  const bytes = new Uint8Array(STRUCTS << STRUCT_SHIFT).fill(POISON);
  const view = new DataView(bytes.buffer);
  for (let record = 0; record < STRUCTS; record++) {
    const start = record << STRUCT_SHIFT;
    OFFSETS.forEach((offset, field) => {
      view.setUint32(start + offset, value(record, field), true);
    });
    bytes.fill(hole, start + HOLE, start + HOLE + HOLE_SIZE);
  }
  return bytes;
}

describe("W1: the write side of SYNC_PTR", () => {
  const cells: [CellId, number][] = [
    ["W1.a", POISON],
    ["W1.b", POISON],
    ["W1.c", 0],
  ];

  test.each(cells)("%s of js stores the record's fields and nothing else", (id, hole) => {
    const js = createJsPeer();
    js.fillStructs(POISON);
    setRecords(js, fieldValue);
    expect(run(js, id, STRUCTS)).toBe(0);
    expect(js.structs()).toEqual(expectedStructs(fieldValue, hole));
  });

  test.each(cells)("%s of limit stores at the same places", (id, hole) => {
    limit.fillStructs(POISON);
    run(limit, id, STRUCTS);
    expect(limit.structs()).toEqual(expectedStructs((record) => record, hole));
  });

  test.each(cells)("%s of faultline stores at the same places", (id, hole) => {
    const { structBytes } = faultline.structs;
    structBytes.fill(POISON);
    expect(run(faultline, id, STRUCTS)).toBe(0);
    expect(structBytes.slice()).toEqual(expectedStructs((record) => record, hole));
  });

  test("limit-loads stores the record's fields and nothing else", () => {
    limit.fillStructs(POISON);
    setRecords(limit, fieldValue);
    run(limit.withLoads, "W1.a", STRUCTS);
    expect(limit.structs()).toEqual(expectedStructs(fieldValue, POISON));
  });

  test("the structures do not overlap", () => {
    expect(1 << STRUCT_SHIFT).toBeGreaterThanOrEqual(STRUCT_SIZE);
  });
});

describe("W2: the guarded copy", () => {
  test.each(Object.entries(COPY_SIZES))("%s: all copy the same bytes", (variant, size) => {
    const source = new Uint8Array(randomBytes(size));
    const js = createJsPeer();
    faultline.copies.source(size).set(source);
    expect(run(faultline, `W2.${variant}`, 1)).toBe(0);
    expect(Buffer.compare(faultline.copies.copied(size), source)).toBe(0);
    for (const peer of [limit, js]) peer.setCopySource(source);
    run(limit, `W2.${variant}`, 1);
    expect(run(js, `W2.${variant}`, 1)).toBe(0);
    expect(Buffer.compare(limit.copied(size), source)).toBe(0);
    expect(Buffer.compare(js.copied(size), source)).toBe(0);
  });
});

describe("W5: random pages", () => {
  test.each(Object.keys(PAGE_COUNTS))("%s pages: the same sum of what was read", (variant) => {
    const js = createJsPeer();
    const sum = run(limit, `W5.${variant}`, READS);
    expect(sum).not.toBe(0);
    expect(run(faultline, `W5.${variant}`, READS)).toBe(sum);
    expect(run(faultline, `W5.${variant}-tlb`, READS)).toBe(sum);
    expect(run(js, `W5.${variant}`, READS)).toBe(sum);
    expect(run(js, `W5.${variant}-tlb`, READS)).toBe(sum);
    run(js, "W5.flush", 1);
    expect(run(js, `W5.${variant}-tlb`, READS)).toBe(sum);
  });
});
