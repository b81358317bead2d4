import { test } from "vitest";
import { expectNoticed, type BrokenRule } from "../brokenRules.ts";
import { perfRecordings, type PerfKind } from "./recordings.ts";

/** One rule of the core broken at a time: recorded cases fail, in the field where it shows. */

const brokenRules: readonly BrokenRule<PerfKind>[] = [
  {
    rule: "in an NMI registers that the entry code may not have saved yet read as −1",
    mutation: {
      file: "perf/copyRegs.ts",
      find: 'fillWord(cpu, at + offsetof<PtRegs>("bx"), NOT_SAVED)',
      replace: 'fillWord(cpu, at + offsetof<PtRegs>("bx"), 0)',
    },
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
      find: "return free & (ring.bytes - 1);",
      replace: "return (free & (ring.bytes - 1)) + 1;",
    },
    kind: "ring",
    field: /^(records|head)/,
  },
];

test.each(brokenRules)("$rule", (rule) => expectNoticed(perfRecordings, rule));
