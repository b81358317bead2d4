import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "../root.ts";

/** What bench/limit/limit.ts exports. Addresses are linear, `n` says how often. */
export interface LimitExports {
  readonly memory: WebAssembly.Memory;
  readonly storeNine: (user: number, n: number) => number;
  readonly moveNine: (user: number, source: number, n: number) => number;
  readonly bounceNine: (user: number, bounce: number, n: number) => number;
  readonly copyBytes: (to: number, from: number, size: number, n: number) => number;
  readonly readPages: (table: number, pageMask: number, seed: number, n: number) => number;
}

/** Compiles the limit (in a process of its own, to keep the compiler's heap out of this one). */
function compileLimit(memoryPages: number): Buffer {
  const root = projectRoot();
  const folder = mkdtempSync(join(tmpdir(), "faultline-limit-"));
  const out = join(folder, "limit.wasm");
  const asc = createRequire(join(root, "package.json")).resolve("assemblyscript/bin/asc.js");
  // From here the compiler does not see the core's asconfig.json, whose entries it would add.
  const cwd = join(root, "bench");
  const source = join("limit", "limit.ts");
  const options = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd"];
  const memory = ["--initialMemory", String(memoryPages)];
  execFileSync(process.execPath, [asc, source, ...options, ...memory, "-o", out], { cwd });
  const wasm = readFileSync(out);
  rmSync(folder, { recursive: true });
  return wasm;
}

/** Compiles and starts the limit with a memory of `memoryBytes` (whole 64 KiB pages). */
export async function loadLimit(memoryBytes: number): Promise<LimitExports> {
  const wasm = compileLimit(memoryBytes >> 16);
  const instance = await WebAssembly.instantiate(
    await WebAssembly.compile(new Uint8Array(wasm)),
    {},
  );
  return instance.exports as unknown as LimitExports;
}
