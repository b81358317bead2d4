import { parentPort, workerData } from "node:worker_threads";
import { instantiateCore } from "../../src/core/core.ts";
import { Machine } from "../../src/index.ts";
import { exchangeOn } from "../limit/compile.ts";
import {
  DONE,
  NANOSECONDS_AT,
  READY,
  RESULTS_AT,
  ROUND,
  TIMES,
  type Contest,
  type WorkerData,
} from "./protocol.ts";

// One of two threads that meet on a word. It runs until the process or its pair ends it.

const { control, index, contest, arena } = workerData as WorkerData;
const words = new Int32Array(control);
const nanoseconds = new Float64Array(control, NANOSECONDS_AT);
const results = new Float64Array(control, RESULTS_AT);
const other = 1 - index;

function contestOn(): (n: number) => number {
  if (arena.kind === "raw") {
    const raw = exchangeOn(arena.module, arena.memory);
    const loops: Record<Contest, (n: number) => number> = {
      attempts: (n) => raw.attempts(arena.word, n),
      pingPong: (n) => raw.pingPong(arena.word, index, other, n),
    };
    return loops[contest];
  }
  const cpu = arena.cpus[index]!;
  const machine = Machine.attach(
    instantiateCore("threads", arena.module, arena.memory, cpu),
    arena.shape,
  );
  const kinds = { attempts: ["ROUNDS_ATTEMPT", "ROUNDS_ATTEMPT"], pingPong: ["ROUNDS_PING", "ROUNDS_PONG"] } as const; // prettier-ignore
  const kind = machine.constant(kinds[contest][index]!);
  return (n) => machine.exports.futexRounds(cpu, kind, arena.word, 0, 0, 0, n);
}

/** Both begin at once, however late one of them woke. */
function meet(round: number): void {
  Atomics.store(words, READY + index, round);
  while (Atomics.load(words, READY + other) !== round);
}

const run = contestOn();
parentPort!.postMessage("ready");
for (let round = 1; ; round++) {
  while (Atomics.load(words, ROUND) < round) Atomics.wait(words, ROUND, round - 1);
  meet(round);
  const start = process.hrtime.bigint();
  results[index] = run(Atomics.load(words, TIMES));
  nanoseconds[index] = Number(process.hrtime.bigint() - start);
  Atomics.store(words, DONE + index, round);
  Atomics.notify(words, DONE + index);
}
