import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Replayer } from "../../src/conformance/replay.ts";
import type { ReplayReport } from "../../src/conformance/report.ts";
import { emulatedSystems, type EmulationOptions } from "../../src/conformance/systems.ts";
import type { Machine } from "../../src/index.ts";

/** The project's copy of the recordings of the futex. */

export const FUTEX_RAM = "16M";

/** Cases of each kind. */
export const futexCases = {
  address: 448,
  bitset: 112,
  contend: 42,
  futex2: 420,
  pimulti: 294,
  pistate: 269,
  process: 139,
  queue: 350,
  requeuepi: 112,
  robust: 239,
  timeout: 334,
  wakeop: 280,
} as const;
export type FutexKind = keyof typeof futexCases;
export const futexKinds = Object.keys(futexCases) as FutexKind[];

const folder = fileURLToPath(new URL("../golden/futex/", import.meta.url));

/** The lines of one kind's file. */
export function futexLines(kind: FutexKind): string[] {
  const text = gunzipSync(readFileSync(`${folder}${kind}.jsonl.gz`)).toString();
  return text.split("\n").filter((line) => line !== "");
}

/** Replays lines on a machine, as of one file. */
export function replayFutex(
  machine: Machine,
  lines: Iterable<string>,
  options: EmulationOptions = {},
): ReplayReport {
  const replayer = new Replayer(emulatedSystems(machine, options));
  let line = 0;
  for (const text of lines) replayer.replayLine("futex", ++line, text);
  return replayer.report();
}
