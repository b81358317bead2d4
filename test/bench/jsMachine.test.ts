import { describe, expect, test } from "vitest";
import { PAGE_SIZE, RAM } from "../../bench/peers/js/layout.ts";
import { createMachine, mapAnonymous } from "../../bench/peers/js/machine.ts";
import type { JsMachine } from "../../bench/peers/js/machine.ts";
import { allocateFrame, lookup, mapPage } from "../../bench/peers/js/tables.ts";
import { dropRead, flushTlb } from "../../bench/peers/js/tlb.ts";
import {
  copyToUser,
  EFAULT,
  putUser,
  unsafeGetUser,
  unsafePutUser,
  userAccessEnd,
  userReadAccessBegin,
  userWriteAccessBegin,
} from "../../bench/peers/js/uaccess.ts";

// A peer that answers wrongly is no peer: the rules that its short cuts could break.

const HI = 0x7f00;
const LO = 0x10_0000;
const KERNEL_BYTES = 4 * PAGE_SIZE;
const SOURCE = RAM + 100;

function machineWithPages(pages: number): JsMachine {
  const m = createMachine(1 << 20, KERNEL_BYTES);
  mapAnonymous(m, LO, HI, pages * PAGE_SIZE);
  return m;
}

function readWord(m: JsMachine, lo: number, hi = HI): number {
  userReadAccessBegin(m, lo, hi, 4);
  const value = unsafeGetUser(m, lo, hi);
  userAccessEnd(m);
  return value;
}

describe("put and get", () => {
  test.each([0, 1, 2, 3, PAGE_SIZE - 4, PAGE_SIZE - 3, PAGE_SIZE - 1])(
    "a word at offset %i comes back, cold and warm",
    (offset) => {
      const m = machineWithPages(2);
      for (const value of [0x1234_5678, -2]) {
        expect(putUser(m, LO + offset, HI, value)).toBe(0);
        expect(readWord(m, LO + offset)).toBe(value);
      }
    },
  );

  test("a word that ends beyond the mapping faults and stores nothing", () => {
    const m = machineWithPages(1);
    expect(putUser(m, LO + PAGE_SIZE - 2, HI, -1)).toBe(EFAULT);
    expect(readWord(m, LO + PAGE_SIZE - 4)).toBe(0);
  });

  test.each([
    ["the last word below the limit is not mapped, but allowed", 0xffff_effc | 0, 0x7fff, true],
    ["a word across the limit", 0xffff_effd | 0, 0x7fff, false],
    ["the limit", 0xffff_f000 | 0, 0x7fff, false],
    ["a non-canonical address", 0, 0x8000, false],
    ["a kernel address", 0, 0xffff_8000 | 0, false],
  ])("range check: %s", (_, lo, hi, allowed) => {
    const m = machineWithPages(1);
    expect(userWriteAccessBegin(m, lo, hi, 4)).toBe(allowed);
  });

  test("a closed guard, or one open for the other direction, stops a warm access", () => {
    const m = machineWithPages(1);
    expect(putUser(m, LO, HI, 7)).toBe(0);
    expect(readWord(m, LO)).toBe(7);
    expect(unsafePutUser(m, LO, HI, 8)).toBe(EFAULT);
    expect(unsafeGetUser(m, LO, HI)).toBe(0);
    userReadAccessBegin(m, LO, HI, 4);
    expect(unsafePutUser(m, LO, HI, 8)).toBe(EFAULT);
    expect(unsafeGetUser(m, LO, HI)).toBe(7);
  });
});

describe("the TLB", () => {
  test("addresses that share a slot do not see each other's page", () => {
    const m = createMachine(1 << 20, KERNEL_BYTES);
    const places = [
      [LO, HI],
      [LO + (1 << 28), HI],
      [LO, HI - 1],
    ] as const;
    for (const [lo, hi] of places) mapAnonymous(m, lo, hi, PAGE_SIZE);
    places.forEach(([lo, hi], i) => expect(putUser(m, lo, hi, i + 1)).toBe(0));
    expect(places.map(([lo, hi]) => readWord(m, lo, hi))).toEqual([1, 2, 3]);
  });

  test("a changed mapping shows after a drop, or after any number of flushes", () => {
    const m = machineWithPages(1);
    putUser(m, LO, HI, 1);
    expect(readWord(m, LO)).toBe(1);
    mapPage(m.words, LO, HI, allocateFrame(m.words));
    expect(readWord(m, LO)).toBe(1);
    dropRead(m.words, LO, HI);
    expect(readWord(m, LO)).toBe(0);
    for (let i = 0; i < 5000; i++) flushTlb(m.words);
    putUser(m, LO, HI, 2);
    expect(readWord(m, LO)).toBe(2);
  });

  test("a generation that comes round again finds no old entry", () => {
    const m = machineWithPages(1);
    putUser(m, LO, HI, 1);
    expect(readWord(m, LO)).toBe(1);
    mapPage(m.words, LO, HI, allocateFrame(m.words));
    for (let i = 0; i < 2047; i++) flushTlb(m.words);
    expect(readWord(m, LO)).toBe(0);
  });
});

describe("copyToUser", () => {
  const sizes = [0, 1, 3, 4, 8, 32, 63, 64, 65, 132, PAGE_SIZE, 2 * PAGE_SIZE - 5];
  const offsets = [0, 1, 4, 60, PAGE_SIZE - 32, PAGE_SIZE - 1];
  const cases = sizes.flatMap((size) => offsets.map((offset) => [size, offset] as const));

  test.each(cases)("%i bytes to offset %i, and no byte around them", (size, offset) => {
    const m = machineWithPages(3);
    const source = Uint8Array.from({ length: size }, (_, i) => (i % 251) + 1);
    m.bytes.set(source, SOURCE);
    expect(copyToUser(m, LO + offset, HI, SOURCE, size)).toBe(0);
    const expected = new Uint8Array(3 * PAGE_SIZE);
    expected.set(source, offset);
    expect(Buffer.compare(userPages(m, 3), expected)).toBe(0);
  });

  test("a copy that runs off the mapping says how much is missing", () => {
    const m = machineWithPages(1);
    m.bytes.fill(9, SOURCE, SOURCE + 200);
    expect(copyToUser(m, LO + PAGE_SIZE - 80, HI, SOURCE, 200)).toBe(120);
    expect(userPages(m, 1).subarray(-81)).toEqual(Uint8Array.from([0, ...Array(80).fill(9)]));
  });

  test("frames that do not follow one another are copied to one by one", () => {
    const m = machineWithPages(2);
    putUser(m, LO + PAGE_SIZE, HI, 0);
    m.bytes.fill(5, SOURCE, SOURCE + 2 * PAGE_SIZE);
    expect(copyToUser(m, LO, HI, SOURCE, 2 * PAGE_SIZE)).toBe(0);
    expect(userPages(m, 2).every((byte) => byte === 5)).toBe(true);
  });
});

function userPages(m: JsMachine, pages: number): Uint8Array {
  const bytes = new Uint8Array(pages * PAGE_SIZE);
  for (let page = 0; page < pages; page++) {
    const frame = lookup(m.words, LO + page * PAGE_SIZE, HI);
    if (frame >= 0) bytes.set(m.bytes.subarray(frame, frame + PAGE_SIZE), page * PAGE_SIZE);
  }
  return bytes;
}
