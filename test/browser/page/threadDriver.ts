/** A worker that drives a machine whose CPUs are workers of its own; one of them is ended behind its back. */

import { Machine } from "../../../src/index.ts";
import { CpuThreads, type StartThread } from "../../../src/threads/cpuThreads.ts";
import { threadPath } from "./threadNames.ts";

const LOOK_MS = 5;

/** The watching thread's first, then the CPUs'. */
const workers: Worker[] = [];

const startThread: StartThread = async (data, ports) => {
  const worker = new Worker(threadPath, { type: "module" });
  workers.push(worker);
  await new Promise((ready) => worker.addEventListener("message", ready, { once: true }));
  worker.postMessage(data, [...ports]);
  return {
    ended: new Promise(() => undefined),
    end: async () => worker.terminate(),
  };
};

/** What is said of a thread that was ended unasked, once that is noticed. */
async function noticed(wasm: string): Promise<string> {
  const machine = await Machine.create({ build: "threads", memory: "2M", cpus: 3, wasm });
  const crew = await CpuThreads.start(machine, [], startThread);
  const [dying] = crew.threads;
  dying!.seat(machine.createTask({ cpu: null }));
  workers[1]!.terminate();
  while (!dying!.hasEnded) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  try {
    dying!.checkAlive();
    return "alive";
  } catch (error) {
    return String(error);
  }
}

self.addEventListener("message", ({ data }: MessageEvent<string>) => {
  void noticed(data).then(
    (answer) => self.postMessage(answer),
    (error: unknown) => self.postMessage(String(error)),
  );
});
