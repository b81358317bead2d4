import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CellId } from "../../bench/cells.ts";
import type { TimedWork, Work } from "../../bench/peer.ts";
import { Pair } from "../../bench/contend/pair.ts";
import {
  emulatedArena,
  emulatedExchanges,
  limitExchanges,
  rawArena,
} from "../../bench/peers/exchangeWorks.ts";
import { compareExchangeUser } from "../../bench/peers/js/exchange.ts";
import { GUARD, GUARD_CLOSED, PAGE_SIZE } from "../../bench/peers/js/layout.ts";
import { loopExchange } from "../../bench/peers/js/loops.ts";
import { createSharedMachine, mapAnonymous } from "../../bench/peers/js/machine.ts";
import { EFAULT } from "../../bench/peers/js/uaccess.ts";
import { createNativePeer } from "../../bench/peers/native.ts";

// W4: attempts and hand-overs must be what they say, or their times mean nothing.

const ROUNDS = 500;
const arenas = { raw: rawArena, machine: emulatedArena };

describe.each([
  ["raw wasm", limitExchanges],
  ["our own machine", emulatedExchanges],
])("%s", (_, create) => {
  let works: ReadonlyMap<CellId, Work>;
  beforeAll(async () => {
    works = await create();
  });

  test.each(["W4.1", "W4.call"] as const)("%s: alone, each attempt but the first matches", (id) => {
    const work = works.get(id) as Work & { kind: "loop" };
    work.run(ROUNDS);
    expect(work.run(ROUNDS)).toBe(ROUNDS - 1);
  });
});

describe("two threads", () => {
  const pairs: Pair[] = [];
  afterAll(() => Promise.all(pairs.map((pair) => pair.stop())));

  test.each(["raw", "machine"] as const)("%s: every match has added one", async (kind) => {
    const { arena, word } = await arenas[kind]();
    const pair = await Pair.start("attempts", arena);
    pairs.push(pair);
    const { results } = pair.run(ROUNDS);
    expect(word()).toBe(results[0]! + results[1]!);
  });

  test.each(["raw", "machine"] as const)("%s: a word goes to and fro", async (kind) => {
    const { arena, word } = await arenas[kind]();
    const pair = await Pair.start("pingPong", arena);
    pairs.push(pair);
    expect(pair.run(ROUNDS).results).toEqual([ROUNDS, ROUNDS]);
    expect(word()).toBe(0);
  });
});

describe("plain JavaScript", () => {
  const LO = 0x1000;
  const HI = 0x7f00;
  const machine = () => {
    const m = createSharedMachine(16 * PAGE_SIZE, PAGE_SIZE);
    mapAnonymous(m, LO, HI, PAGE_SIZE);
    return m;
  };

  test("a word is exchanged where it holds what is expected, cold and warm", () => {
    const m = machine();
    expect(compareExchangeUser(m, LO, HI, 0, -1)).toBe(0);
    expect(compareExchangeUser(m, LO, HI, 5, 7)).toBe(0xffff_ffff);
    expect(compareExchangeUser(m, LO, HI, -1, 7)).toBe(0xffff_ffff);
    expect(compareExchangeUser(m, LO, HI, 0, 0)).toBe(7);
  });

  test.each([
    ["a misaligned word", LO + 2, HI],
    ["an address with nothing mapped", LO + PAGE_SIZE, HI],
    ["a kernel address", LO, 0xffff_8000 | 0],
  ])("%s faults, cold and warm, and leaves the guard closed", (_, lo, hi) => {
    const m = machine();
    for (const expected of [0, 1]) {
      expect(compareExchangeUser(m, lo, hi, expected, 1)).toBe(EFAULT);
      expect(compareExchangeUser(m, LO, HI, expected, 1)).toBe(expected);
      expect(m.words[GUARD]).toBe(GUARD_CLOSED);
    }
  });

  test("alone, each attempt but the first matches", () => {
    const m = machine();
    expect(loopExchange(m, LO, HI, ROUNDS)).toBe(ROUNDS);
    expect(loopExchange(m, LO, HI, ROUNDS)).toBe(ROUNDS - 1);
  });
});

test("the native program's attempts match and its hand-overs end, or it is absent", async () => {
  const native = await createNativePeer();
  const work = (id: CellId) => native.works.get(id) as TimedWork | undefined;
  if (work("W4.1") === undefined) expect(native.about).toMatch(/absent: ./);
  else {
    expect((await work("W4.1")!.run(ROUNDS)).checksum).toBe(ROUNDS);
    expect((await work("W4.2")!.run(ROUNDS)).checksum).toBeGreaterThan(0);
    expect((await work("W4.ping")!.run(ROUNDS)).checksum).toBe(ROUNDS);
  }
  await native.close?.();
});
