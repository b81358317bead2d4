import { describe, expect, test } from "vitest";
import fc from "../../../support/properties.ts";
import { hasRemainder, mul, mulDiv } from "../../../../src/systems/pcm/params/arithmetic.ts";
import {
  changed,
  empty,
  integer,
  IntervalSet,
  nothingLeft,
  openMax,
  openMin,
  unchanged,
} from "../../../../src/systems/pcm/params/interval.ts";
import { unlimited } from "../../../../src/systems/pcm/params/layout.ts";

type Words = readonly [min: number, max: number, bits: number];

const word = fc.oneof(
  fc.nat({ max: unlimited }),
  fc.nat({ max: 10 }),
  fc.integer({ min: unlimited - 10, max: unlimited }),
);

function setOf(...rows: readonly Words[]): IntervalSet {
  const set = new IntervalSet(rows.length);
  rows.forEach(([min, max, bits], slot) => set.set(slot, min, max, bits));
  return set;
}

function words(set: IntervalSet, slot: number): Words {
  return [set.min[slot]!, set.max[slot]!, set.bits[slot]!];
}

function exactMulDiv(a: number, b: number, c: number): { quotient: number; rest: boolean } {
  if (c === 0) return { quotient: unlimited, rest: false };
  const product = BigInt(a) * BigInt(b);
  const quotient = product / BigInt(c);
  if (quotient >= BigInt(unlimited)) return { quotient: unlimited, rest: false };
  return { quotient: Number(quotient), rest: product % BigInt(c) !== 0n };
}

describe("64-bit products and quotients are exact", () => {
  test("mul is cut off at the largest 32-bit number", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const product = BigInt(a) * BigInt(b);
        const expected = product > BigInt(unlimited) ? unlimited : Number(product);
        expect(mul(a, b)).toBe(expected);
      }),
    );
  });

  test("mulDiv and its remainder agree with arbitrary precision", () => {
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        const expected = exactMulDiv(a, b, c);
        const quotient = mulDiv(a, b, c);
        expect(quotient).toBe(expected.quotient);
        expect(c === 0 ? false : hasRemainder(a, b, c, quotient)).toBe(expected.rest);
      }),
      { numRuns: 2000 },
    );
  });

  test("products near a multiple of the divisor, where doubles would round", () => {
    const a = 0xfffffffb;
    const b = 0xfffffff9;
    for (const c of [0xfffffffb, 0xfffffff9, 0xfffffffd, 0xffffffff]) {
      const expected = exactMulDiv(a, b, c);
      expect([mulDiv(a, b, c), hasRemainder(a, b, c, mulDiv(a, b, c))]).toEqual([
        expected.quotient,
        expected.rest,
      ]);
    }
  });
});

