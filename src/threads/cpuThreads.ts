/** The CPUs of a machine as threads: all but CPU 0, which stays with the thread that drives the machine. */

import { checkThat } from "../base/checks.ts";
import { UsageError } from "../base/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { CpuThread } from "./cpuThread.ts";
import { SHARED_WORDS, controlBytes, type ThreadData } from "./protocol.ts";

/** Starts a thread that serves a CPU (serve.ts), and resolves once it runs. */
export type StartThread = (data: ThreadData) => Promise<void>;

export class CpuThreads {
  readonly threads: readonly CpuThread[];
  /** Words that the programs share, for whatever they need. */
  readonly shared: Int32Array;

  private constructor(threads: readonly CpuThread[], shared: Int32Array) {
    this.threads = threads;
    this.shared = shared;
  }

  /** @throws UsageError for a machine whose memory no other thread can share */
  static async start(
    machine: Machine,
    programs: readonly string[],
    startThread: StartThread,
  ): Promise<CpuThreads> {
    const { shape } = machine;
    if (shape.build !== "threads") {
      const problem = `is of the ${shape.build} build`;
      throw new UsageError({ argument: "machine", problem, valid: "one of the threads build" });
    }
    const count = shape.cpus - 1;
    const control = new SharedArrayBuffer(controlBytes(count));
    const { module, memory } = machine.core;
    const numbers = Array.from({ length: count }, (_, index) => index);
    await Promise.all(
      numbers.map((index) =>
        startThread({ module, memory, shape, control, index, cpu: index + 1, programs }),
      ),
    );
    return new CpuThreads(
      numbers.map((index) => new CpuThread(machine, control, index, index + 1, programs)),
      new Int32Array(control, 0, SHARED_WORDS),
    );
  }
}

export const madeThreads = checkThat(
  "threads from CpuThreads.start()",
  (value) => value instanceof CpuThreads,
);
