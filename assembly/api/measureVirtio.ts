import { cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { streamAt } from "../pcm/runtime";
import { cardAt } from "../virtio/card";
import { playPeriod } from "../virtio/hitPeriod";

/** A loop for measuring (measure.ts) over a virtio sound card. */

/**
 * n periods of a running stream: each time the next period of the ring becomes final, as a commit or the end of a
 * transfer makes it, and the device plays the oldest one. How many it played.
 */
export function measurePeriods(index: u32, stream: u32, card: u32, n: u32): u32 {
  const cpu = cpuAt(index);
  const at = streamAt(stream);
  let played: u32 = 0;
  enterCore(cpu);
  for (let done: u32 = 0; done < n; done++) {
    if (playPeriod(cpu, cardAt(card), at)) played += 1;
  }
  leaveCore(cpu);
  return played;
}
