import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Machine } from "../../machine/machine.ts";
import { CpuThreads, type HostThread } from "../../threads/cpuThreads.ts";
import type { ThreadData } from "../../threads/protocol.ts";
import { programs } from "./programs.ts";

/** The machine's CPUs but the first as threads of this process, which do not keep it from ending. */
export function startThreads(machine: Machine): Promise<CpuThreads> {
  return CpuThreads.start(machine, Object.keys(programs), startThread);
}

async function startThread(workerData: ThreadData): Promise<HostThread> {
  const worker = new Worker(new URL("./cpuWorker.js", import.meta.url), { workerData });
  // whichever comes first: of a thread that an error ends, the error
  const ended = new Promise((resolve) => worker.once("error", resolve).once("exit", resolve));
  await once(worker, "online");
  worker.unref();
  return { ended, end: () => worker.terminate() };
}
