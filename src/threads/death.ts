/** What a thread's end leaves in shared memory: who waits where no event of the host reaches it finds it there. */

import { FaultlineError } from "../base/errors.ts";
import { coreConstants } from "../core/generated/coreConstants.ts";
import { numberOfLife, wordAt } from "./protocol.ts";

const DEAD_CPU = (coreConstants.HEADER + coreConstants.HEADER_DEAD_CPU) >>> 2;
const LOST_CPU = (coreConstants.HEADER + coreConstants.HEADER_LOST_CPU) >>> 2;
const FIRST_CPU = (coreConstants.HEADER + coreConstants.HEADER_CPUS) >>> 2;

const alive = numberOfLife("alive");
const telling = numberOfLife("telling");
const gone = numberOfLife("gone");

/** Telling is a few stores: who has not told by then has died of it. */
const TELLING_MS = 1000;

/**
 * Says that a thread has ended, once, whoever comes first: among its own words, and in the machine's memory, where its
 * CPU is outside the core from then on and others see that nobody gives its locks back.
 */
export function tellDeath(own: Int32Array, memory: WebAssembly.Memory, cpu: number): void {
  const first = Atomics.compareExchange(own, wordAt.life, alive, telling) === alive;
  // a page's own thread must not wait any other way
  const patience = performance.now() + TELLING_MS;
  while (!first && Atomics.load(own, wordAt.life) !== gone) {
    if (performance.now() > patience) break;
  }
  if (Atomics.load(own, wordAt.life) === gone) return;
  leaveCore(new Int32Array(memory.buffer), cpu);
  Atomics.store(own, wordAt.life, gone);
  Atomics.notify(own, wordAt.state);
}

/** Says in the machine's memory once more who has ended: the core remembers one of them. */
export function tellAgain(own: Int32Array, memory: WebAssembly.Memory, cpu: number): void {
  if (Atomics.load(own, wordAt.life) === gone) {
    leaveCore(new Int32Array(memory.buffer), cpu);
  }
}

function leaveCore(words: Int32Array, cpu: number): void {
  const at = Atomics.load(words, FIRST_CPU) + cpu * coreConstants.CPU_BYTES;
  Atomics.store(words, (at + coreConstants.CPU_IN_CORE) >>> 2, 0);
  const holds = (count: "CPU_HELD" | "CPU_UNLISTED"): boolean =>
    Atomics.load(words, (at + coreConstants[count]) >>> 2) !== 0;
  if (holds("CPU_HELD") || holds("CPU_UNLISTED")) Atomics.store(words, DEAD_CPU, cpu + 1);
}

/** The CPU behind whose thread calls into the core give up; 0, which is the driver's own, where there is none. */
function cpuInTheWay(memory: WebAssembly.Memory): number {
  const words = new Int32Array(memory.buffer);
  const mark = Atomics.load(words, DEAD_CPU) || Atomics.load(words, LOST_CPU);
  return Math.max(0, mark - 1);
}

/** What an error is that a call into the core ended with: one that gave up behind a dead thread names it. */
export function explained(error: unknown, memory: WebAssembly.Memory): unknown {
  const cpu = error instanceof WebAssembly.RuntimeError ? cpuInTheWay(memory) : 0;
  if (cpu === 0) return error;
  const message = `the thread that is CPU ${cpu} has ended with a lock that this call waits for`;
  return new FaultlineError("thread-lost", message, { cause: error });
}
