import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Replayer } from "../../src/conformance/replay.ts";
import type { ReplayReport } from "../../src/conformance/report.ts";
import { emulatedSystems, type EmulationOptions } from "../../src/conformance/systems.ts";
import type { Machine } from "../../src/index.ts";

/** The project's copy of the recordings of virtio-snd. */

/** RAM for the journal of a device and the largest recorded rings. */
export const VIRTIO_RAM = "16M";

/** Cases of each kind. */
export const virtioCases = {
  blocking: 18,
  boundary: 10,
  capture: 152,
  control: 148,
  exposure: 62,
  io_status: 58,
  large: 38,
  mixed: 126,
  mmap: 82,
  move: 38,
  params: 118,
  playback: 144,
  probe: 116,
  queue: 104,
  seq: 154,
  stop: 98,
  suspend: 22,
  two_streams: 34,
  wrap: 8,
  xrun: 90,
} as const;
export type VirtioKind = keyof typeof virtioCases;
export const virtioKinds = Object.keys(virtioCases) as VirtioKind[];

const folder = fileURLToPath(new URL("../golden/virtio-snd/", import.meta.url));

/** The lines of one kind's file. */
export function virtioLines(kind: VirtioKind): string[] {
  const text = gunzipSync(readFileSync(`${folder}${kind}.jsonl.gz`)).toString();
  return text.split("\n").filter((line) => line !== "");
}

/** Replays lines on a machine, as of one file. */
export function replayVirtio(
  machine: Machine,
  lines: Iterable<string>,
  options: EmulationOptions = {},
): ReplayReport {
  const replayer = new Replayer(emulatedSystems(machine, options));
  let line = 0;
  for (const text of lines) replayer.replayLine("virtio-snd", ++line, text);
  return replayer.report();
}
