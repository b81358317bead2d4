import { describe, expect, test } from "vitest";
import { UsageError } from "../../../src/index.ts";
import { preparePerfCase } from "../../../src/scenarios/perfCase.ts";
import {
  perfDesignNames,
  perfDesigns,
  type PerfDesignName,
} from "../../../src/scenarios/perfDesigns.ts";
import { sampleContexts, type SampleContext } from "../../../src/systems/perf/interruption.ts";
import { registers } from "../../../src/systems/perf/names.ts";
import { frameWordNames, type FrameWord } from "../../../src/systems/perf/registers.ts";
import { recordsFrom, studyMachine } from "./bed.ts";

/** Contexts in contexts, and what each kernel trusts of a frame that an NMI finds. */

let machine = await studyMachine();
const fresh = (): typeof machine => (machine = machine.reset());

/** Registers that a sample's record gives as −1. */
function unknownIn(design: PerfDesignName, context: SampleContext): string[] {
  const { bed, event, perf } = preparePerfCase(fresh(), design, "user");
  bed.sample(context, event, perf.task.kernelFrame);
  const [{ words }] = recordsFrom(event.ring!) as [ReturnType<typeof recordsFrom>[number]];
  const first = 6; // behind ip, ids, time, CPU and the ABI
  return registers
    .filter((name) => frameWordNames.includes(name as FrameWord))
    .filter((_, at) => words[first + at] === 2n ** 64n - 1n);
}

const five = ["bx", "r12", "r13", "r14", "r15"];
const six = ["bx", "bp", "r12", "r13", "r14", "r15"];

describe("registers that read -1", () => {
  test.each(perfDesignNames)("%s, in an NMI: bp too until 4.6, not later", (design) => {
    const isLater = (["merged", "today"] as readonly string[]).includes(design);
    expect(unknownIn(design, "nmi")).toEqual(isLater ? five : six);
  });

  test("the copy in the sample is filled so in every context of the kernel", () => {
    for (const context of sampleContexts) expect(unknownIn("stack", context)).toEqual(six);
  });

  test("the frame itself, and the one copy of an interrupt, hold all of them", () => {
    for (const design of ["merged", "today", "single"] as const) {
      expect(unknownIn(design, "irq")).toEqual([]);
    }
  });

  test("which kernel a design is of says which", () => {
    for (const { era, saving } of perfDesigns) {
      expect(saving).toBe(era.startsWith("v4.6") ? "SAVED_WITHOUT_BP" : "SAVED_WITH_BP");
    }
  });
});

describe("an interruption by a context that cannot come", () => {
  const interrupted = (
    outer: SampleContext,
    ...planned: (readonly [context: SampleContext, at: number])[]
  ): unknown => {
    const { bed, event, perf } = preparePerfCase(fresh(), "array-ordered", "user");
    const regs = perf.task.kernelFrame;
    bed.plan(planned.map(([context, at]) => ({ at, context, event, regs })));
    try {
      bed.sample(outer, event, regs);
      return Number(event.ring!.head) / recordsFrom(event.ring!)[0]!.size;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      bed.sample(outer, event, regs); // the bed works on, and nothing is planned any more
      return error.message;
    }
  };

  test("task, softirq, interrupt, NMI, each inside of the one before: four samples", () => {
    expect(interrupted("task", ["softirq", 1], ["irq", 2], ["nmi", 3])).toBe(4);
  });

  test("one of the same level, once the first has ended: again four", () => {
    expect(interrupted("task", ["irq", 1], ["nmi", 2], ["irq", 60])).toBe(4);
  });

  test.each<[SampleContext, (readonly [SampleContext, number])[], string]>([
    [
      "irq",
      [["irq", 4]],
      "interruptions[0].context is irq, at point 4, where irq is running; valid: nmi",
    ],
    [
      "irq",
      [["softirq", 0]],
      "interruptions[0].context is softirq, at point 0, where irq is running; valid: nmi",
    ],
    [
      "softirq",
      [
        ["irq", 2],
        ["irq", 5],
      ],
      "interruptions[1].context is irq, at point 5, where irq is running; valid: nmi",
    ],
    [
      "task",
      [["task", 1]],
      "interruptions[0].context is task, at point 1, where task is running; valid: softirq, irq, nmi",
    ],
    [
      "nmi",
      [["nmi", 1]],
      "interruptions[0].context is nmi, at point 1, where nmi is running; valid: none there: nothing interrupts an NMI",
    ],
  ])("in %s %j: refused, by the level's name", (outer, planned, message) => {
    expect(interrupted(outer, ...planned)).toBe(message);
  });
});
