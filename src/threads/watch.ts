/**
 * A thread that watches those that are CPUs: the host closes a dead one's port, whatever ended it, and of that the driver
 * is told through shared memory, because it may be waiting where no event of the host reaches it. Where ports close
 * silently (browsers but Chromium) nothing is told, and the driver loses patience in the end.
 */

import { tellDeath } from "./death.ts";
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
    port.addEventListener("close", () => tellDeath(ownWordsOf(control, index), memory, index + 1));
    // a handler keeps the port open, and with it this thread alive
    port.onmessage = () => undefined;
  });
}
