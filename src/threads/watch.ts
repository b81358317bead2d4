/**
 * A thread that watches those that are CPUs, whatever ends one; and of that the driver is told through shared memory,
 * because it may be waiting where no event of the host reaches it. The end shows in two ways, and the first counts: the
 * host gives on the lock that the thread has for its life (lifeLock.ts), or it closes the thread's port, which Node and
 * Chromium tell of and other browsers do not.
 */

import { tellDeath } from "./death.ts";
import { awaitEndOf } from "./lifeLock.ts";
import { ownWordsOf } from "./protocol.ts";

/** What the watching thread is given at its start. */
export interface WatchData {
  readonly memory: WebAssembly.Memory;
  readonly control: SharedArrayBuffer;
  /** The other ends of the threads' ports, in their order; thread 0 is CPU 1. */
  readonly watched: readonly MessagePort[];
}

export function watchThreads({ memory, control, watched }: WatchData): void {
  watched.forEach((port, index) => {
    const tell = (): void => tellDeath(ownWordsOf(control, index), memory, index + 1);
    port.addEventListener("close", tell);
    // a handler keeps the port open, and with it this thread alive
    port.onmessage = ({ data }: MessageEvent<string>) => awaitEndOf(data, tell);
  });
}
