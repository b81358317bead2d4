import { once } from "node:events";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { projectRoot } from "../root.ts";
import {
  CONTROL_BYTES,
  DONE,
  NANOSECONDS_AT,
  RESULTS_AT,
  ROUND,
  TIMES,
  type Arena,
  type Contest,
  type WorkerData,
} from "./protocol.ts";

const WORKERS = [0, 1] as const;
/** Two threads that have not met by then never will. */
const PATIENCE_MS = 60_000;
let script: Promise<string> | undefined;

/** The workers' program with everything it needs: a thread runs no TypeScript. */
function workerScript(): Promise<string> {
  script ??= build({
    entryPoints: [join(projectRoot(), "bench", "contend", "worker.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    conditions: ["source"],
    logLevel: "silent",
  }).then(({ outputFiles }) => outputFiles[0]!.text);
  return script;
}

/** What a round came to. */
export interface Round {
  /** The mean of both threads' own times. */
  readonly ns: number;
  /** What each thread's loop returned. */
  readonly results: readonly number[];
}

/** Two threads that meet on one word. */
export class Pair {
  readonly #words: Int32Array;
  readonly #nanoseconds: Float64Array;
  readonly #results: Float64Array;
  readonly #workers: readonly Worker[];
  #round = 0;

  private constructor(control: SharedArrayBuffer, workers: readonly Worker[]) {
    this.#words = new Int32Array(control);
    this.#nanoseconds = new Float64Array(control, NANOSECONDS_AT, WORKERS.length);
    this.#results = new Float64Array(control, RESULTS_AT, WORKERS.length);
    this.#workers = workers;
  }

  static async start(contest: Contest, arena: Arena): Promise<Pair> {
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    const code = await workerScript();
    const workers = WORKERS.map((index) => {
      const workerData: WorkerData = { control, index, contest, arena };
      return new Worker(code, { eval: true, workerData });
    });
    // a worker's start needs this thread, which will wait without letting anything go on
    await Promise.all(workers.map((worker) => once(worker, "message")));
    for (const worker of workers) worker.unref();
    return new Pair(control, workers);
  }

  /** Both threads do it `n` times. */
  run(n: number): Round {
    this.#round++;
    Atomics.store(this.#words, TIMES, n);
    Atomics.store(this.#words, ROUND, this.#round);
    Atomics.notify(this.#words, ROUND);
    for (const worker of WORKERS) this.#await(DONE + worker);
    const ns = this.#nanoseconds.reduce((sum, each) => sum + each, 0) / WORKERS.length;
    return { ns, results: [...this.#results] };
  }

  #await(word: number): void {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const seen = Atomics.load(this.#words, word);
      if (seen === this.#round) return;
      if (Date.now() > deadline) {
        throw new Error("two threads do not come to an end of their round");
      }
      Atomics.wait(this.#words, word, seen, 100);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
