import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** V8's own profiler on the profile build: the phases of a call are there by name. */

const run = promisify(execFile);
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

interface CpuProfile {
  readonly nodes: readonly {
    readonly callFrame: { readonly functionName: string };
    readonly hitCount: number;
  }[];
}

/** Phase → parts of the names of its functions: what the build keeps apart. */
type Phases = Readonly<Record<string, readonly string[]>>;

let folder = "";
let hits: ReadonlyMap<string, number>;
let phases: Phases;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "faultline-profile-"));
  phases = JSON.parse(await readFile(path("../../assembly/phases.json"), "utf8")) as Phases;
  const script = join(folder, "loop.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../support/profileLoop.ts", import.meta.url))],
    outfile: script,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["source"],
    logLevel: "silent",
  });
  await run(process.execPath, [
    "--cpu-prof",
    "--cpu-prof-interval=500",
    `--cpu-prof-dir=${folder}`,
    script,
    path("../../wasm/profile.wasm"),
  ]);
  const name = (await readdir(folder)).find((file) => file.endsWith(".cpuprofile"))!;
  const profile = JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile;
  const found = new Map<string, number>();
  for (const { callFrame, hitCount } of profile.nodes) {
    found.set(callFrame.functionName, (found.get(callFrame.functionName) ?? 0) + hitCount);
  }
  hits = found;
});

afterAll(() => rm(folder, { recursive: true }));

describe("a CPU profile of the profile build", () => {
  it.each(["range check", "guard", "walk", "copy", "pointer update"])(
    "%s appears by name",
    (phase) => {
      const parts = phases[phase]!;
      const sampled = [...hits].filter(
        ([name, count]) => count > 0 && parts.some((part) => name.includes(part)),
      );
      expect(sampled, [...hits.keys()].join(", ")).not.toEqual([]);
    },
  );

  it("names no function by its number", () => {
    expect([...hits.keys()].filter((name) => name.startsWith("wasm-function["))).toEqual([]);
  });
});
