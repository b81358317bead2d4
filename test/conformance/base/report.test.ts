import { expect, test } from "vitest";
import { Mismatch } from "../../../src/conformance/base/compare.ts";
import { Checker } from "../../../src/conformance/base/checker.ts";
import { ReplayTally, type Failure } from "../../../src/conformance/base/report.ts";

const failure: Failure = {
  file: "a.jsonl",
  line: 2,
  id: "b-1",
  step: 4,
  op: "START",
  field: "ret",
  expected: "0",
  actual: "-77",
};

test("counts by case, kind, operation and field", () => {
  const tally = new ReplayTally();
  tally.countCase("b", 10, failure);
  tally.countCase("a", 3, null);
  tally.countCase("b", 5, null);
  tally.countOperation("START", "failed");
  tally.countOperation("START", "passed");
  tally.countField("ret", "passed");
  tally.countTries(3);
  tally.countDivergence({ file: "a.jsonl", line: 7, id: "case-7", step: 2, claim: "D1" });
  tally.countRemoteBytes({ fast: 8, slow: 0 });
  tally.countRemoteBytes({ fast: 4, slow: 5 });
  expect(tally.report()).toEqual({
    schemaVersion: 1,
    cases: 3,
    steps: 18,
    passed: 2,
    failed: 1,
    failures: [failure],
    kinds: {
      a: { cases: 1, steps: 3, passed: 1, failed: 0 },
      b: { cases: 2, steps: 15, passed: 1, failed: 1 },
    },
    operations: { START: { passed: 1, failed: 1 } },
    fields: { ret: { passed: 1, failed: 0 } },
    diverged: [{ file: "a.jsonl", line: 7, id: "case-7", step: 2, claim: "D1" }],
    remoteBytes: { fast: 12, slow: 5 },
    positionTries: { steps: 1, tries: 3 },
  });
});

test("a report is a copy: counting on does not change it", () => {
  const tally = new ReplayTally();
  tally.countOperation("START", "passed");
  const report = tally.report();
  tally.countOperation("START", "passed");
  expect(report.operations["START"]).toEqual({ passed: 1, failed: 0 });
});

test("a checker counts the fields of a step once it is decided", () => {
  const tally = new ReplayTally();
  const checker = new Checker(tally);
  checker.begin();
  checker.number("ret", 0, 0);
  checker.begin();
  checker.number("ret", 0, 0);
  expect(() => checker.text("drv", "ack", "")).toThrow(Mismatch);
  checker.commit("drv");
  expect(tally.report().fields).toEqual({
    drv: { passed: 0, failed: 1 },
    ret: { passed: 1, failed: 0 },
  });
});
