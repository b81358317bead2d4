import { once } from "node:events";
import { Worker, type Transferable } from "node:worker_threads";
import type { Machine } from "../../machine/machine.ts";
import { CpuThreads, type StartThread } from "../../threads/cpuThreads.ts";
import { programs } from "./programs.ts";

const startThread: StartThread = async (workerData, ports) => {
  const script = new URL("./cpuWorker.js", import.meta.url);
  const worker = new Worker(script, {
    workerData,
    transferList: ports as readonly unknown[] as Transferable[],
  });
  // whichever comes first: of a thread that an error ends, the error
  const ended = new Promise((resolve) => worker.once("error", resolve).once("exit", resolve));
  await once(worker, "online");
  worker.unref();
  return { ended, end: () => worker.terminate() };
};

/** The machine's CPUs but the first as threads of this process, which do not keep it from ending. */
export function startThreads(machine: Machine): Promise<CpuThreads> {
  return CpuThreads.start(machine, Object.keys(programs), startThread);
}
