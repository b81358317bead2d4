import { describe, expect, test } from "vitest";
import { CELLS } from "../../bench/cells.ts";
import type { CellId } from "../../bench/cells.ts";
import { measureCell } from "../../bench/harness.ts";
import type { Settings } from "../../bench/harness.ts";
import { HELP, parseOptions, UsageError } from "../../bench/options.ts";
import type { Peer, Work } from "../../bench/peer.ts";
import { summarize } from "../../bench/statistics.ts";
import { PEER_NAMES } from "../../bench/peers/names.ts";
import { compareTimes, formatNotes, formatTable, formatTime } from "../../bench/table.ts";

const CELL = CELLS[0]!;
const SETTINGS: Settings = { sampleMs: 10, warmMs: 10, rounds: 4 };

/** A peer whose work takes what it says: no clock is read, so the figures are exact. */
function pretend(name: string, nsOf: (n: number) => number, log: string[] = []): Peer {
  const work: Work = {
    kind: "timed",
    warmMs: 10,
    run: async (n) => {
      log.push(name);
      return { ns: nsOf(n), checksum: n };
    },
  };
  return { name, about: name, works: new Map<CellId, Work>([[CELL.id, work]]) };
}

describe("summarize", () => {
  test("median and quartiles of a known distribution, in any order", () => {
    expect(summarize([5, 1, 4, 2, 3])).toEqual({ median: 3, lower: 2, upper: 4 });
    expect(summarize([10, 20])).toEqual({ median: 15, lower: 12.5, upper: 17.5 });
  });

  test("nothing to summarize is an error that names the argument", () => {
    expect(() => summarize([])).toThrow(/values/);
  });
});

describe("measureCell", () => {
  test("time for one operation, and its ratio to the limit", async () => {
    const limit = pretend("limit", (n) => 2 * n);
    const peer = pretend("js", (n) => 10 * n);
    const results = await measureCell(CELL.id, limit, [peer], SETTINGS);
    expect(
      results.map(({ peer, nsPerOp, ratio }) => [peer, nsPerOp.median, ratio?.median]),
    ).toEqual([
      ["limit", 2, undefined],
      ["js", 10, 5],
    ]);
  });

  test("the limit comes right before every sample, and the order of the peers rotates", async () => {
    const log: string[] = [];
    const peers = ["a", "b"].map((name) => pretend(name, (n) => n, log));
    await measureCell(
      CELL.id,
      pretend("limit", (n) => n, log),
      peers,
      SETTINGS,
    );
    const pairs = SETTINGS.rounds * peers.length;
    const round = ["limit", "a", "limit", "b", "limit", "b", "limit", "a"];
    expect(log.slice(-2 * pairs)).toEqual([...round, ...round]);
  });

  test("a stall in one sample moves neither the median nor the number of repetitions", async () => {
    let calls = 0;
    const stalled = pretend("js", (n) => (calls++ % 5 === 0 ? 1e9 : 10 * n));
    const [, result] = await measureCell(
      CELL.id,
      pretend("limit", (n) => n),
      [stalled],
      SETTINGS,
    );
    expect(result?.nsPerOp.median).toBe(10);
  });

  test("samples that are far too short are rejected, not averaged in", async () => {
    const calibrated = (SETTINGS.sampleMs * 1e6) / 10; // not a power of two, so no warm-up has it
    let measured = 0;
    const hasty = pretend("js", (n) => (n === calibrated && measured++ % 2 === 0 ? n : 10 * n));
    const [, result] = await measureCell(
      CELL.id,
      pretend("limit", (n) => n),
      [hasty],
      SETTINGS,
    );
    expect(result).toMatchObject({ samples: 2, rejected: 2, nsPerOp: { lower: 10, upper: 10 } });
  });

  test("a peer of which every sample was rejected is left out", async () => {
    const calibrated = (SETTINGS.sampleMs * 1e6) / 10;
    const broken = pretend("js", (n) => (n === calibrated ? n : 10 * n));
    const results = await measureCell(
      CELL.id,
      pretend("limit", (n) => n),
      [broken],
      SETTINGS,
    );
    expect(results.map(({ peer }) => peer)).toEqual(["limit"]);
  });

  test("single events are taken as often as asked, of the limit too where it has them", async () => {
    const counting = (name: string, perRound: number): Peer => {
      let events = 0;
      const work: Work = { kind: "single", perRound, run: () => ++events };
      return { name, about: name, works: new Map([[CELL.id, work]]) };
    };
    const results = await measureCell(CELL.id, counting("limit", 1), [counting("js", 3)], SETTINGS);
    const counted = (peer: string, samples: number) => {
      const numbers = Array.from({ length: samples }, (_, i) => i + 1);
      return { peer, nsPerOp: summarize(numbers), samples, rejected: 0 };
    };
    expect(results).toEqual([counted("js", 12), counted("limit", 4)]);
  });
});

