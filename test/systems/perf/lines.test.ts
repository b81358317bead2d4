import { describe, expect, test } from "vitest";
import {
  preparePerfCase,
  touchedBySample,
  type PerfHit,
  type PerfRequest,
} from "../../../src/scenarios/perfCase.ts";
import type { PerfDesignName } from "../../../src/scenarios/perfDesigns.ts";
import type { PerfTouched } from "../../../src/scenarios/perfTouched.ts";
import { studyMachine } from "./bed.ts";

/** What each design writes for a sample, line by line, counted by the core; the table is that of the mails' figures. */

const machine = await studyMachine();
let current = machine;

function sampleOf(
  design: PerfDesignName,
  request: PerfRequest,
  hit: PerfHit,
  copiesAt = 0,
): PerfTouched {
  current = current.reset();
  return touchedBySample(preparePerfCase(current, design, request, copiesAt), hit);
}

const upTo = (line: number): number[] => Array.from({ length: line + 1 }, (_, at) => at);

describe("lines of the sample's structure that are written", () => {
  test.each<[PerfDesignName, PerfRequest, PerfHit, readonly number[]]>([
    ["stack", "plain", "irq", [0, 1]],
    ["stack", "user", "user", [0, 1, 2]],
    ["stack", "user", "irq", upTo(4)],
    ["stack", "user", "nmi", upTo(4)],
    ["stack", "user+intr", "user", [0, 1, 2, 4]],
    ["stack", "user+stack", "user", [0, 1, 2, 5]],
    ["array-posted", "plain", "irq", [0, 1]],
    ["array-posted", "user", "user", [0, 1, 2]],
    ["array-posted", "user", "irq", [0, 1, 2]],
    ["array-posted", "user", "nmi", [0, 1, 2]],
    ["array-posted", "user+intr", "irq", [0, 1, 2]],
    ["array-posted", "user+stack", "irq", [0, 1, 2]],
    ["merged", "plain", "irq", [0, 1]],
    ["merged", "user", "user", [0, 1, 2]],
    ["merged", "user", "irq", [0, 1, 2]],
    ["merged", "user", "nmi", [0, 1, 2]],
    ["merged", "user+intr", "nmi", [0, 1, 2]],
    ["today", "plain", "irq", [0, 1]],
    ["today", "user", "user", [0, 1, 2]],
    ["today", "user", "irq", [0, 1, 2]],
    ["today", "user+intr", "irq", [0, 1, 2]],
    ["today", "user+stack", "nmi", [0, 1, 2]],
  ])("%s, %s, hit in %s: %j", (design, request, hit, lines) => {
    expect(sampleOf(design, request, hit).sample.written).toEqual(lines);
  });
});

describe("lines of the CPU's copies that are written", () => {
  test.each<[PerfDesignName, PerfHit, readonly number[]]>([
    ["array-posted", "nmi", [0, 1, 2]],
    ["array-posted", "irq", [2, 3, 4, 5]],
    ["array-posted", "softirq", [2, 3, 4, 5]],
    ["array-posted", "task", [7, 8, 9, 10]],
    ["array-ordered", "softirq", [5, 6, 7]],
    ["array-padded", "nmi", [0, 1, 2]],
    ["array-padded", "irq", [3, 4, 5]],
    ["array-padded", "softirq", [6, 7, 8]],
    ["array-padded", "task", [9, 10, 11]],
    ["array-posted", "user", []],
    ["merged", "task", []],
    ["merged", "irq", []],
    ["merged", "user", []],
    ["merged", "nmi", [0, 1, 2]],
    ["stack", "nmi", []],
  ])("%s, hit in %s: %j", (design, hit, lines) => {
    expect(sampleOf(design, "user", hit).perCpu.written).toEqual(lines);
  });

  test("an NMI's copy takes 3 or 4 lines, as it lies", () => {
    const counts = [0, 8, 16, 24, 32, 40, 48, 56].map(
      (at) => sampleOf("merged", "user", "nmi", at).perCpu.written.length,
    );
    expect(counts).toEqual([3, 3, 3, 3, 4, 4, 4, 4]);
  });
});

test.each<[PerfDesignName, PerfHit, number]>([
  ["stack", "task", 168],
  ["stack", "nmi", 168],
  ["stack", "user", 0],
  ["array-posted", "irq", 168],
  ["single", "irq", 168],
  ["merged", "irq", 0],
  ["merged", "nmi", 168],
  ["today", "task", 0],
])("%s copies for a hit in %s %i bytes", (design, hit, bytes) => {
  expect(sampleOf(design, "user", hit).bytesCopied).toBe(bytes);
});
