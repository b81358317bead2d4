import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CellId } from "../../bench/cells.ts";
import type { Work } from "../../bench/peer.ts";
import { Pair } from "../../bench/contend/pair.ts";
import {
  emulatedArena,
  emulatedExchanges,
  limitExchanges,
  rawArena,
} from "../../bench/peers/exchangeWorks.ts";

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

  test("alone, each attempt but the first matches", () => {
    const work = works.get("W4.1") as Work & { kind: "loop" };
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
