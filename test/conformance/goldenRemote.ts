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

export const remoteKinds = [
  "basic",
  "big",
  "border",
  "cmdline",
  "cow",
  "growsdown",
  "iov",
  "iovarg",
  "perm",
  "random",
  "self",
  "special",
  "syscall",
] as const;
export type RemoteKind = (typeof remoteKinds)[number];

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
