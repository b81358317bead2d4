import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Replayer } from "../../src/conformance/replay.ts";
import type { ReplayReport } from "../../src/conformance/report.ts";
import { emulatedSystems, type EmulationOptions } from "../../src/conformance/systems.ts";
import type { Machine } from "../../src/index.ts";

/** The project's copy of the recordings of PCM. */

/** Cases of each kind. */
export const goldenCases = {
  blocking: 41,
  disconnect: 2,
  drv_seq: 189,
  drv_state: 101,
  hw_params: 210,
  link: 42,
  loopback: 32,
  misc: 63,
  mixed_entry: 105,
  mmap: 84,
  rw_data: 168,
  rw_fault: 336,
  seq: 819,
  seq_wrap: 252,
  status: 168,
  sw_params: 126,
  sync_ptr: 336,
  sync_ptr_fault: 488,
  sync_ptr_wrap: 51,
} as const;

export type GoldenKind = keyof typeof goldenCases;

export const goldenKinds = Object.keys(goldenCases) as GoldenKind[];

/** RAM for the largest recorded ring, its index and the user pages. */
export const REPLAY_RAM = "16M";
/** What the recordings were made on. */
export const RECORDED_KERNEL = "6.12";

const folder = fileURLToPath(new URL("../golden/pcm/", import.meta.url));

/** The lines of one kind's file. */
export function goldenLines(kind: GoldenKind): string[] {
  const text = gunzipSync(readFileSync(`${folder}${kind}.jsonl.gz`)).toString();
  return text.split("\n").filter((line) => line !== "");
}

/** Replays lines on a machine; the file named in failures is the kind. */
export function replayLines(
  machine: Machine,
  lines: Iterable<readonly [kind: string, text: string]>,
  options: EmulationOptions = {},
): ReplayReport {
  const replayer = new Replayer(emulatedSystems(machine, options));
  let line = 0;
  for (const [kind, text] of lines) replayer.replayLine(kind, ++line, text);
  return replayer.report();
}

/** Every line of some kinds. */
export function* linesOf(kinds: readonly GoldenKind[]): Generator<readonly [string, string]> {
  for (const kind of kinds) for (const line of goldenLines(kind)) yield [kind, line];
}
