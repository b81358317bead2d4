import { cpuAt } from "../machine/cpu";
import { enterCore, leaveCore } from "../mm/shootdown";
import { streamAt } from "../pcm/runtime";
import { cardAt } from "../virtio/card";
import { playPeriods } from "../virtio/hitPeriod";

/** A loop for measuring (measure.ts) over a virtio sound card. */

/** n periods of a running stream, through the card and its device; how many that played. */
export function measurePeriods(index: u32, stream: u32, card: u32, n: u32): u32 {
  const cpu = cpuAt(index);
  enterCore(cpu);
  const played = playPeriods(cpu, cardAt(card), streamAt(stream), n);
  leaveCore(cpu);
  return played;
}
