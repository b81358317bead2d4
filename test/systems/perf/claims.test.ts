import { describe, expect, test } from "vitest";
import { preparePerfCase, touchedBySample } from "../../../src/scenarios/perfCase.ts";
import type { PerfDesignName } from "../../../src/scenarios/perfDesigns.ts";
import { perfDesign } from "../../../src/scenarios/perfDesigns.ts";
import { accessesSince, sampleCost, type PerfTouched } from "../../../src/scenarios/perfTouched.ts";
import { lineOf, sampleLayout, type SampleEra } from "../../../src/scenarios/sampleLayouts.ts";
import { DesignBed } from "../../../src/systems/perf/designBed.ts";
import { studyMachine } from "./bed.ts";

/** What the mails claim of lines and costs: P2 to P6. What is claimed of interruptions stands beside this file. */

let machine = await studyMachine();
const fresh = (): typeof machine => (machine = machine.reset());

const figures = (design: PerfDesignName, request: "plain" | "user"): PerfTouched =>
  touchedBySample(preparePerfCase(fresh(), design, request), "irq");

describe("P2: init", () => {
  const writtenBy = (era: SampleEra): number[] => {
    const { design } = perfDesign("stack");
    const bed = new DesignBed(fresh(), 0, design, sampleLayout(era));
    const since = machine.eventCount;
    bed.open("irq");
    const { from } = bed.sampleRegion("irq");
    return [...new Set(accessesSince(machine, since).map(({ at }) => lineOf(at - from)))];
  };

  test("writes one line", () => {
    expect(writtenBy("v4.6")).toEqual([0]);
    expect(writtenBy("v4.6-flags")).toEqual([0]);
  });

  test("with the size of AUX data in it, a second one", () => {
    expect(writtenBy("v5.5")).toEqual([0, 5]);
  });
});

test("P4: what a sample costs is operations and lines; the more a line costs, the more those count", () => {
  const [stack, merged] = [figures("stack", "user"), figures("merged", "user")];
  const ratios = [0, 10, 100, 1000].map(
    (miss) => sampleCost(stack, miss) / sampleCost(merged, miss),
  );
  expect(ratios[0]).toBe((stack.loads + stack.stores) / (merged.loads + merged.stores));
  expect(ratios.at(-1)).toBeCloseTo(stack.lines / merged.lines, 1);
  const second = { ...merged, lines: merged.lines + 1 };
  for (const miss of [10, 100]) {
    expect(sampleCost(second, miss) - sampleCost(merged, miss)).toBe(miss);
  }
});

test("P5: with a flag the type goes to the second line, which every sample writes anyway", () => {
  const [flag, stack] = [figures("lazy-flag", "plain"), figures("stack", "plain")];
  expect(flag.sample.written).toEqual(stack.sample.written);
  expect(flag.stores).toBe(stack.stores + 1);
});

test("P6: the sentinel writes a line that it does not read, in samples that want no registers", () => {
  const [sentinel, stack] = [figures("lazy-sentinel", "plain"), figures("stack", "plain")];
  expect(stack.sample.written).toEqual([0, 1]);
  expect(sentinel.sample.written).toEqual([0, 1, 2]);
  expect(sentinel.sample.read).toEqual(stack.sample.read);
  expect(sentinel.stores).toBe(stack.stores + 1);
});

test("lazy designs read what says whether they are filled", () => {
  expect(figures("lazy-flag", "user").sample.read).toContain(0);
  expect(figures("stack", "user").sample.read).not.toContain(0);
  expect(figures("lazy-sentinel", "user").loads).toBe(figures("stack", "user").loads + 1);
});
