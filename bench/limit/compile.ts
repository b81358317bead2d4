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
  readonly copyToRing: (
    ring: number,
    size: number,
    from: number,
    length: number,
    n: number,
  ) => number;
}

/** What bench/limit/exchange.ts exports. */
export interface ExchangeExports {
  readonly attempts: (word: number, n: number) => number;
  readonly pingPong: (word: number, mine: number, theirs: number, n: number) => number;
}

/** Compiles a file of this folder (in a process of its own, to keep the compiler's heap out of this one). */
function compile(file: string, more: readonly string[]): Uint8Array<ArrayBuffer> {
  const root = projectRoot();
  const folder = mkdtempSync(join(tmpdir(), "faultline-limit-"));
  const out = join(folder, "limit.wasm");
  const asc = createRequire(join(root, "package.json")).resolve("assemblyscript/bin/asc.js");
  // From here the compiler does not see the core's asconfig.json, whose entries it would add.
  const cwd = join(root, "bench");
  const options = ["-O3", "--noAssert", "--runtime", "stub", ...more];
  execFileSync(process.execPath, [asc, join("limit", file), ...options, "-o", out], { cwd });
  const wasm = new Uint8Array(readFileSync(out));
  rmSync(folder, { recursive: true });
  return wasm;
}

/** Compiles and starts the limit with a memory of `memoryBytes` (whole 64 KiB pages). */
export async function loadLimit(memoryBytes: number): Promise<LimitExports> {
  const wasm = compile("limit.ts", ["--enable", "simd", "--initialMemory", `${memoryBytes >> 16}`]);
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(wasm), {});
  return instance.exports as unknown as LimitExports;
}

/** Compiles the limit of W4, which threads share: its module and one page of memory. */
export async function compileExchange(): Promise<{
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}> {
  const shared = ["--enable", "threads", "--sharedMemory", "--importMemory"];
  const pages = ["--initialMemory", "1", "--maximumMemory", "1"];
  const module = await WebAssembly.compile(compile("exchange.ts", [...shared, ...pages]));
  return { module, memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }) };
}

/** An instance of it on a thread. */
export function exchangeOn(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): ExchangeExports {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  return instance.exports as unknown as ExchangeExports;
}
