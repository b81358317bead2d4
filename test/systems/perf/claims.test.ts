import { describe, expect, test } from "vitest";
import { preparePerfCase, touchedBySample } from "../../../src/scenarios/perfCase.ts";
import type { PerfDesignName } from "../../../src/scenarios/perfDesigns.ts";
import { perfDesign } from "../../../src/scenarios/perfDesigns.ts";
import { accessesSince, sampleCost, type PerfTouched } from "../../../src/scenarios/perfTouched.ts";
import { lineOf, sampleLayout, type SampleEra } from "../../../src/scenarios/sampleLayouts.ts";
import { DesignBed } from "../../../src/systems/perf/designBed.ts";
import { studyMachine } from "./bed.ts";

/**
 * What the mails claim of lines and costs: P2 to P6. Where each claim, and each expected result, is tested:
 *
 *   P1  structures by their members     ../../scenarios/sampleLayouts.test.ts
 *   P2  init touches one line           here
 *   P3  without the copy half the stack "P3" here
 *   P4  a second hot line is slower     here
 *   P5  a flag fills line 0             here; sampleLayouts.test.ts
 *   P6  a sentinel writes, reads not    here
 *   P7  slots by context                interruptions.test.ts, "copies by context"
 *   P8  one copy is enough              interruptions.test.ts, each pair of contexts
 *   P9  a mark set first: 21 of 23 bad  interruptions.test.ts, "marked before it is filled"
 *   P10 the merged design needs no mark interruptions.test.ts, "an NMI while the entry code saves registers"
 *   P11 bytes of PEBS copies            pebs.test.ts, "bytes copied"
 *   P12 the slim copy leaks             pebs.test.ts, "the slim copy leaks", "the secret of the stack"
 *   P13 the record's registers always   pebs.test.ts, "taking the record's registers always"
 *   P14 a dump never blocks             samples.test.ts, "a page that is absent ends it"
 *
 *   1, 2, 3   user mode, interrupt, NMI          samples.test.ts, "which registers"
 *   4         the frame being built              samples.test.ts, "an NMI with the stack pointer"
 *   5, 6, 7   kernel threads, ABIs, segments     samples.test.ts, "which registers"
 *   8, 9, 10  sizes of dumps, absent pages, cuts samples.test.ts, "the dump of the user's stack"
 *   11        a stack without registers          samples.test.ts, "without registers asked for"
 *   12        flags say what is there            samples.test.ts, "what is fetched already"; perfReservations.test.ts
 *   13        chosen copies                      interruptions.test.ts, "task, with softirqs off"
 *   14        a task switch and a mark           samples.test.ts, "one copy a CPU and a task switch"
 *   15        PEBS, each word                    pebs.test.ts, "where each word comes from"
 *   16        call chains                        samples.test.ts, "call chains"
 *   17        two events in one NMI              samples.test.ts, "two events in one NMI"
 *   18        reserved and written               samples.test.ts, "room that is taken and bytes that are written"
 */

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

test("P3: without the copy a nested sample takes half of the stack", () => {
  const nested = (design: PerfDesignName): number => {
    const { bed } = preparePerfCase(fresh(), design, "user");
    return (["task", "irq", "nmi"] as const)
      .map((context) => bed.sampleRegion(context))
      .reduce((bytes, { from, to }) => bytes + (to - from), 0);
  };
  expect(nested("stack")).toBe(3 * 384);
  expect(["array-posted", "merged"].map((design) => nested(design as PerfDesignName))).toEqual([
    nested("stack") / 2,
    nested("stack") / 2,
  ]);
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
