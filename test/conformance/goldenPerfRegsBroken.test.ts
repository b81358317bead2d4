import { expect, test } from "vitest";
import { Machine } from "../../src/index.ts";
import { mutantCore, type Mutation } from "../support/mutant.ts";
import { PERF_RAM, perfLines, replayPerf, type PerfKind } from "./goldenPerfRegs.ts";

/** One rule of the core broken at a time: recorded cases fail, in the field where it shows. */

interface BrokenRule {
  readonly rule: string;
  readonly mutation: Mutation;
  readonly kind: PerfKind;
  /** How the name of what differs in some case begins. */
  readonly field: RegExp;
}

const brokenRules: readonly BrokenRule[] = [
  {
    rule: "in an NMI registers that the entry code may not have saved yet read as −1",
    mutation: { file: "perf/userRegs.ts", find: "copy.bx = NOT_SAVED", replace: "copy.bx = frame.bx" }, // prettier-ignore
    kind: "break",
    field: /^records/,
  },
  {
    rule: "a stack dump that fills a record rounds up",
    mutation: {
      file: "perf/userStack.ts",
      find: "(MOST_BYTES - before - 8 + 7) & ~7",
      replace: "(MOST_BYTES - before - 8) & ~7",
    },
    kind: "limit",
    field: /^(records|head)/,
  },
  {
    rule: "one byte of a ring always stays free",
    mutation: {
      file: "perf/ring.ts",
      find: "(free & (ring.bytes - 1)) >= bytes",
      replace: "(free & (ring.bytes - 1)) + 1 >= bytes",
    },
    kind: "ring",
    field: /^(records|head)/,
  },
];

test.each(brokenRules)("$rule", async ({ mutation, kind, field }) => {
  const wasm = await mutantCore("release", [mutation]);
  const machine = await Machine.create({ memory: PERF_RAM, kernel: "6.18", wasm });
  const { failures } = replayPerf(machine, perfLines(kind));
  expect(failures.map((failure) => failure.field)).toContainEqual(expect.stringMatching(field));
});
