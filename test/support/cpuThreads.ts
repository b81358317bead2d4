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
  // whichever comes first: of a thread that an error ends, the error
  const ended = new Promise((resolve) => worker.once("error", resolve).once("exit", resolve));
  await once(worker, "online");
  return { ended, end: () => worker.terminate() };
}

/** All CPUs of a machine but the first as threads, as the command starts them. */
export function startThreads(machine: Machine): Promise<CpuThreads> {
  return CpuThreads.start(machine, Object.keys(programs), startThread);
}

/** The same, of which none knows a program: one that is told to run one throws. */
export function startIgnorantThreads(machine: Machine): Promise<CpuThreads> {
  const programNames = Object.keys(programs);
  return CpuThreads.start(machine, programNames, (data) => startThread({ ...data, programs: [] }));
}
