import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Replayer } from "../../src/conformance/replay.ts";
import type { ReplayReport } from "../../src/conformance/report.ts";
import { emulatedSystems, type EmulationOptions } from "../../src/conformance/systems.ts";
import type { Machine } from "../../src/index.ts";

/** The project's copy of the recordings of performance events. */

/** RAM for the largest recorded rings and address spaces. */
export const PERF_RAM = "16M";

/** Cases of each kind. */
export const perfCases = {
  break: 90,
  chain: 92,
  control: 63,
  elf32: 49,
  fields: 294,
  limit: 77,
  multi: 63,
  open: 659,
  raw: 112,
  regs: 265,
  ring: 204,
  side: 120,
  stack: 245,
  task: 31,
  wrapped: 8,
} as const;
export type PerfKind = keyof typeof perfCases;
export const perfKinds = Object.keys(perfCases) as PerfKind[];

const folder = fileURLToPath(new URL("../golden/perf-regs/", import.meta.url));

/** The lines of one kind's file. */
export function perfLines(kind: PerfKind): string[] {
  const text = gunzipSync(readFileSync(`${folder}${kind}.jsonl.gz`)).toString();
  return text.split("\n").filter((line) => line !== "");
}

/** Replays lines on a machine, as of one file. */
export function replayPerf(
  machine: Machine,
  lines: Iterable<string>,
  options: EmulationOptions = {},
): ReplayReport {
  const replayer = new Replayer(emulatedSystems(machine, options));
  let line = 0;
  for (const text of lines) replayer.replayLine("perf-regs", ++line, text);
  return replayer.report();
}
