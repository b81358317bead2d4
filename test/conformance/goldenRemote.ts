import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { Replayer } from "../../src/conformance/replay.ts";
import type { ReplayReport } from "../../src/conformance/report.ts";
import { emulatedSystems, type EmulationOptions } from "../../src/conformance/systems.ts";
import type { Machine } from "../../src/index.ts";

/** The project's copy of the recordings of remote memory access. */

/** RAM for the largest recorded address spaces. */
export const REMOTE_RAM = "64M";

/** Cases of each kind. */
export const remoteCases = {
  basic: 952,
  big: 127,
  border: 910,
  cmdline: 182,
  cow: 245,
  growsdown: 154,
  iov: 420,
  iovarg: 350,
  perm: 95,
  random: 910,
  self: 490,
  special: 392,
  syscall: 371,
} as const;
export type RemoteKind = keyof typeof remoteCases;
export const remoteKinds = Object.keys(remoteCases) as RemoteKind[];

const folder = fileURLToPath(new URL("../golden/remote-vm/", import.meta.url));

/** The lines of one kind's file. */
export function remoteLines(kind: RemoteKind): string[] {
  const text = gunzipSync(readFileSync(`${folder}${kind}.jsonl.gz`)).toString();
  return text.split("\n").filter((line) => line !== "");
}

/** Replays lines on a machine, as of one file. */
export function replayRemote(
  machine: Machine,
  lines: Iterable<string>,
  options: EmulationOptions = {},
): ReplayReport {
  const replayer = new Replayer(emulatedSystems(machine, options));
  let line = 0;
  for (const text of lines) replayer.replayLine("remote-vm", ++line, text);
  return replayer.report();
}
