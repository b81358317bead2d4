import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import type { Machine, Task } from "../../src/index.ts";
import type { Job, WorkerData } from "./threadWorker.ts";

/** Starts emulated CPUs on real threads and calls their rounds (threadWorker.ts has the words they share). */

const PATIENCE_MS = 20_000;
const ROUND = 0;
const WORKERS = 1;
const WORDS = 4;
const END = -1;

export interface WorkerState {
  readonly calls: number;
  readonly lastGood: number;
  readonly result: number;
}
