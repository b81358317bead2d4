/** The CPUs of a machine as threads: all but CPU 0, which stays with the thread that drives the machine. */

import { checkThat } from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import type { Machine } from "../machine/machine.ts";
import { Task } from "../machine/task.ts";
import { CpuThread } from "./cpuThread.ts";
import { SHARED_WORDS, controlBytes, type ThreadData } from "./protocol.ts";

/** A thread of the host that serves a CPU (serve.ts). */
export interface HostThread {
  /** Resolves once it has ended, however that came: to the error that ended it, if one did. */
  readonly ended: Promise<unknown>;
  /** Ends it wherever it is. */
  end(): Promise<unknown>;
}

/** Starts such a thread, and resolves once it runs. */
export type StartThread = (data: ThreadData) => Promise<HostThread>;

/** So long until threads that run by themselves are looked at again. */
const LOOK_MS = 5;

export class CpuThreads {
  readonly threads: readonly CpuThread[];
  /** Words that the programs share, for whatever they need. */
  readonly shared: Int32Array;
  readonly #machine: Machine;
  readonly #hosts: readonly HostThread[];

  private constructor(
    machine: Machine,
    threads: readonly CpuThread[],
    hosts: readonly HostThread[],
    shared: Int32Array,
  ) {
    this.#machine = machine;
    this.threads = threads;
    this.#hosts = hosts;
    this.shared = shared;
    hosts.forEach(({ ended }, index) => {
      void ended.then((cause) => {
        if (cause instanceof Error) threads[index]!.markFailed(String(cause));
        else threads[index]!.markEnded();
      });
    });
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
    const hosts = await Promise.all(
      numbers.map((index) =>
        startThread({ module, memory, shape, control, index, cpu: index + 1, programs }),
      ),
    );
    return new CpuThreads(
      machine,
      numbers.map((index) => new CpuThread(machine, control, index, index + 1, programs)),
      hosts,
      new Int32Array(control, 0, SHARED_WORDS),
    );
  }

  /**
   * Resolves once every one of these threads has returned from what it does, or was ended.
   * @throws FaultlineError "thread-lost" as soon as an error has ended one: others may wait for it
   */
  async untilAtRest(threads: readonly CpuThread[]): Promise<void> {
    for (;;) {
      for (const thread of threads) thread.checkAlive();
      if (threads.every((thread) => thread.isAtRest || thread.hasEnded)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Ends a thread wherever it is. */
  async kill(thread: CpuThread): Promise<void> {
    await this.#hosts[this.threads.indexOf(thread)]!.end();
    thread.markEnded();
  }

  /**
   * Clears up behind a thread that has ended: no lock of a futex stays held by its CPU, and the task that ran there
   * ends as one that is killed, so that its robust list and its PI locks go to others.
   * @throws FaultlineError "thread-lost" where it held a lock of the machine's memory
   */
  bury(thread: CpuThread, task: Task): void {
    if (this.#machine.exports.buryCpu(thread.cpu) === 0) {
      throw new FaultlineError(
        "thread-lost",
        `the thread that was CPU ${thread.cpu} has ended inside the allocator: the machine cannot go on`,
      );
    }
    const host = Task.attach(this.#machine, task.handle, 0);
    host.runOn(0);
    host.exit();
  }

  /** All threads end. */
  async stop(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.end()));
  }
}

export const madeThreads = checkThat(
  "threads from CpuThreads.start()",
  (value) => value instanceof CpuThreads,
);
