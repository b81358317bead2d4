import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { onTestFinished } from "vitest";
import { programs } from "../../src/cli/threads/programs.ts";
import type { Machine } from "../../src/index.ts";
import { CpuThreads, type HostThread } from "../../src/threads/cpuThreads.ts";
import type { ThreadData } from "../../src/threads/protocol.ts";

const entry = fileURLToPath(new URL("../../src/cli/threads/cpuWorker.ts", import.meta.url));
let script: Promise<string> | undefined;

/** The command's worker with everything it needs: a thread runs no TypeScript. */
function workerScript(): Promise<string> {
  script ??= build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    logLevel: "silent",
    // where the cores lie, which a thread that is handed one need not know
    define: { "import.meta.url": '"file:///"' },
  }).then(({ outputFiles }) => outputFiles[0]!.text);
  return script;
}

/** Starts one thread, which ends with the test. */
async function startThread(workerData: ThreadData): Promise<HostThread> {
  const worker = new Worker(await workerScript(), { eval: true, workerData });
  onTestFinished(async () => void (await worker.terminate()));
  const ended = once(worker, "exit");
  await once(worker, "online");
  return { ended, end: () => worker.terminate() };
}

/** All CPUs of a machine but the first as threads, as the command starts them. */
export function startThreads(machine: Machine): Promise<CpuThreads> {
  return CpuThreads.start(machine, Object.keys(programs), startThread);
}
