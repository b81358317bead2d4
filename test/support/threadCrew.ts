import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { Machine, Task } from "../../src/index.ts";
import { END, PATIENCE_MS, control, type Job, type WorkerData } from "./threadProtocol.ts";

/** How far a worker has come in a round. */
export interface WorkerState {
  readonly calls: number;
  readonly lastGood: number;
  readonly result: number;
}

let script: Promise<string> | undefined;

/** The worker's program with everything it needs: a thread runs no TypeScript. */
function workerScript(): Promise<string> {
  script ??= build({
    entryPoints: [fileURLToPath(new URL("threadWorker.ts", import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    logLevel: "silent",
  }).then(({ outputFiles }) => outputFiles[0]!.text);
  return script;
}

/** Emulated CPUs on real threads, each with a job; CPU 0 stays with the thread that made them. */
export class Crew {
  readonly #words: Int32Array;
  readonly #workers: readonly Worker[];
  #round = 0;

  private constructor(words: Int32Array, workers: readonly Worker[]) {
    this.#words = words;
    this.#workers = workers;
  }

  static async start(machine: Machine, jobs: readonly { task: Task; job: Job }[]): Promise<Crew> {
    const bytes = 4 * (control.workers + jobs.length * control.words);
    const shared = new SharedArrayBuffer(bytes);
    const { module, memory } = machine.core;
    const code = await workerScript();
    const workers = jobs.map(({ task, job }, index) => {
      const data: WorkerData = {
        module,
        memory,
        shape: machine.shape,
        control: shared,
        index,
        cpu: task.cpu,
        task: task.handle,
        job,
      };
      return new Worker(code, { eval: true, workerData: data });
    });
    await Promise.all(
      workers.map((worker) => new Promise((ready) => worker.once("online", ready))),
    );
    return new Crew(new Int32Array(shared), workers);
  }

  #at(worker: number, word: number): number {
    return control.workers + worker * control.words + word;
  }

  /** Lets every worker do its job once more. */
  begin(): void {
    this.#round++;
    for (const worker of this.#workers.keys()) {
      Atomics.store(this.#words, this.#at(worker, control.calls), 0);
    }
    Atomics.store(this.#words, control.round, this.#round);
    Atomics.notify(this.#words, control.round);
  }

  /** Waits until each worker has made some calls in this round, or is through with it. */
  awaitCalls(least: number): void {
    this.#await(control.calls, (calls, worker) => calls >= least || this.isDone(worker));
  }

  /** Waits until every worker has ended the round. */
  awaitEnd(): void {
    this.#await(control.done, (round) => round === this.#round);
  }

  isDone(worker: number): boolean {
    return Atomics.load(this.#words, this.#at(worker, control.done)) === this.#round;
  }

  #await(word: number, reached: (value: number, worker: number) => boolean): void {
    const deadline = performance.now() + PATIENCE_MS;
    for (const worker of this.#workers.keys()) {
      for (;;) {
        const value = Atomics.load(this.#words, this.#at(worker, word));
        if (reached(value, worker)) break;
        if (performance.now() > deadline) {
          throw new Error(`worker ${worker} does not come to the end of its round`);
        }
        Atomics.wait(this.#words, this.#at(worker, word), value, 1);
      }
    }
  }

  state(worker: number): WorkerState {
    const word = (name: "calls" | "lastGood" | "result"): number =>
      Atomics.load(this.#words, this.#at(worker, control[name]));
    return { calls: word("calls"), lastGood: word("lastGood"), result: word("result") };
  }

  async stop(): Promise<void> {
    Atomics.store(this.#words, control.round, END);
    Atomics.notify(this.#words, control.round);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