describe("narrowing one interval by another", () => {
  const rows: readonly {
    name: string;
    own: Words;
    by: Words;
    result: number;
    left: Words;
  }[] = [
    { name: "inside already", own: [3, 5, 0], by: [0, 9, 0], result: unchanged, left: [3, 5, 0] },
    { name: "raises min", own: [1, 9, 0], by: [4, 9, 0], result: changed, left: [4, 9, 0] },
    {
      name: "raises min to an open end",
      own: [1, 9, 0],
      by: [4, 9, openMin],
      result: changed,
      left: [4, 9, openMin],
    },
    {
      name: "a raised min drops its own open end",
      own: [1, 9, openMin],
      by: [4, 9, 0],
      result: changed,
      left: [4, 9, 0],
    },
    {
      name: "opens an equal end",
      own: [4, 9, 0],
      by: [4, 9, openMin | openMax],
      result: changed,
      left: [4, 9, openMin | openMax],
    },
    {
      name: "an equal open end stays open",
      own: [4, 9, openMax],
      by: [4, 9, 0],
      result: unchanged,
      left: [4, 9, openMax],
    },
    {
      name: "becoming an integer closes both ends and is a change",
      own: [4, 9, openMin | openMax],
      by: [0, 9, integer],
      result: changed,
      left: [5, 8, integer],
    },
    {
      name: "tidying alone is no change",
      own: [7, 7, 0],
      by: [0, 9, 0],
      result: unchanged,
      left: [7, 7, integer],
    },
    {
      name: "nothing in common",
      own: [1, 3, 0],
      by: [4, 9, 0],
      result: nothingLeft,
      left: [4, 3, empty],
    },
    {
      name: "one value with an open end",
      own: [4, 9, 0],
      by: [0, 4, openMax],
      result: nothingLeft,
      left: [4, 4, openMax | empty],
    },
    {
      name: "no integer between the ends",
      own: [4, 5, openMin | openMax],
      by: [0, 9, integer],
      result: nothingLeft,
      left: [5, 4, integer | empty],
    },
    {
      name: "empty stays empty",
      own: [1, 9, empty],
      by: [0, 9, 0],
      result: nothingLeft,
      left: [1, 9, empty],
    },
    {
      name: "carries unknown bits along",
      own: [1, 9, 0x50],
      by: [2, 9, 0],
      result: changed,
      left: [2, 9, 0x50],
    },
  ];

  test.each(rows)("$name", ({ own, by, result, left }) => {
    const set = setOf(own, by);
    expect(set.refine(0, 1)).toBe(result);
    expect(words(set, 0)).toEqual(left);
  });

  test("keeps exactly the values that both contain", () => {
    // From 1, because an open end at 0 wraps around.
    const end = fc.integer({ min: 1, max: 12 });
    const interval = fc.tuple(end, end, fc.nat({ max: 7 }));
    fc.assert(
      fc.property(interval, interval, (own, by) => {
        const set = setOf(own, by, own);
        fc.pre(own[0] <= own[1] && by[0] <= by[1]);
        const result = set.refine(2, 1);
        for (let value = 0; value <= 12; value++) {
          const inBoth = set.contains(0, value) && set.contains(1, value);
          if (inBoth) expect([result, set.contains(2, value)]).not.toContain(nothingLeft);
          expect(result !== nothingLeft && set.contains(2, value)).toBe(inBoth);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("products and quotients of intervals", () => {
  const target = 2;
  const rows: readonly {
    name: string;
    a: Words;
    b: Words;
    compute: (set: IntervalSet) => void;
    result: Words;
  }[] = [
    {
      name: "a product is an integer when both factors are",
      a: [2, 3, integer],
      b: [4, 5, integer],
      compute: (set) => set.mul(target, 0, 1),
      result: [8, 15, integer],
    },
    {
      name: "a product has the open ends of its factors and is cut off",
      a: [2, unlimited, openMin],
      b: [4, 5, openMax],
      compute: (set) => set.mul(target, 0, 1),
      result: [8, unlimited, openMin | openMax],
    },
    {
      name: "an even division is closed",
      a: [8, 16, integer],
      b: [2, 4, integer],
      compute: (set) => set.div(target, 0, 1),
      result: [2, 8, 0],
    },
    {
      name: "remainders open the ends, the high one from above",
      a: [9, 17, 0],
      b: [2, 4, 0],
      compute: (set) => set.div(target, 0, 1),
      result: [2, 9, openMin | openMax],
    },
    {
      name: "the divisor's open ends act on the other side",
      a: [8, 16, 0],
      b: [2, 4, openMin],
      compute: (set) => set.div(target, 0, 1),
      result: [2, 8, openMax],
    },
    {
      name: "a divisor that may be 0 leaves the top unlimited and closed",
      a: [8, 16, openMax],
      b: [0, 4, openMin],
      compute: (set) => set.div(target, 0, 1),
      result: [2, unlimited, 0],
    },
    {
      name: "a divisor that can only be 0",
      a: [8, 16, 0],
      b: [0, 0, 0],
      compute: (set) => set.div(target, 0, 1),
      result: [unlimited, unlimited, 0],
    },
    {
      name: "a scaled product rounds outward",
      a: [1000, 1001, 0],
      b: [44100, 48000, 0],
      compute: (set) => set.mulDivK(target, 0, 1, 1_000_000),
      result: [44, 49, openMin | openMax],
    },
    {
      name: "a scaled quotient rounds outward",
      a: [1, 512, integer],
      b: [44100, 192000, 0],
      compute: (set) => set.mulKDiv(target, 0, 1_000_000, 1),
      result: [5, 11610, openMin | openMax],
    },
  ];

  test.each(rows)("$name", ({ a, b, compute, result }) => {
    const set = setOf(a, b, [0, 0, 0]);
    compute(set);
    expect(words(set, target)).toEqual(result);
  });

  test("a quotient contains every a / b", () => {
    const pair = fc
      .tuple(fc.nat({ max: 5000 }), fc.nat({ max: 5000 }))
      .map(([x, y]): Words => [Math.min(x, y), Math.max(x, y), 0]);
    fc.assert(
      fc.property(pair, pair, fc.double({ min: 0, max: 1, noNaN: true }), (a, b, t) => {
        fc.pre(b[0] > 0);
        const set = setOf(a, b, [0, 0, 0]);
        set.mulKDiv(target, 0, 8, 1);
        const value = ((a[0] + (a[1] - a[0]) * t) * 8) / (b[0] + (b[1] - b[0]) * t);
        expect(value).toBeGreaterThanOrEqual(set.min[target]!);
        expect(value).toBeLessThanOrEqual(set.max[target]!);
      }),
    );
  });
});

describe("single intervals", () => {
  test.each<{ interval: Words; single: boolean; value?: number }>([
    { interval: [7, 7, integer], single: true, value: 7 },
    { interval: [7, 8, 0], single: false },
    { interval: [7, 8, openMin], single: true, value: 8 },
    { interval: [7, 8, openMax], single: true, value: 7 },
    { interval: [7, 8, openMin | openMax], single: true, value: 7 },
    { interval: [7, 9, openMin | openMax], single: false },
  ])("$interval", ({ interval, single, value }) => {
    const set = setOf(interval);
    expect(set.isSingle(0)).toBe(single);
    if (value !== undefined) expect(set.value(0)).toBe(value);
  });

  test("the smallest value of an open low end is one more", () => {
    const set = setOf([5, 9, openMin | openMax], [0, unlimited, 0]);
    set.keepSmallest(0);
    set.refine(0, 1);
    expect([set.isSingle(0), set.value(0)]).toEqual([true, 6]);
  });

  test("the largest value of an open high end is one less", () => {
    const set = setOf([5, 9, openMin | openMax], [0, unlimited, 0]);
    set.keepLargest(0);
    set.refine(0, 1);
    expect([set.isSingle(0), set.value(0)]).toEqual([true, 8]);
  });

  test("between neighbours the open top survives the choice of the smallest", () => {
    const set = setOf([90, 91, openMin | openMax]);
    set.keepSmallest(0);
    expect(words(set, 0)).toEqual([90, 91, openMin | openMax]);
  });
});
