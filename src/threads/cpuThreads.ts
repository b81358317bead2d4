/** The CPUs of a machine as threads: all but CPU 0, which stays with the thread that drives the machine. */

import { checkThat } from "../base/checks.ts";
import { FaultlineError, UsageError } from "../base/errors.ts";
import type { Core } from "../core/core.ts";
import type { CoreExports } from "../core/exports.ts";
import type { Machine } from "../machine/machine.ts";
import { Task } from "../machine/task.ts";
import { CpuThread } from "./cpuThread.ts";
import { explained } from "./death.ts";
import { SHARED_WORDS, controlBytes, functionNames, type ThreadData } from "./protocol.ts";
import type { WatchData } from "./watch.ts";

/** A thread of the host that runs serveThread (serve.ts) with what it was given. */
export interface HostThread {
  /** Resolves once it has ended, however that came: to the error that ended it, if one did. */
  readonly ended: Promise<unknown>;
  /** Ends it wherever it is. */
  end(): Promise<unknown>;
}

/** Starts such a thread, to which the ports go over, and resolves once it runs. */
export type StartThread = (
  data: ThreadData | WatchData,
  ports: readonly MessagePort[],
) => Promise<HostThread>;

/** So long until threads that run by themselves are looked at again. */
const LOOK_MS = 5;
/** A thread that serves no call by then never will. */
const START_MS = 60_000;

export class CpuThreads {
  readonly threads: readonly CpuThread[];
  /** Words that the programs share, for whatever they need. */
  readonly shared: Int32Array;
  readonly #machine: Machine;
  readonly #hosts: readonly HostThread[];
  readonly #watch: HostThread;

  private constructor(
    machine: Machine,
    threads: readonly CpuThread[],
    hosts: readonly HostThread[],
    watch: HostThread,
    shared: Int32Array,
  ) {
    this.#machine = machine;
    this.threads = threads;
    this.#hosts = hosts;
    this.#watch = watch;
    this.shared = shared;
    hosts.forEach(({ ended }, index) => {
      void ended.then((cause) => {
        if (cause instanceof Error) threads[index]!.markFailed(String(cause));
        else threads[index]!.tellDeath();
      });
    });
  }

  /**
   * @throws UsageError for a machine whose memory no other thread can share; FaultlineError "thread-lost" for a thread
   *   that ends before it serves
   */
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
    const channels = Array.from({ length: count }, () => new MessageChannel());
    const watched = channels.map(({ port2 }) => port2);
    const watch = await startThread({ memory, control, watched }, watched);
    const hosts = await Promise.all(
      channels.map(({ port1: port }, index) => {
        const cpu = index + 1;
        const data = { module, memory, shape, control, index, cpu, port, programs };
        return startThread(data, [port]);
      }),
    );
    const checkAll = (): void => threads.forEach((thread) => thread.checkAlive());
    const threads = channels.map(
      (_, index) => new CpuThread(machine, control, index, index + 1, programs, checkAll),
    );
    machine.core.exports = explainedExports(machine.core);
    const shared = new Int32Array(control, 0, SHARED_WORDS);
    const crew = new CpuThreads(machine, threads, hosts, watch, shared);
    try {
      await crew.#untilServing();
    } catch (error) {
      await crew.stop();
      throw error;
    }
    return crew;
  }

  /** Comes after a look at their states: one that ended in between would pass for one at rest. */
  #checkAlive(): void {
    for (const thread of this.threads) thread.checkAlive();
  }

  /** In a browser a thread may need this one's events to come so far, and they stop where the driver waits for a call. */
  async #untilServing(): Promise<void> {
    const deadline = performance.now() + START_MS;
    for (;;) {
      const isServing = this.threads.every((thread) => thread.state !== "starting");
      this.#checkAlive();
      if (isServing) return;
      if (performance.now() > deadline) {
        const message = `not every thread serves after ${START_MS / 1000} s`;
        throw new FaultlineError("thread-lost", message);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /**
   * Resolves once every one of these threads has returned from what it does, or was ended; or with false, once
   * `isInVain` says that nobody need wait for that.
   * @throws FaultlineError "thread-lost" as soon as one has ended that nobody has ended: others may wait for it
   */
  async untilAtRest(threads: readonly CpuThread[], isInVain = () => false): Promise<boolean> {
    for (;;) {
      const areAtRest = threads.every((thread) => thread.isAtRest || thread.hasEnded);
      this.#checkAlive();
      if (areAtRest) return true;
      if (isInVain()) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Ends a thread wherever it is. */
  async kill(thread: CpuThread): Promise<void> {
    thread.expectEnd();
    await this.#hosts[this.threads.indexOf(thread)]!.end();
    thread.tellDeath();
  }

  /**
   * Clears up behind a thread that has ended: no lock stays held by its CPU, and the task that ran there ends as one that
   * is killed, so that its robust list and its PI locks go to others.
   * @throws FaultlineError "thread-lost" where it has died in the middle of a change to an address space: that stays
   *   locked, and who asks for the lock gets this error too; also where it held more locks than are kept in mind of it
   */
  bury(thread: CpuThread, task: Task): void {
    thread.expectEnd();
    thread.tellDeath();
    const lost = this.#machine.exports.buryCpu(thread.cpu);
    for (const other of this.threads) other.tellDeathAgain();
    if (lost !== 0) {
      const why =
        lost === this.#machine.constant("UNKNOWN_LOCKS")
          ? "with more locks than are kept in mind, for which others wait in vain (finding lock-unlisted)"
          : "in the middle of a change to its address space, whose tasks cannot go on";
      throw new FaultlineError(
        "thread-lost",
        `the thread that was CPU ${thread.cpu} has ended ${why}`,
      );
    }
    const host = Task.attach(this.#machine, task.handle, 0);
    host.runOn(0);
    host.exit();
  }

  /** All threads end; last the one that watches, which may be about to tell of another: nobody else could finish that. */
  async stop(): Promise<void> {
    for (const thread of this.threads) thread.expectEnd();
    await Promise.all(this.#hosts.map((host) => host.end()));
    for (const thread of this.threads) thread.tellDeath();
    await this.#watch.end();
  }
}

/** The driver's own calls: one that waits for what a dead thread holds says so. */
function explainedExports({ exports, memory }: Core): CoreExports {
  const own: Record<string, unknown> = { ...exports };
  for (const name of functionNames(exports)) {
    const call = own[name] as (...numbers: number[]) => number;
    own[name] = (...numbers: number[]) => {
      try {
        return call(...numbers);
      } catch (error) {
        throw explained(error, memory);
      }
    };
  }
  return own as unknown as CoreExports;
}

export const madeThreads = checkThat(
  "threads from CpuThreads.start()",
  (value) => value instanceof CpuThreads,
);
