import { describe, expect, test } from "vitest";
import { coreConstants } from "../../../src/core/generated/coreConstants.ts";
import {
  interruptiblePairs,
  sweepEntry,
  sweepPoints,
  type PerfSweep,
} from "../../../src/scenarios/perfSweep.ts";
import type { PerfDesignName } from "../../../src/scenarios/perfDesigns.ts";
import { perfHitNames, preparePerfCase, type PerfHit } from "../../../src/scenarios/perfCase.ts";
import { sampleContexts, type SampleContext } from "../../../src/systems/perf/interruption.ts";
import { pushOrder } from "../../../src/systems/perf/registers.ts";
import { studyMachine } from "./bed.ts";

/** Every point of a copy interrupted by every context that may: claims P7 to P10 of the discussion. */

let machine = await studyMachine();
const WORDS = coreConstants.PT_REGS_BYTES / 8;

function sweep(design: PerfDesignName, outer: PerfHit, inner: SampleContext): PerfSweep {
  machine = machine.reset();
  return sweepPoints(machine, design, outer, inner);
}

const pairs = interruptiblePairs(perfHitNames.filter((name) => name !== "user"));

test("a context is interrupted by higher ones alone", () => {
  expect(pairs.map(({ outer, inner }) => `${outer} ${inner}`)).toEqual([
    "task softirq",
    "task irq",
    "task nmi",
    "softirq irq",
    "softirq nmi",
    "irq nmi",
  ]);
});

describe.each(pairs)("$inner in $outer", ({ outer, inner }) => {
  test.each<[PerfDesignName, number]>([
    ["stack", WORDS + 1],
    ["lazy-flag", WORDS + 1],
    ["lazy-sentinel", WORDS + 1],
    ["array-posted", WORDS + 1],
    ["array-ordered", WORDS + 1],
    ["pile", WORDS + 1],
    ["single", WORDS + 1],
    ["single-mark-last", WORDS + 2],
    ["single-mark-named", WORDS + 2],
    ["merged", 1],
    ["today", 1],
  ])("%s: none of its %i points gives wrong registers", (design, points) => {
    const { outcomes, torn, stale } = sweep(design, outer, inner);
    expect(outcomes).toHaveLength(points);
    expect({ torn, stale }).toEqual({ torn: 0, stale: 0 });
  });

  test("marked before it is filled, the copy is taken as it stands", () => {
    const { outcomes, torn, stale } = sweep("single-mark-first", outer, inner);
    expect(outcomes).toEqual([
      "right", // before the mark: the inner sample fills the copy itself
      "stale", // marked, nothing filled
      ...Array.from({ length: WORDS - 1 }, () => "torn"),
      "right",
    ]);
    expect({ torn, stale, points: outcomes.length }).toEqual({ torn: 20, stale: 1, points: 23 });
  });
});

test("registers that an NMI cannot trust stay unknown where interrupts store the real ones", () => {
  expect(sweep("merged", "irq", "nmi").unknown).toBe(5);
  expect(sweep("single", "softirq", "irq").unknown).toBe(0);
  expect(sweep("single", "irq", "nmi").unknown).toBe(12);
  expect(sweep("stack", "irq", "nmi").unknown).toBe(12);
});

describe("copies by context", () => {
  const collisionsOf = (design: PerfDesignName): string[] =>
    pairs
      .filter(({ outer, inner }) => sweep(design, outer, inner).collisions > 0)
      .map(({ outer, inner }) => `${inner} in ${outer}`);

  test("as posted, a hard interrupt in a softirq uses the softirq's", () => {
    expect(collisionsOf("array-posted")).toEqual(["irq in softirq"]);
  });

  test("in the right order, and from a pile, none is used twice", () => {
    for (const design of ["array-ordered", "array-padded", "pile", "merged", "today"] as const) {
      expect(collisionsOf(design)).toEqual([]);
    }
  });

  const chosenBy = (design: PerfDesignName): (number | null)[] => {
    machine = machine.reset();
    const { bed, event, perf } = preparePerfCase(machine, design, "user");
    const sampled = (context: SampleContext, bottomHalvesOff: boolean): number | null => {
      bed.bottomHalvesOff = bottomHalvesOff;
      bed.sample(context, event, perf.task.kernelFrame);
      return bed.chosen(context);
    };
    const inner = (): number | null => {
      bed.plan([{ at: 3, context: "irq", event, regs: perf.task.kernelFrame }]);
      bed.sample("softirq", event, perf.task.kernelFrame);
      return bed.chosen("irq");
    };
    return [
      sampled("task", false),
      sampled("task", true),
      sampled("softirq", false),
      sampled("irq", false),
      inner(),
      sampled("nmi", false),
    ];
  };

  test("task, with softirqs off, softirq, interrupt, interrupt in a softirq, NMI", () => {
    expect(chosenBy("array-posted")).toEqual([3, 1, 1, 1, 1, 0]);
    expect(chosenBy("array-ordered")).toEqual([3, 3, 2, 1, 1, 0]);
  });

  test("four levels nested: each design's copies in use", () => {
    const nested = (design: PerfDesignName): (number | null)[] => {
      machine = machine.reset();
      const { bed, event, perf } = preparePerfCase(machine, design, "user");
      const regs = perf.task.kernelFrame;
      bed.plan(
        sampleContexts.slice(1).map((context, at) => ({ at: at + 1, context, event, regs })),
      );
      bed.sample("task", event, regs);
      return [...sampleContexts.map((context) => bed.chosen(context)), bed.collisions];
    };
    expect(nested("array-ordered")).toEqual([3, 2, 1, 0, 0]);
    expect(nested("array-posted")).toEqual([3, 1, 1, 0, 1]);
    expect(nested("pile")).toEqual([0, 1, 2, 3, 0]);
    expect(nested("stack")).toEqual([null, null, null, null, 0]);
  });
});

describe("an NMI while the entry code saves registers", () => {
  const entry = (design: PerfDesignName, nmi: "direct" | "in-interrupt"): string[] => {
    machine = machine.reset();
    return sweepEntry(machine, design, nmi);
  };
  const r11 = pushOrder.indexOf("r11");
  const bp = pushOrder.indexOf("bp");

  test.each<PerfDesignName>(["merged", "today"])(
    "%s: no registers up to r11; then a copy, in which bp is not yet the program's",
    (design) => {
      expect(entry(design, "direct")).toEqual([
        ...Array.from({ length: r11 + 1 }, () => "none"),
        ...Array.from({ length: bp - r11 }, () => "torn"),
        ...Array.from({ length: pushOrder.length - bp }, () => "right"),
      ]);
    },
  );

  test("inside of an interrupt the kernel does not notice", () => {
    const outcomes = entry("merged", "in-interrupt");
    expect(outcomes.indexOf("right")).toBe(bp + 1);
    expect(outcomes).not.toContain("none");
  });

  test("designs that always copy do not look", () => {
    expect(entry("stack", "direct")).not.toContain("none");
  });
});

test("the structures' offsets are those of the order in which they are pushed", () => {
  const { perf } = preparePerfCase(machine.reset(), "stack", "plain");
  pushOrder.forEach((name, at) => perf.task.frame.set(name, BigInt(at)));
  const { address } = perf.task.frame;
  const words = pushOrder.map((_, at) =>
    perf.machine.wideAt(address + coreConstants.PT_REGS_BYTES - 8 * (at + 1)),
  );
  expect(words).toEqual(pushOrder.map((_, at) => BigInt(at)));
});
