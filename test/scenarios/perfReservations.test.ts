import { describe, expect, test } from "vitest";
import {
  runPerfRecordWrap,
  runPerfSharedSample,
  runPerfStackZero,
  type ReservedSample,
} from "../../src/index.ts";

/** What recordings of Linux 6.18 showed, byte by byte, and the same with room for what is written. */

const of = (samples: readonly ReservedSample[], variant: string): readonly ReservedSample[] =>
  samples.filter((sample) => sample.variant === variant);

const unharmed = { notWritten: [], behind: null, headersHurt: 0 };

describe("a dump of size 0", async () => {
  const { samples } = await runPerfStackZero();

  test("writes a word behind its record; backwards that is the header of the record before", () => {
    const figures = of(samples, "recorded").map(({ size, reserved, behind, headersHurt }) => ({
      size,
      reserved,
      behind: behind === null ? null : behind.from,
      headersHurt,
    }));
    const right = { size: 304, reserved: 304, behind: null, headersHurt: 0 };
    const short = { size: 40, reserved: 40, behind: 40, headersHurt: 0 };
    const onHeader = { ...short, headersHurt: 1 };
    expect(figures).toEqual([right, short, short, right, onHeader, onHeader]);
  });

  test("the word is the sample's last one; what it falls on was a header", () => {
    const [forward, , backward] = of(samples, "recorded")
      .filter(({ behind }) => behind !== null)
      .map(({ behind }) => behind!);
    expect(forward!.bytes).toBe(8);
    expect(forward!.after).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
    // a sample (9) of user mode (2) with 304 bytes
    expect(backward!.before).toEqual([9, 0, 0, 0, 2, 0, 0x30, 1]);
    expect(backward!.after).toEqual([1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test("with room for two words nothing is lost", () => {
    const right = of(samples, "right");
    expect(right.map(({ size }) => size)).toEqual([304, 48, 48, 304, 48, 48]);
    for (const sample of right) expect(sample).toMatchObject(unharmed);
  });
});

describe("a record above 64 KiB", async () => {
  const { samples } = await runPerfRecordWrap();

  test("says 8, takes 8 and writes 65,544 bytes", () => {
    const [roomy] = of(samples, "recorded");
    expect(roomy).toMatchObject({ size: 8, reserved: 8, behind: { from: 8, bytes: 65_536 } });
  });

  test("in a ring of 64 KiB it goes round over unread records", () => {
    const [, first, second, large] = of(samples, "recorded");
    expect(first).toMatchObject(unharmed);
    expect(second).toMatchObject(unharmed);
    expect(large).toMatchObject({ reserved: 8, headersHurt: 2 });
  });

  test("with the interrupt's registers counted it is cut to fit, and lost where it does not", () => {
    const right = of(samples, "right");
    expect(right.map(({ size, reserved }) => [size, reserved])).toEqual([
      [65_528, 65_528],
      [24, 24],
      [24, 24],
      [0, 0],
    ]);
    for (const sample of right) expect(sample).toMatchObject(unharmed);
  });
});

describe("two events on one fault", async () => {
  const { samples } = await runPerfSharedSample();

  test("the second carries the first one's id, and is too long or too short by 18 registers", () => {
    const [long, short] = of(samples, "recorded");
    const bytes = 18 * 8;
    expect(long).toMatchObject({ size: 192, notWritten: [{ from: 48, bytes }], behind: null });
    expect(short).toMatchObject({ size: 48, notWritten: [], behind: { from: 48, bytes } });
    for (const { ids } of [long!, short!]) expect(ids!.carried).not.toBe(ids!.own);
  });

  test("with a structure of its own each is right", () => {
    const right = of(samples, "right");
    expect(right.map(({ size }) => size)).toEqual([48, 192]);
    for (const sample of right) {
      expect(sample).toMatchObject(unharmed);
      expect(sample.ids!.carried).toBe(sample.ids!.own);
    }
  });
});