describe("the table", () => {
  const summary = (median: number) => ({ median, lower: median, upper: median });
  const result = (peer: string, ns: number, ratio: number) => ({
    peer,
    nsPerOp: summary(ns),
    ratio: summary(ratio),
    samples: 9,
    rejected: 0,
  });

  test.each([
    [9.99, "met"],
    [11.5, "missed"],
    [8.5, "met, stretch too"],
  ])("a ratio of %f to the limit against 11 [9]: %s", (ratio, verdict) => {
    const results = [result("faultline", 1.4 * ratio, ratio), result("js", 100, 70)];
    const line = formatTable([{ cell: CELL, results, notes: new Map() }]).split("\n")[1];
    expect(line).toContain(`<= 11x [9x]`);
    expect(line).toMatch(new RegExp(`  ${verdict}  `));
  });

  test("a figure with a note is marked, and the note said once for all cells that have it", () => {
    const [first, second] = CELLS;
    const notes = new Map([["v86", "has no SMAP"]]);
    const cells = [first!, second!].map((cell) => ({
      cell,
      results: [result("faultline", 10, 5), result("v86", 100, 50)],
      notes,
    }));
    const lines = formatTable(cells).split("\n").slice(1);
    for (const line of lines) expect(line).toMatch(/10\.0 ns \(5\.00x\) .*100 ns \(50\.00x\) \*/);
    expect(formatNotes(cells)).toEqual(["* v86: has no SMAP (W1 a, W1 b)", ""]);
  });

  test("no notes, no lines", () => {
    expect(formatNotes([{ cell: CELL, results: [], notes: new Map([["v86", "x"]]) }])).toEqual([]);
  });

  test.each([
    [100, 114, "same"],
    [100, 130, "1.3x faster"],
    [300, 100, "3.0x slower"],
  ])("%i ns against %i ns: %s", (a, b, text) => {
    expect(compareTimes(a, b)).toBe(text);
  });

  test.each([
    [1.371, "1.37 ns"],
    [404, "404 ns"],
    [24_500, "24.5 µs"],
    [1_070_000, "1.07 ms"],
    [2e9, "2.00 s"],
  ])("%f ns is written %s", (ns, text) => {
    expect(formatTime(ns)).toBe(text);
  });
});

describe("the command line", () => {
  test("work items, file and speed", () => {
    const options = parseOptions(["--work", "w1,W5", "--json", "out.json", "--quick"]);
    expect(options).toMatchObject({ works: new Set(["W1", "W5"]), json: "out.json", quick: true });
  });

  test("help names every work item and every peer", () => {
    expect(parseOptions(["--help"]).help).toBe(true);
    for (const name of [...CELLS.map(({ work }) => work), ...PEER_NAMES]) {
      expect(HELP).toContain(name);
    }
  });

  test("peers: all unless some are named", () => {
    expect(parseOptions([]).peers).toEqual(new Set(PEER_NAMES));
    expect(parseOptions(["--peers", "JS, v86"]).peers).toEqual(new Set(["js", "v86"]));
  });

  test.each([
    [["--work", "W9"], /--work: there is no "W9".*W1/],
    [["--peers", "qemu"], /--peers: there is no "qemu".*v86/],
    [["--wrok", "W1"], /--wrok.*--work/s],
    [["--json"], /--json/],
  ])("%j is refused with what is valid", (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(UsageError);
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
