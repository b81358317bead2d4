import { describe, expect, test } from "vitest";
import {
  differenceOf,
  type RemoteDifference,
  type RemoteOutcome,
} from "../../src/scenarios/remoteDifference.ts";
import type { RemoteCounts } from "../../src/index.ts";

const counts: RemoteCounts = {
  bytesFast: 0,
  bytesSlow: 0,
  locks: { mmapRead: 0, mmapWrite: 0, vma: 0, pageTable: 0 },
  targetWalks: { pte: 0, pmd: 0, pud: 0, missed: 0 },
};

function outcome(
  path: RemoteOutcome["path"],
  bytes: readonly number[],
  result = bytes.length,
): RemoteOutcome {
  return { path, access: { result, counts }, bytes: Uint8Array.from(bytes), mistake: "D1" };
}

describe("what differs from the slow path", () => {
  const slow = outcome("slow", [1, 2, 3]);
  test.each<[string, RemoteOutcome, RemoteDifference | null]>([
    ["nothing", outcome("fast-v1", [1, 2, 3]), null],
    ["a byte", outcome("fast-v2", [1, 2, 4]), { what: "bytes", slow: 3, claim: null }],
    [
      "a byte, which is no D1",
      outcome("fast-v1", [9, 2, 3]),
      { what: "bytes", slow: 3, claim: null },
    ],
    ["the result", outcome("fast-v2", [], -5), { what: "result", slow: 3, claim: null }],
    ["bytes lost by D1", outcome("fast-v1", [], -5), { what: "result", slow: 3, claim: "D1" }],
    ["bytes too many", outcome("fast-v1", [1, 2, 3, 4]), { what: "result", slow: 3, claim: null }],
    [
      "a file's bytes shown by D2",
      { ...outcome("fast-v1", [1, 2, 3, 4]), mistake: "D2" },
      { what: "result", slow: 3, claim: "D2" },
    ],
  ])("%s", (_, other, expected) => {
    expect(differenceOf(other, slow)).toEqual(expected);
  });
});
