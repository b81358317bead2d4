import { describe, expect, it } from "vitest";
import { threadsOf } from "../../../src/conformance/futex/threads.ts";
import { parseFutexCase } from "../../../src/conformance/futex/trace.ts";
import { parseJsonLine } from "../../../src/conformance/base/trace.ts";
import { startThreads } from "../../support/cpuThreads.ts";
import { futexRecordings, type FutexKind } from "./recordings.ts";

/** Recordings about many threads at once, each of them a real thread. */

const kinds: readonly FutexKind[] = ["contend", "queue"];

async function replayOnThreads(lines: readonly string[], count: number) {
  const machine = await futexRecordings.createMachine({ build: "threads", cpus: 1 + count });
  const threads = await startThreads(machine);
  const report = futexRecordings.replay(machine, lines, { threads });
  return { report, threads: threads.threads };
}

function mostThreads(lines: readonly string[]): number {
  return Math.max(...lines.map((line) => threadsOf(parseFutexCase(parseJsonLine(line)))));
}

describe.each(kinds)("%s", (kind) => {
  it("gives the recorded results, whoever runs when", async () => {
    const lines = futexRecordings.lines(kind);
    const { report, threads } = await replayOnThreads(lines, mostThreads(lines));
    expect(report.failures).toEqual([]);
    expect(report.passed).toBe(lines.length);
    for (const { published, state } of threads) {
      expect(published).toBeGreaterThan(0);
      expect(state).toBe("idle");
    }
  });
});

it("a case with more tasks than there are threads is named, and the next one is replayed", async () => {
  const lines = futexRecordings.lines("contend");
  const needs = (least: number) => lines.find((line) => mostThreads([line]) >= least)!;
  const { report } = await replayOnThreads([needs(9), needs(3)], 3);
  expect(report).toMatchObject({ passed: 1, failed: 1 });
  expect(report.failures[0]!.actual).toBe("not implemented: more than 3 threads at once");
});
