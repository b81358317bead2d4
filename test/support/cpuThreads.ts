import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker, type Transferable } from "node:worker_threads";
import { build } from "esbuild";
import { onTestFinished } from "vitest";
import { programs } from "../../src/cli/threads/programs.ts";
import { churnPrograms } from "./churnNames.ts";
import type { Machine } from "../../src/index.ts";
import { CpuThreads, type StartThread } from "../../src/threads/cpuThreads.ts";

const scripts = new Map<string, Promise<string>>();

/** A worker's program with everything it needs: a thread runs no TypeScript. */
function workerScript({ href }: URL): Promise<string> {
  let script = scripts.get(href);
  if (script === undefined) scripts.set(href, (script = bundled(href)));
  return script;
}

async function bundled(href: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(href)],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    logLevel: "silent",
    // where the cores lie, which a thread that is handed one need not know
    define: { "import.meta.url": '"file:///"' },
  });
  return outputFiles[0]!.text;
}

/** Starts one thread, which ends with the test. */
async function startWorker(
  entry: URL,
  ...[workerData, ports]: Parameters<StartThread>
): ReturnType<StartThread> {
  const transferList = ports as readonly unknown[] as Transferable[];
  const worker = new Worker(await workerScript(entry), { eval: true, workerData, transferList });
  onTestFinished(async () => void (await worker.terminate()));
  // whichever comes first: of a thread that an error ends, the error
  const ended = new Promise((resolve) => worker.once("error", resolve).once("exit", resolve));
  await once(worker, "online");
  return { ended, end: () => worker.terminate() };
}

const COMMAND = new URL("../../src/cli/threads/cpuWorker.ts", import.meta.url);
const CHURN = new URL("churn.ts", import.meta.url);
export const startThread: StartThread = (data, ports) => startWorker(COMMAND, data, ports);

/** All CPUs of a machine but the first as threads, as the command starts them. */
export function startThreads(machine: Machine): Promise<CpuThreads> {
  return CpuThreads.start(machine, Object.keys(programs), startThread);
}

/** The same, of which none knows a program: one that is told to run one throws. */
export function startIgnorantThreads(machine: Machine): Promise<CpuThreads> {
  const programNames = Object.keys(programs);
  return CpuThreads.start(machine, programNames, (data, ports) =>
    startThread("watched" in data ? data : { ...data, programs: [] }, ports),
  );
}

/** Threads that know the programs of churn.ts too. */
export function startChurners(machine: Machine): Promise<CpuThreads> {
  const names = [...Object.keys(programs), ...churnPrograms];
  return CpuThreads.start(machine, names, (data, ports) => startWorker(CHURN, data, ports));
}
